"""The map: what it draws, what it is told, what it tells."""
