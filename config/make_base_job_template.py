"""Writes ``base-job-template.json``: how the Docker work pool starts the container of a flow run.

It is the template of the installed prefect-docker with other defaults. After an upgrade, write it
anew:

    python config/make_base_job_template.py

For a pool whose workers use another server (Prefect Cloud, a host of your own), give ``--api-url``
and another ``--output``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("base-job-template.json")
SERVER_IN_NETWORK = "http://prefect-server:4200/api"


def defaults(name: str, api_url: str | None) -> dict[str, Any]:
    """Return the defaults that differ from prefect-docker's. ``name`` is the network's, and begins
    the volumes' names; without ``api_url`` containers use their worker's server."""
    env = {
        # No secrets here: Prefect's API shows these variables to its users. Passwords and the key
        # are in files of a volume.
        "PGHOST": "postgres",
        "PGPORT": "5432",
        "PGUSER": "news_pipeline",
        "PGDATABASE": "news",
        "PGPASSFILE": "/run/news-growth/pgpass",
        "NYT_API_KEY_FILE": "/run/news-growth/nyt_api_key",
        "NYT_LANDING_DIR": "/var/lib/news-growth/nyt",
        # A worker passes its own settings on to containers; its PREFECT_HOME does not exist there.
        "PREFECT_HOME": "/home/app/.prefect",
    }
    if api_url:
        # Not the worker's own address of the server, which may be 127.0.0.1.
        env["PREFECT_API_URL"] = api_url
    return {
        "env": env,
        "networks": [name],
        "volumes": [f"{name}-secrets:/run/news-growth:ro", f"{name}-nyt:/var/lib/news-growth"],
        # Images built on this host are in no registry.
        "image_pull_policy": "IfNotPresent",
        "auto_remove": True,
        "mem_limit": "2g",
        "container_create_kwargs": {
            "init": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            # Prefect runs a copy of the working directory. This one is empty, so that the image's
            # own code runs, which only root can change.
            "working_dir": "/home/app",
        },
    }


def template(name: str = "news-growth", api_url: str | None = SERVER_IN_NETWORK) -> dict[str, Any]:
    """Return the base job template. Raises KeyError where prefect-docker lacks a default."""
    from prefect_docker.worker import DockerWorker

    result: dict[str, Any] = DockerWorker.get_default_base_job_template()
    for variable, value in defaults(name, api_url).items():
        result["variables"]["properties"][variable]["default"] = value
    return result


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=TEMPLATE)
    parser.add_argument("--name", default="news-growth", help="of the network and the volumes")
    parser.add_argument(
        "--api-url", default=SERVER_IN_NETWORK, help="'' leaves it to the worker's own"
    )
    arguments = parser.parse_args()
    text = json.dumps(template(arguments.name, arguments.api_url), indent=2) + "\n"
    arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
