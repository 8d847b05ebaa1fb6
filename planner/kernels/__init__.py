"""Compiled inner loops (numba): arrays in, arrays out; no coordinate systems, no identifiers, no files."""
