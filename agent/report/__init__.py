"""What a session came to, as one HTML file that needs nothing else."""
