"""A project's inputs, read and accounted for: one adapter a section."""
