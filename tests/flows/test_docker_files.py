"""The container files agree with each other; no Docker is needed."""

import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from support import PROJECT_DIR, run

CONFIG = PROJECT_DIR / "config"
COMPOSE = yaml.safe_load((PROJECT_DIR / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
TEMPLATE = json.loads((CONFIG / "base-job-template.json").read_text())
DEFAULTS = {
    name: variable.get("default") for name, variable in TEMPLATE["variables"]["properties"].items()
}
DOCKERFILE = (PROJECT_DIR / "Dockerfile").read_text()
# Where the flows find the secrets that `init` writes.
SECRETS = "/run/news-growth"


def volume_names() -> dict[str, str]:
    """Return the volumes' names in Compose and on the engine."""
    return {key: volume["name"] for key, volume in COMPOSE["volumes"].items()}


def published(service: dict[str, Any]) -> list[str]:
    """Return a service's published ports, with the variables' default values."""
    return [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", port) for port in service.get("ports", [])]


def test_the_template_is_what_the_installed_package_gives(tmp_path: Path) -> None:
    """If this fails, prefect-docker was upgraded or the file edited: run
    make_base_job_template.py."""
    env = {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / ".prefect"), "PATH": os.defpath}
    script = str(CONFIG / "make_base_job_template.py")
    done = run(sys.executable, script, "--output", tmp_path / "new.json", env=env)
    assert done.returncode == 0, done.stderr
    written = (CONFIG / "base-job-template.json").read_text()
    assert (tmp_path / "new.json").read_text() == written
    other = ["--api-url", "", "--name", "other", "--output", str(tmp_path / "other.json")]
    assert run(sys.executable, script, *other, env=env).returncode == 0
    text = (tmp_path / "other.json").read_text()
    assert "PREFECT_API_URL" not in text
    assert '"other-secrets:/run/news-growth:ro"' in text


def test_runs_join_the_network_and_the_volumes_of_compose() -> None:
    [network] = DEFAULTS["networks"]
    assert [other["name"] for other in COMPOSE["networks"].values()] == [network]
    mounted = [volume.split(":") for volume in DEFAULTS["volumes"]]
    assert {name for name, *_ in mounted} <= set(volume_names().values())
    assert [options for _, target, *options in mounted if target == SECRETS] == [["ro"]]
    for name, service in SERVICES.items():
        assert service["networks"] == list(COMPOSE["networks"]), name


def test_runs_find_their_server_their_warehouse_and_their_secrets() -> None:
    env = DEFAULTS["env"]
    server = SERVICES["prefect-server"]
    assert env["PREFECT_API_URL"] == "http://prefect-server:4200/api"
    assert published(server) == ["127.0.0.1:4200:4200"]
    for name in ("prefect-deploy", "prefect-worker"):
        assert SERVICES[name]["environment"]["PREFECT_API_URL"] == env["PREFECT_API_URL"]
    postgres = SERVICES[env["PGHOST"]]
    assert published(postgres) == [f"127.0.0.1:5433:{env['PGPORT']}"]
    assert env["PGDATABASE"] == postgres["environment"]["POSTGRES_DB"]
    login = (CONFIG / "pipeline-login.sql").read_text()
    assert f"create role {env['PGUSER']} login" in login
    assert "superuser" not in login
    init = (CONFIG / "init-stack.sh").read_text()
    assert f"{env['PGHOST']}:{env['PGPORT']}:{env['PGDATABASE']}:{env['PGUSER']}:" in init
    assert f"target={SECRETS}" in init
    for variable in ("PGPASSFILE", "NYT_API_KEY_FILE"):
        folder, _, name = env[variable].rpartition("/")
        assert folder == SECRETS
        assert f"$target/{name}" in init
    for variable in ("NYT_LANDING_DIR", "PREFECT_HOME"):
        assert f"{variable}={env[variable]} " in DOCKERFILE
    assert env["NYT_LANDING_DIR"].startswith(DEFAULTS["volumes"][1].split(":")[1])


def test_the_pool_and_the_deployments_share_their_names() -> None:
    deploy = "".join(SERVICES["prefect-deploy"]["command"])
    worker = SERVICES["prefect-worker"]["command"]
    pool = worker[worker.index("--pool") + 1]
    assert f"--base-job-template config/base-job-template.json {pool}\n" in deploy
    assert f'"{pool}"' in (PROJECT_DIR / "flows" / "deploy.py").read_text()
    assert deploy.count('--image "$$IMAGE"') == 2
    image = SERVICES["prefect-worker"]["image"]
    assert SERVICES["prefect-deploy"]["environment"]["IMAGE"] == image


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_reachable_from_this_host_alone_and_its_image_pinned(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in published(service))
    assert "network_mode" not in service
    assert re.search(r":[\w.-]+\}?$", service["image"])
    assert not service["image"].endswith("latest")
    if "restart" in service:
        assert "healthcheck" in service


def test_every_secret_comes_from_a_file_that_git_and_the_image_leave_out() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    assert "/secrets/" in (PROJECT_DIR / ".gitignore").read_text().splitlines()
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSW|SECRET|KEY|TOKEN", variable):
                assert variable.endswith("_FILE")
                assert value.startswith((f"{SECRETS}/", "/run/secrets/"))
    assert not re.search("PASSWORD|API_KEY=", DOCKERFILE)


def test_the_image_holds_what_it_is_allowed_to() -> None:
    rules = [
        line
        for line in (PROJECT_DIR / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    assert [name for name in allowed if not (PROJECT_DIR / name).exists()] == []
    packaging = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())
    packages = {name.partition(".")[0] for name in packaging["tool"]["setuptools"]["packages"]}
    needed = packages | {"models", "macros", "seeds"}
    assert needed <= {*allowed}
    assert not {*allowed} & {".env", "secrets", "data", "tests", ".git"}
    assert f"ARG VERSION={packaging['project']['version']}\n" in DOCKERFILE
    assert DOCKERFILE.rindex("USER 10001") > DOCKERFILE.rindex("FROM")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing but the scripts of the stack."""
    (tmp_path / "config").mkdir()
    for name in ("make-secrets.sh", "stack.sh"):
        (tmp_path / "config" / name).write_text((CONFIG / name).read_text())
    return tmp_path


def make_secrets(checkout: Path, **variables: str) -> dict[str, str]:
    done = subprocess.run(
        ["sh", "config/make-secrets.sh"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], **variables},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder = checkout / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    values = {file.name: file.read_text() for file in folder.iterdir()}
    said = done.stdout + done.stderr
    assert not any(value in said for name, value in values.items() if value)
    assert ("nyt_api_key is empty" in said) == (values["nyt_api_key"] == "")
    return values


def test_make_secrets_makes_each_once(checkout: Path) -> None:
    first = make_secrets(checkout)
    assert first.keys() == {*COMPOSE["secrets"], "pgpass"}
    passwords = [value for name, value in first.items() if name.endswith("_password")]
    assert len({*passwords}) == 3
    assert all(re.fullmatch("[0-9a-f]{48}", password) for password in passwords)
    assert f"*:*:news:news:{first['postgres_password']}\n" in first["pgpass"]
    assert first["nyt_api_key"] == ""
    assert make_secrets(checkout) == first
    (checkout / ".env").write_text("PGPORT=1\nexport NYT_API_KEY='abc-123' # mine\n")
    second = make_secrets(checkout)
    assert second == first | {"nyt_api_key": "abc-123"}
    assert make_secrets(checkout, NYT_API_KEY="another") == second


def test_make_secrets_takes_the_key_of_the_shell_first(checkout: Path) -> None:
    (checkout / ".env").write_text("NYT_API_KEY=abc-123\n")
    assert make_secrets(checkout, NYT_API_KEY="another")["nyt_api_key"] == "another"


@pytest.mark.parametrize(
    ("docker", "message"),
    [
        ("exit 1", "error: Compose is missing: install docker-compose-plugin"),
        ('[ "$1" = compose ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }',
         "error: no Docker engine answers: Cannot connect to the Docker daemon"),
    ],
    ids=["no Compose", "no engine"],
)  # fmt: skip
def test_make_up_says_what_is_missing(checkout: Path, docker: str, message: str) -> None:
    tools = checkout / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "tail", "uname"):
        found = subprocess.run(["sh", "-c", f"command -v {tool}"], text=True, capture_output=True)
        (tools / tool).symlink_to(found.stdout.strip())
    (tools / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    (tools / "docker").chmod(0o755)
    done = run(tools / "sh", checkout / "config" / "stack.sh", "up", env={"PATH": str(tools)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
