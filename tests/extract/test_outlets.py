"""The list of outlets, and what each of them gives."""

import re

import pytest

from console.outlets import OUTLETS
from extract.outlets import archive_of


@pytest.mark.fast
def test_each_outlet_of_the_list_has_an_archive() -> None:
    assert [archive_of(outlet).outlet for outlet in OUTLETS] == OUTLETS


@pytest.mark.fast
def test_short_names_can_be_those_of_tables_and_variables() -> None:
    names = [outlet.short for outlet in OUTLETS]
    assert all(re.fullmatch("[a-z][a-z0-9]*", name) for name in names)
    assert len(set(names)) == len(names)
