"""Studies: plans over the public API, nothing special."""
