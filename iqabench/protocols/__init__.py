"""What is to be run: the --datasets grammar, requested models, the plan of jobs."""
