"""Standards as data files beside this one: every number with its source."""
