"""The image, and the stack of docker-compose.yaml, on a Docker engine: `make test-docker`.

It runs in a copy of the checkout with its own names and ports, so that another stack on the same
engine is left alone. It prints what it measures.
"""

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
import requests

PROJECT_DIR = Path(__file__).resolve().parents[2]
NAME = "news-growth-test"
IMAGE = "news-growth:test"
POSTGRES = f"{NAME}-postgres:18"
CANARY = "canary-5d1f0c"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".warehouse*", ".env", "data", "target", "logs", "secrets", "__pycache__",
    ".*_cache",
)  # fmt: skip

OVERRIDE = f"""
services:
  postgres: {{image: THE_POSTGRES}}
networks:
  news-growth: {{name: {NAME}}}
volumes:
  postgres: {{name: {NAME}-postgres}}
  prefect: {{name: {NAME}-prefect}}
  nyt: {{name: {NAME}-nyt}}
  secrets: {{name: {NAME}-secrets}}
  pgadmin: {{name: {NAME}-pgadmin}}
"""


@dataclass(frozen=True)
class Stack:
    """A copy of the checkout with its own secrets, and the environment for its commands."""

    folder: Path
    env: dict[str, str]

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a command in the copy that must succeed; return its stdout."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env | variables, text=True, capture_output=True,
            timeout=1200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def timed(self, what: str, *command: str | Path, **variables: str) -> tuple[float, str]:
        """Run a command and print how long it took."""
        begin = time.monotonic()
        said = self.run(*command, **variables)
        seconds = time.monotonic() - begin
        print(f"\n{what}: {seconds:.1f} s", end="", flush=True)
        return seconds, said

    def inspect(self, *arguments: str) -> Any:
        """Return the output of `docker inspect` for one object."""
        [found] = json.loads(self.run("docker", "inspect", *arguments))
        return found

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{NAME}_{service}_1" if self.old_compose() else f"{NAME}-{service}-1"

    def old_compose(self) -> bool:
        """Tell whether Compose is 1.29, a program of its own."""
        return bool(
            subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
        )

    def secrets(self) -> dict[str, str]:
        """Return the secrets' names and values."""
        return {file.name: file.read_text() for file in (self.folder / "secrets").iterdir()}

    def flow_containers(self, *options: str) -> list[str]:
        """Return the ids of the containers of flow runs on the stack's network."""
        of_runs = ["--filter", "label=io.prefect.flow-run-id", "--filter", f"network={NAME}"]
        return self.run("docker", "ps", "--quiet", *options, *of_runs).split()

    def connect(self) -> psycopg.Connection:
        """Return a connection from the host, as the warehouse's owner."""
        return psycopg.connect(
            host="127.0.0.1", port=self.env["WAREHOUSE_PORT"], user="news", dbname="news",
            passfile=str(self.folder / "secrets" / "pgpass"),
        )  # fmt: skip

    def value(self, query: str) -> Any:
        """Return a query's one value."""
        with self.connect() as connection:
            [[value]] = connection.execute(query.encode()).fetchall()
        return value


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The copy, with secrets in files that an image must not contain."""
    answer = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True
    )
    if answer.returncode:
        where = os.environ.get("DOCKER_HOST", "the default socket")
        pytest.exit(f"no Docker engine answers at {where}: start one, or set DOCKER_HOST", 2)
    folder = tmp_path_factory.mktemp("stack") / "news-growth"
    shutil.copytree(PROJECT_DIR, folder, ignore=LEFT_OUT)
    template = folder / "config" / "base-job-template.json"
    text = template.read_text()
    for ending in ('"', "-secrets:", "-nyt:"):
        text = text.replace(f'"news-growth{ending}', f'"{NAME}{ending}')
    template.write_text(text)
    (folder / ".env").write_text(f"NYT_API_KEY={CANARY}\n")
    (folder / "data").mkdir()
    (folder / "data" / "private").write_text(CANARY)
    (folder / "growth" / ".env").write_text(CANARY)
    env = {
        **os.environ,
        "COMPOSE_PROJECT_NAME": NAME,
        "COMPOSE_FILE": f"docker-compose.yaml{os.pathsep}override.yaml",
        "NEWS_GROWTH_IMAGE": IMAGE,
        "NEWS_GROWTH_NETWORK": NAME,
        "NEWS_GROWTH_COMMIT": "test",
        "WAREHOUSE_PORT": free_port(),
        "PREFECT_PORT": free_port(),
        "HOME": str(folder.parent),
        "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
    }
    stack = Stack(folder, env)
    stack.run("sh", "config/make-secrets.sh")
    assert stack.secrets()["nyt_api_key"] == CANARY
    return stack


@pytest.fixture(scope="module")
def image(checkout: Stack) -> Iterator[Stack]:
    """The image; removed in the end."""
    build = ["docker", "build", "--quiet", "--build-arg", "COMMIT=test", "--tag", IMAGE, "."]
    _, first = checkout.timed("image built (layers of earlier builds count)", *build)
    seconds, second = checkout.timed("built again", *build)
    assert first == second, "the second build is no cache hit"
    assert seconds < 60
    yield checkout
    checkout.run("docker", "image", "rm", "--force", IMAGE)


def is_postgres_18(stack: Stack, name: str) -> bool:
    asked = ["docker", "run", "--rm", "--entrypoint", "postgres", name, "--version"]
    said = subprocess.run(asked, env=stack.env, capture_output=True, text=True)
    return " 18." in said.stdout


@pytest.fixture(scope="module")
def stack(image: Stack) -> Iterator[Stack]:
    """The running stack; all of it is removed in the end."""
    postgres = "postgres:18"
    if not is_postgres_18(image, postgres):
        folder = Path(__file__).parent / "postgres"
        build = ["docker", "build", "--quiet", "--build-arg", f"IMAGE={IMAGE}", "--tag", POSTGRES]
        image.run(*build, folder)
        postgres = POSTGRES
        print("\npostgres:18 cannot be had: its stand-in is used", end="")
    (image.folder / "override.yaml").write_text(OVERRIDE.replace("THE_POSTGRES", postgres))
    try:
        image.timed("make up", "make", "up")
        yield image
    finally:
        image.run("config/stack.sh", "--profile", "admin", "down", "--volumes", "--remove-orphans")
        left = image.run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}")
        assert left == "", "volumes that Compose does not know of"
        if postgres == POSTGRES:
            image.run("docker", "image", "rm", "--force", POSTGRES)


def test_the_image_says_what_it_is_and_runs_as_nobody(image: Stack) -> None:
    container = ["docker", "run", "--rm"]
    said = image.run(*container, IMAGE).splitlines()
    assert said[0].startswith("news-growth ")
    assert said[1] == "embedded server, stopped: /var/lib/news-growth/warehouse"
    labels = image.inspect(IMAGE)["Config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == "test"
    assert said[0] == f"news-growth {labels['org.opencontainers.image.version']}"
    script = (
        "id -u; find / -xdev -type f -writable -not -path '/proc/*' -not -path '/sys/*'; "
        "for tool in gcc cc make; do command -v $tool; done; ls /opt/venv/bin | grep -c '^pip'; "
        "find /root /tmp /home /var/tmp -name '*pip*' 2> /dev/null | head -3"
    )
    said = image.run(*container, IMAGE, "sh", "-c", script).split()
    own = [line for line in said if not line.startswith("/home/app/.")]
    assert own == ["10001", "0"], "files that may be written, or tools that build"
    # The embedded server and dbt, in a container that can write only /tmp and the data folder.
    script = "extract status --json && dbt --quiet build"
    image.timed(
        "embedded server and dbt in a read-only container",
        *container, "--read-only", "--tmpfs", "/tmp", "--tmpfs",
        "/var/lib/news-growth:uid=10001", IMAGE, "sh", "-c", script,
    )  # fmt: skip


def contains(stream: IO[bytes] | gzip.GzipFile, values: list[bytes]) -> list[bytes]:
    """Return the values that occur in a stream."""
    found, tail = set(), b""
    while block := stream.read(1 << 24):
        text = tail + block
        found |= {value for value in values if value in text}
        tail = text[-200:]
    return sorted(found)


def test_no_secret_is_in_the_image(image: Stack, tmp_path: Path) -> None:
    values = [value for text in image.secrets().values() for value in text.split()]
    assert CANARY in values
    history = image.run("docker", "history", "--no-trunc", IMAGE)
    facts = json.dumps(image.inspect(IMAGE))
    assert not [value for value in values if value in history + facts]
    saved = tmp_path / "image.tar"
    image.run("docker", "save", "--output", saved, IMAGE)
    bytes_of_values = [value.encode() for value in values]
    size = 0
    with tarfile.open(saved) as layers:
        for member in layers:
            content = layers.extractfile(member)
            if content is None:
                continue
            packed = content.read(2) == b"\x1f\x8b"
            content.seek(0)
            layer = gzip.GzipFile(fileobj=content) if packed else content
            assert contains(layer, bytes_of_values) == [], member.name
            size += member.size
    print(f"\nimage: {size / 1e6:.0f} MB", end="")
    base = image.inspect("python:3.11-slim")["Size"]
    total = image.inspect(IMAGE)["Size"]
    print(f", of it {(total - base) / 1e6:.0f} MB above its base", end="")


def test_the_stack_is_up_and_both_flows_deployed(stack: Stack) -> None:
    for service in ("postgres", "prefect-server", "prefect-worker"):
        state = stack.inspect(stack.container(service))
        assert state["State"]["Health"]["Status"] == "healthy", service
        ports = state["NetworkSettings"]["Ports"] or {}
        addresses = {binding["HostIp"] for port in ports.values() for binding in port or []}
        assert addresses <= {"127.0.0.1"}
    api = f"http://127.0.0.1:{stack.env['PREFECT_PORT']}/api"
    pool = requests.get(f"{api}/work_pools/docker-pool", timeout=30).json()
    assert pool["type"] == "docker"
    found = requests.post(f"{api}/deployments/filter", json={}, timeout=30).json()
    assert sorted(deployment["entrypoint"] for deployment in found) == [
        "flows.elt.elt",
        "flows.growth_fit.growth_fit",
    ]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        runs = requests.post(f"{api}/flow_runs/filter", json={}, timeout=30).json()
        if len({run["deployment_id"] for run in runs}) == 2:
            break
        time.sleep(1)
    assert {run["state_type"] for run in runs} == {"SCHEDULED"}
    assert {run["deployment_id"] for run in runs} == {deployment["id"] for deployment in found}


def test_the_deploy_scripts_run_from_the_host(stack: Stack) -> None:
    """They build the image, from the cache."""
    variables = {
        "PREFECT_API_URL": f"http://127.0.0.1:{stack.env['PREFECT_PORT']}/api",
        "PYTHONPATH": str(stack.folder),
    }
    for script in ("elt_deploy.py", "growth_fit_deploy.py"):
        stack.timed(script, sys.executable, f"flows/{script}", **variables)


def watch_run(stack: Stack, name: str, *options: str) -> list[dict[str, Any]]:
    """Run a deployment to its end; return what `docker inspect` said of its containers
    meanwhile."""
    begin = time.monotonic()
    command = ["docker", "exec", stack.container("prefect-worker"), "prefect", "deployment", "run"]
    seen: dict[str, dict[str, Any]] = {}
    with subprocess.Popen(
        [*command, name, *options, "--watch"],
        env=stack.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        while process.poll() is None and time.monotonic() < begin + 900:
            for container in stack.flow_containers():
                top = subprocess.run(
                    ["docker", "top", container, "-eo", "uid,pid"],
                    env=stack.env, text=True, capture_output=True,
                )  # fmt: skip
                facts = subprocess.run(
                    ["docker", "inspect", container], env=stack.env, text=True, capture_output=True
                )
                if top.returncode == 0 and facts.returncode == 0:
                    [known] = json.loads(facts.stdout)
                    entry = seen.setdefault(container, {"facts": known, "uids": set()})
                    entry["uids"] |= {line.split()[0] for line in top.stdout.splitlines()[1:]}
            time.sleep(1)
        said = process.communicate()[0]
    logs = ["docker", "logs", "--tail", "60", stack.container("prefect-worker")]
    assert process.returncode == 0, said + stack.run(*logs)
    print(f"\n{name} in its container: {time.monotonic() - begin:.1f} s", end="", flush=True)
    return list(seen.values())


def test_a_run_in_a_container_loads_and_another_fits(stack: Stack) -> None:
    seen = watch_run(stack, "elt/monthly", "-p", "source=sample")
    seen += watch_run(stack, "growth-fit/monthly", "-p", "horizon_months=24")
    assert len(seen) == 2
    values = [value for text in stack.secrets().values() for value in text.split()]
    for run in seen:
        assert run["uids"] == {"10001"}
        assert not [value for value in values if value in json.dumps(run["facts"])]
        assert list(run["facts"]["NetworkSettings"]["Networks"]) == [NAME]
        assert run["facts"]["HostConfig"]["CapDrop"] == ["ALL"]
        assert not any("docker.sock" in bind for bind in run["facts"]["HostConfig"]["Binds"])
    assert stack.value("select count(*) from raw.nyt_months") == 24
    assert stack.value("select count(*) from growth.runs") == 1
    assert stack.value("select count(*) from marts.growing_topics") > 0
    # As the login of the flows, which owns nothing and is no superuser.
    assert stack.value("select rolsuper from pg_roles where rolname = 'news_pipeline'") is False
    owned = "select count(*) from pg_class where pg_get_userbyid(relowner) = 'news_pipeline'"
    assert stack.value(owned) == 0
    deadline = time.monotonic() + 20
    while stack.flow_containers("--all") and time.monotonic() < deadline:
        time.sleep(0.5)
    assert stack.flow_containers("--all") == []


def test_no_container_of_the_stack_has_a_secret_in_its_settings(stack: Stack) -> None:
    values = [value for text in stack.secrets().values() for value in text.split()]
    names = stack.run("docker", "ps", "--all", "--quiet", "--filter", f"network={NAME}").split()
    assert len(names) >= 3
    facts = stack.run("docker", "inspect", *names)
    assert not [value for value in values if value in facts]


def test_up_can_be_repeated_and_down_keeps_the_data(stack: Stack) -> None:
    stack.timed("make up, repeated", "make", "up")
    assert stack.value("select count(*) from growth.runs") == 1
    worker = stack.container("prefect-worker")
    seconds, _ = stack.timed("worker stopped", "docker", "stop", "--time", "30", worker)
    assert seconds < 10
    assert stack.inspect(worker)["State"]["ExitCode"] == 0
    stack.timed("make down", "make", "down")
    assert stack.run("docker", "ps", "--all", "--quiet", "--filter", f"network={NAME}") == ""
    stack.timed("make up, after make down", "make", "up")
    assert stack.value("select count(*) from growth.runs") == 1
