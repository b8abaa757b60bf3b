"""Outlets whose articles can be loaded, a folder each: how their months are fetched and read."""

from importlib import import_module

from console.outlets import Outlet
from extract.outlets.interface import Archive


def archive_of(outlet: Outlet) -> Archive:
    """Return how an outlet's months are fetched and read."""
    archive: Archive = import_module(f"extract.outlets.{outlet.short}").ARCHIVE
    return archive
