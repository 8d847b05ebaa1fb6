"""The results of a run as tables and figures; no file is written here."""
