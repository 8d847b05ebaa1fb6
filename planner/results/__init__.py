"""The results of a run as tables and figures."""
