"""Takes the archive into the warehouse's raw tables."""
