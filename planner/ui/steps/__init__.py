"""The steps of the workbench, one module each."""
