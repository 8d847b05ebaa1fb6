"""Proofs: the exact models, branch and bound, independent parts, and why a problem has no solution."""
