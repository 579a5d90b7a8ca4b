"""Leakage audit: pictures of one set that show what pictures of another show."""
