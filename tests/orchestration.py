"""A real Prefect server on loopback with a worker of a process pool, and what tests ask them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
from fake_api import Loader
from requests.adapters import HTTPAdapter
from support import BIN, PROJECT_DIR, Done, Warehouse, run
from urllib3.util import Retry

POOL = "loopback"
FINAL = {"Completed", "Failed", "Crashed", "Cancelled"}

Answer = TypeVar("Answer")


def eventually(ask: Callable[[], Answer], seconds: float, what: str) -> Answer:
    """Ask again and again until the answer is true."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)  # leaves the processor to the server


@dataclass
class Prefect:
    """The server and the worker; ``env`` has their addresses, and the loader's warehouse and
    API."""

    loader: Loader
    env: dict[str, str]
    port: int
    logs: Path
    server: "subprocess.Popen[bytes] | None" = None
    worker: "subprocess.Popen[bytes] | None" = None

    def command(self, *command: str | Path) -> Done:
        """Run a command line to its end."""
        return run(*command, env=self.env)

    def ok(self, *command: str | Path) -> Done:
        """Run a command line that must succeed."""
        done = self.command(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def ask(self, path: str, **body: Any) -> Any:
        """Post a request to the server's API."""
        return self._post(path, body)

    def also_every(self, flow: str, seconds: float) -> None:
        """Add a schedule of short intervals to a deployment."""
        deployment = self.deployments()[flow]["id"]
        schedules = [{"schedule": {"interval": seconds}, "active": True}]
        self._post(f"deployments/{deployment}/schedules", schedules)

    def deployments(self) -> dict[str, dict[str, Any]]:
        """Return the deployments, by flow."""
        flows = {flow["id"]: flow["name"] for flow in self.ask("flows/filter")}
        return {flows[row["flow_id"]]: row for row in self.ask("deployments/filter")}

    def start(self, flow: str, scheduled: str | None = None, **parameters: Any) -> str:
        """Start a run of a deployment, now or as if it had been scheduled then; return the run's
        id."""
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": scheduled}}
        row = self.ask(
            f"deployments/{self.deployments()[flow]['id']}/create_flow_run",
            parameters=parameters,
            **({"state": state} if scheduled else {}),
        )
        return str(row["id"])

    def cancel(self, run_id: str) -> None:
        """Cancel a run, as `prefect flow-run cancel` does."""
        self.ask(f"flow_runs/{run_id}/set_state", state={"type": "CANCELLING"})

    def state(self, run_id: str) -> dict[str, Any]:
        """Return a run's state: its name and message."""
        answer = _session().get(f"http://127.0.0.1:{self.port}/api/flow_runs/{run_id}", timeout=30)
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()["state"]
        return state

    def end_of(self, run_id: str, seconds: float = 120) -> tuple[str, str]:
        """Wait for a run's end; return the last state's name and message."""

        def ended() -> dict[str, Any]:
            state = self.state(run_id)
            return state if state["name"] in FINAL else {}

        state = eventually(ended, seconds, f"the end of {run_id}")
        return state["name"], state["message"] or ""

    def completed(self, flow: str, scheduled: str | None = None, **parameters: Any) -> str:
        """Run a deployment that must complete; return the run's log."""
        run_id = self.start(flow, scheduled, **parameters)
        name, message = self.end_of(run_id)
        assert name == "Completed", f"{name}: {message}\n{self.log(run_id)}"
        return self.log(run_id)

    def log(self, run_id: str) -> str:
        """Return what a run logged."""
        flow_run = {"flow_run_id": {"any_": [run_id]}}
        rows = self.ask("logs/filter", logs=flow_run, sort="TIMESTAMP_ASC")
        return "\n".join(row["message"] for row in rows)

    def artifact(self, key: str) -> dict[str, Any]:
        """Return the latest artifact of that key."""
        answer = _session().get(
            f"http://127.0.0.1:{self.port}/api/artifacts/{key}/latest", timeout=30
        )
        answer.raise_for_status()
        artifact: dict[str, Any] = answer.json()
        return artifact

    def start_server(self) -> None:
        """Start the server and wait for it."""
        self.server = _start(
            self.logs / "server.log", self.env, "server", "start", "--port", str(self.port)
        )
        eventually(self._is_up, 60, f"the Prefect server: see {self.logs}/server.log")

    def start_worker(self) -> None:
        """Start a worker, which makes its pool."""
        command = ("worker", "start", "--pool", POOL, "--type", "process")
        self.worker = _start(self.logs / "worker.log", self.env, *command)

    def has_pool(self) -> bool:
        """Tell whether the worker has made its pool."""
        return any(pool["name"] == POOL for pool in self.ask("work_pools/filter"))

    def kill_server(self) -> None:
        """Kill the server, as a power cut would."""
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def stop(self) -> None:
        """Stop the server, the worker and whatever they have left running."""
        running = [process for process in (self.worker, self.server) if process is not None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _post(self, path: str, body: Any) -> Any:
        answer = _session().post(f"http://127.0.0.1:{self.port}/api/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _is_up(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/api/health", timeout=5).ok
        except requests.ConnectionError:
            return False


def _session() -> requests.Session:
    """Return a session that repeats requests to a busy server, as Prefect's own client does."""
    session = requests.Session()
    busy = Retry(10, status_forcelist=[429, 503], allowed_methods=None, backoff_factor=0.1)
    session.mount("http://", HTTPAdapter(max_retries=busy))
    return session


def _start(log: Path, env: dict[str, str], *command: str) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            [BIN / "prefect", *command],
            env=env,
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prefect_env(home: Path, port: int) -> dict[str, str]:
    """Return the variables for a server on that port, whose files are in a folder of its own."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
        "NO_COLOR": "1",
    }


@contextmanager
def prefect_on(loader: Loader, folder: Path) -> Iterator[Prefect]:
    """Start a server with a process pool and a worker; nothing is deployed yet."""
    port = free_port()
    env = loader.warehouse.env | prefect_env(folder / "home", port)
    own = Prefect(loader, env, port, folder)
    own.start_server()
    try:
        own.start_worker()
        eventually(own.has_pool, 60, f"the worker: see {folder}/worker.log")
        yield own
    finally:
        own.stop()


def rows_of_marts(warehouse: Warehouse) -> dict[str, Any]:
    """Return a digest of each table that dbt builds in marts."""
    tables = ["dim_topics", "fct_topic_daily", "fct_daily_articles"]
    query = "select md5(string_agg(row::text, '|' order by row::text)) from marts.{} as row"
    return {table: warehouse.value(query.format(table)) for table in tables}
