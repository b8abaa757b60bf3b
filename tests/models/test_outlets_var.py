"""dbt cannot read Python: its list of outlets repeats the one of console/outlets.py."""

from dbt.clients.yaml_helper import load_yaml_text
from support import PROJECT_DIR

from console.outlets import OUTLETS


def test_both_lists_name_the_same_outlets() -> None:
    project = load_yaml_text((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project is not None
    assert project["vars"]["outlets"] == {
        outlet.short: {"name": outlet.name, "time_zone": outlet.time_zone} for outlet in OUTLETS
    }
