"""How the jobs of a plan are made: here, in worker processes, on Ray or on Slurm."""
