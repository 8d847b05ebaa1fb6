"""How siting problems are solved: reduction, heuristics, bounds, exact search; one idea a module."""
