"""Good choices quickly: greedy, exchange, repair; their order; all numbers of sites at once."""
