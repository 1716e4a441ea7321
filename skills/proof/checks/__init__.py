"""The checks, one a file, in the order of what they cost."""
