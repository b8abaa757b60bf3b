"""The New York Times: its Archive API, and what its monthly responses hold."""
