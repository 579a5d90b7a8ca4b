"""Data sets in memory: pictures decoded once, score tables, splits by content."""
