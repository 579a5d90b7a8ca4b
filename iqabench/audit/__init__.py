"""The leakage audit: which pictures of two sets show the same content."""
