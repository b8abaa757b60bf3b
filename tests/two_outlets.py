"""A copy of the project that has one more outlet, put there as docs/outlets.md says."""

import shutil
from pathlib import Path

from support import PROJECT_DIR, Warehouse

_LEFT_OUT = shutil.ignore_patterns(
    ".*", "tests", "target", "logs", "data", "secrets", "__pycache__", "*.egg-info"
)
# Its line in the list of console/outlets.py.
HARBOUR = """\
    Outlet(
        short="harbour",
        name="The Harbour Post",
        first_month=date(2010, 1, 1),
        time_zone="Europe/Lisbon",
        source="Stories of the Harbour Post",
        url="https://harbour.example/api",
        terms="The stories are the Harbour Post's.",
    ),
"""


# Its entry in dbt_project.yml.
_ENTRY = "    harbour: {name: The Harbour Post, time_zone: Europe/Lisbon}\n"


def project_with_harbour(folder: Path) -> Path:
    """Copy the project into a folder, and add the Harbour Post: folders, line and entry."""
    project = folder / "project"
    shutil.copytree(PROJECT_DIR, project, ignore=_LEFT_OUT)
    own = PROJECT_DIR / "tests" / "outlets" / "harbour"
    shutil.copytree(own / "harbour", project / "extract" / "outlets" / "harbour")
    outlets = project / "console" / "outlets.py"
    before, bracket, after = outlets.read_text().partition("\n]\n")
    assert bracket
    outlets.write_text(f"{before}\n{HARBOUR}]\n{after}")
    shutil.copytree(own / "staging", project / "models" / "staging" / "harbour")
    settings = project / "dbt_project.yml"
    before, outlets_key, after = settings.read_text().partition("  outlets:\n")
    assert outlets_key
    settings.write_text(f"{before}{outlets_key}{_ENTRY}{after}")
    return project


def on_project(warehouse: Warehouse, project: Path, **variables: str) -> Warehouse:
    """Return a warehouse whose commands are those of another copy of the project."""
    env = warehouse.env | {"PYTHONPATH": str(project)} | variables
    return Warehouse(warehouse.folder, env)
