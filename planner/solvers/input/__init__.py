"""What a caller asks, checked once, and what the solvers make of it: conditions, constraints, merged and reduced problems."""
