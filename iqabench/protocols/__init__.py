"""What is to be run: the --datasets grammar, requested models, and the Plan of jobs."""
