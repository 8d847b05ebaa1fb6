"""What leaves the planner: files that other programs and other people read."""
