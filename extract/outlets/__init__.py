"""Outlets whose articles can be loaded, a folder each."""
