"""How a topic's share strays from its course: slow waves, and a memory that all topics share."""
