"""Proofs: exact models, branch and bound, independent parts, allocation to capacities, and why there is no solution."""
