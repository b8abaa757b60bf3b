"""Where the share of each topic stands: smoothed over weeks, asked for on any day, described."""
