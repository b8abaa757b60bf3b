"""The fit itself: arrays in, arrays out. Nothing here knows a database, a file or a terminal."""
