"""A fictional newspaper, to try everything without a key."""
