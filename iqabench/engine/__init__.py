"""Makes the jobs of a plan: fits, predicts, keeps results."""
