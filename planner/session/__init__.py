"""What the workbench keeps and does without a page."""
