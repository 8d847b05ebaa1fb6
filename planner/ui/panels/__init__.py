"""Parts of pages: figures, tables, curves, messages."""
