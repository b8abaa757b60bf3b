"""Reads counts and fits from the warehouse, and writes fits to it."""
