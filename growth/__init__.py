"""Fits growth models to the topics of a window and ranks them."""
