"""The quarter-hour planner: who can walk to a centre in time, and which buildings to open next."""
