"""Writes ``base-job-template.json``: how the Docker work pool starts the container of a flow run.

It is what the installed prefect-docker ships, with other defaults and nothing else changed, so an
upgrade is a re-run:

    python config/make_base_job_template.py

Another pool, whose workers reach another server (Prefect Cloud, a host of your own), is made with
``--api-url``, and ``--output`` elsewhere.
"""

import argparse
import json
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("base-job-template.json")
SERVER_IN_NETWORK = "http://prefect-server:4200/api"


def defaults(name: str, api_url: str | None) -> dict[str, Any]:
    """Return the defaults that differ from prefect-docker's. ``name`` is that of the network and
    the beginning of the volumes'; without ``api_url`` containers use their worker's."""
    env = {
        # These hold no secret: Prefect's API shows them to whoever may read it. Passwords and the
        # key are in files of a volume.
        "PGHOST": "postgres",
        "PGPORT": "5432",
        "PGUSER": "news_pipeline",
        "PGDATABASE": "news",
        "PGPASSFILE": "/run/news-growth/pgpass",
        "NYT_API_KEY_FILE": "/run/news-growth/nyt_api_key",
        "NYT_LANDING_DIR": "/var/lib/news-growth/nyt",
        # A worker passes its own settings on, this one of its host's folders too.
        "PREFECT_HOME": "/home/app/.prefect",
    }
    if api_url:
        # Not the worker's address of it, which can be the host's loopback.
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
            # Prefect runs a copy of the working directory: of an empty one, so that what runs is
            # the image's code, which is root's.
            "working_dir": "/home/app",
        },
    }


def template(name: str = "news-growth", api_url: str | None = SERVER_IN_NETWORK) -> dict[str, Any]:
    """Return the base job template. Raises KeyError where prefect-docker has a default no more."""
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
