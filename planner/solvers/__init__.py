"""How siting problems are solved. From the top: questions, exact, search, bounds, input; one idea a module."""
