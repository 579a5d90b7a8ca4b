"""What a user does with data sets before anything runs: bind, fetch, verify, show, synthesize."""
