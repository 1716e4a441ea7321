"""Whether a draft may be kept: named checks with their evidence, and what it is worth then."""
