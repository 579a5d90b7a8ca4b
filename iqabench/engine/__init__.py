"""Makes the jobs of a plan: crops, fits, predicts."""
