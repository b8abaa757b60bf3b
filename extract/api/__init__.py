"""Requests to an outlet's API: bounded, paced, tried again."""
