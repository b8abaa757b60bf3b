"""The flows on a real Prefect server, with a process worker and the fake API."""

import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_api import Answer, json_answer, loader_on
from orchestration import Prefect, eventually, free_port, prefect_on, rows_of_marts
from support import Warehouse, response, run, temporary_warehouse

MONTHS = ["2023-06", "2023-07", "2023-08", "2023-09", "2023-10", "2023-11"]
# Midnight in New York.
FIRST_OF_DECEMBER, FIRST_OF_SEPTEMBER = "2023-12-01T05:00:00Z", "2023-09-01T04:00:00Z"
FIRST_OF_JANUARY = "2024-01-01T05:00:00Z"


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """Both flows deployed, with a worker; the API has six months of the sample."""
    folder = tmp_path_factory.mktemp("prefect")
    with (
        temporary_warehouse() as bare,
        loader_on(Warehouse(bare.folder, bare.env | bare.parsed()), folder / "landing") as loader,
        prefect_on(loader, folder) as own,
    ):
        sample = folder / "sample"
        bare.ok("extract", "sample", sample, "--start", MONTHS[0], "--end", MONTHS[-1])
        for month in MONTHS:
            body = json.loads(gzip.decompress((sample / f"{month}.json.gz").read_bytes()))
            # Every other document: enough to fit, and quicker.
            loader.api.months[month] = response(body["response"]["docs"][::2])
        for script in ("elt_deploy", "growth_fit_deploy"):
            own.ok("python", f"flows/{script}.py", "--work-pool", "loopback")
        yield own


@pytest.fixture(autouse=True)
def healthy_api(prefect: Prefect) -> None:
    """Give each test an API that answers, with an empty list of requests."""
    prefect.loader.api.first()
    prefect.loader.api.calls.clear()


def test_both_flows_are_scheduled_monthly(prefect: Prefect) -> None:
    schedules = {
        flow: [(row["schedule"]["cron"], row["schedule"]["timezone"]) for row in found["schedules"]]
        for flow, found in prefect.deployments().items()
    }
    assert schedules == {
        "elt": [("0 0 1 * *", "America/New_York")],
        "growth-fit": [("0 1 1 * *", "America/New_York")],
    }

    def flows_with_runs() -> bool:
        runs = prefect.ask(
            "flow_runs/filter", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}}
        )
        return len({run["deployment_id"] for run in runs if run["auto_scheduled"]}) == 2

    eventually(flows_with_runs, 20, "runs scheduled for both deployments")


@pytest.fixture(scope="module")
def loaded(prefect: Prefect) -> Prefect:
    """Six months loaded by two late runs that started at once."""
    prefect.loader.api.first()
    runs = [prefect.start("elt", due) for due in (FIRST_OF_SEPTEMBER, FIRST_OF_DECEMBER)]
    ends = [prefect.end_of(run) for run in runs]
    assert ends == [("Completed", "")] * 2, [prefect.log(run) for run in runs]
    return prefect


def test_late_runs_that_start_at_once_load_the_months_before_they_were_due(loaded: Prefect) -> None:
    prefect = loaded
    assert list(prefect.loader.loaded()) == MONTHS
    summaries = [artifact["data"] for artifact in prefect.ask("artifacts/filter")]
    for month in MONTHS:
        assert any(f"- {month}: fetched, " in summary for summary in summaries)


def test_a_month_that_fails_is_named_and_the_others_are_built(loaded: Prefect) -> None:
    """The other months are final and loaded: they are not asked for, and do not change."""
    prefect = loaded
    api = prefect.loader.api
    built = rows_of_marts(prefect.loader.warehouse)
    api.faults = lambda number, month: Answer(api.months["2023-11"])
    run = prefect.start("elt", FIRST_OF_JANUARY)
    name, message = prefect.end_of(run)
    log = prefect.log(run)
    assert name == "Failed"
    assert "2023-12: failed, the API sent another month" in message
    assert "2023-11: kept, landed and final; unchanged" in log
    assert "Finished in state Completed()" in log  # the task build
    assert api.asked() == ["2023-12"]
    assert rows_of_marts(prefect.loader.warehouse) == built


def test_fit_of_the_months_before_it_was_due(loaded: Prefect) -> None:
    """The command line has already stored the same fit."""
    prefect = loaded
    warehouse = prefect.loader.warehouse
    warehouse.ok("growth", "fit", "--start", "2023-06", "--end", "2023-11")
    stored = "select run_id, fitted_at from growth.runs"
    [(run_id, first)] = warehouse.rows(stored)
    assert "was stored before" in prefect.completed("growth-fit", FIRST_OF_DECEMBER)
    assert warehouse.rows(stored) == [(run_id, first)]

    shown = json.loads(prefect.artifact("top-topics")["data"])
    for name in ("growing", "shrinking", "popular"):
        printed = warehouse.ok("growth", "top", "--direction", name, "--limit", "10", "--json")
        topics = json.loads(printed.stdout)["topics"]
        assert [row["label"] for row in shown if row["list"] == name] == [
            topic["label"] for topic in topics
        ]
        assert topics
    summary = prefect.artifact("growth-summary")["data"]
    assert "# June to November 2023\n" in summary and shown[0]["label"] in summary

    prefect.completed("growth-fit", start="2023-06", end="2023-11", refit=True)
    [(again, later)] = warehouse.rows(stored)
    assert again == run_id and later > first


def test_fit_says_which_months_are_not_loaded(loaded: Prefect) -> None:
    name, message = loaded.end_of(loaded.start("growth-fit", as_at="2024-01", horizon_months=4))
    assert name == "Failed"
    assert "not loaded: 2023-12, 2024-01; the marts hold months from 2023-06 to 2023-11" in message


@pytest.mark.parametrize(
    ("flow", "parameters", "named"),
    [
        ("elt", {"year": 2024, "month": 13}, "13 is greater than the maximum of 12"),
        ("elt", {"year": 1850, "month": 1}, "1850 is less than the minimum of 1851"),
        ("growth-fit", {"as_at": "2024-13"}, "'2024-13' does not match"),
        ("growth-fit", {"horizon_months": 0}, "0 is less than the minimum of 1"),
    ],
)
def test_parameters_are_refused_before_anything_runs(
    prefect: Prefect, flow: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        prefect.start(flow, **parameters)
    assert refused.value.response.status_code == 409
    assert named in refused.value.response.json()["detail"]


def test_a_key_that_is_refused_is_no_outage(prefect: Prefect) -> None:
    refused = json_answer(401, {"fault": {"faultstring": "Invalid ApiKey"}})
    prefect.loader.api.faults = lambda number, month: refused
    name, message = prefect.end_of(prefect.start("elt", year=2023, month=3))
    assert name == "Failed"
    assert "the API does not know this key (401)" in message
    assert len(prefect.loader.api.calls) == 1


def test_an_outage_is_waited_for(prefect: Prefect) -> None:
    prefect.loader.api.faults = lambda number, month: Answer(status=503)
    run = prefect.start("elt", year=2023, month=3)
    try:
        log = eventually(
            lambda: prefect.log(run) if "Retry 1/2 will start" in prefect.log(run) else "",
            60,
            "a retry",
        )
    finally:
        prefect.cancel(run)
    assert "600" in log
    assert prefect.end_of(run)[0] == "Cancelled"


@pytest.mark.nightly
def test_what_was_stopped_is_made_good_by_the_next_run(loaded: Prefect) -> None:
    """A run is cancelled; then the server is killed during another run, and comes back."""
    prefect = loaded
    months = MONTHS[3:]
    loader, landing = prefect.loader, prefect.loader.landing
    expected = loader.content()
    marts = rows_of_marts(loader.warehouse)

    def forget() -> None:
        with loader.warehouse.connect() as connection:
            connection.execute("delete from raw.nyt_months where archive_month >= '2023-09-01'")
        for month in months:
            for file in landing.glob(f"{month}.*"):
                file.unlink()
        loader.api.calls.clear()

    def start_slowly(wait: float) -> str:
        loader.api.faults = lambda number, month: Answer(loader.api.months[month], wait=wait)
        run = prefect.start("elt", FIRST_OF_DECEMBER)
        eventually(lambda: len(loader.api.calls) >= 2, 60, "the second month asked for")
        return run

    forget()
    cancelled = start_slowly(5.0)  # long enough to cancel the run meanwhile
    prefect.cancel(cancelled)
    assert prefect.end_of(cancelled)[0] == "Cancelled"
    assert len(loader.loaded()) < len(MONTHS)

    forget()
    bereft = start_slowly(2.0)
    prefect.kill_server()
    time.sleep(3)
    prefect.start_server()
    prefect.end_of(bereft, 180)

    loader.api.first()
    prefect.completed("elt", FIRST_OF_DECEMBER)
    assert loader.content() == expected
    assert rows_of_marts(loader.warehouse) == marts


@pytest.mark.nightly
def test_a_folder_and_the_sample_as_sources(prefect: Prefect) -> None:
    """With the sample, a dbt model and a dbt test fail: the flow fails and names both."""
    warehouse = prefect.loader.warehouse
    warehouse.empty()
    folder = warehouse.folder.parent / "files"
    warehouse.ok("extract", "sample", folder, "--start", "2024-11", "--end", "2024-12")
    prefect.completed("elt", year=2024, month=12, source=str(folder))
    # December from the folder, but not its November.
    assert list(prefect.loader.loaded()) == ["2024-12"]

    with warehouse.connect() as connection:
        connection.execute(
            """
            update raw.nyt_months set docs = docs + 1 where archive_month = '2024-12-01';
            drop view staging.stg_nyt__articles cascade;
            create type staging.stg_nyt__articles as (in_the_way integer)
            """
        )
    name, message = prefect.end_of(prefect.start("elt", year=2024, month=10, source="sample"))
    assert name == "Failed"
    assert "dbt build failed: " in message
    assert "model stg_nyt__articles: Database Error" in message
    assert "test months_hold_their_documents: Got 1 result" in message
    # Two years of the sample, to October.
    months = list(prefect.loader.loaded())
    assert len(months) == 25 and months[::23] == ["2022-11", "2024-10"]


ONE_PROCESS = """
import json, runpy, sys
for options in json.loads(sys.argv[1]):
    sys.argv[1:] = options
    try:
        runpy.run_path("flows/elt_deploy.py", run_name="__main__")
    except SystemExit as end:
        print("exit code", end.code, file=sys.stderr)
"""


def deploy(prefect: Prefect, *options: str, **variables: str) -> tuple[int, str]:
    """Run a deployment script; return its exit code and its output."""
    done = run("python", "flows/elt_deploy.py", *options, env=prefect.env | variables)
    return done.returncode, " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "nobody", ["", f"http://127.0.0.1:{free_port()}/api"], ids=["unset", "nobody answers"]
)
def test_deployment_scripts_need_a_server(prefect: Prefect, nobody: str) -> None:
    code, message = deploy(prefect, PREFECT_API_URL=nobody)
    said = f"the Prefect server at {nobody}/ does not answer" if nobody else "URL is not set"
    assert (code, message[:7]) == (2, "error: "), message
    assert said in message
    assert "Traceback" not in message


def test_deployment_scripts_say_what_is_missing(prefect: Prefect) -> None:
    """All in one process: another one would have to import Prefect again."""
    cases = [
        (["--work-pool", "none"], "there is no work pool none: `prefect work-pool create"),
        (["--push"], "--push needs --registry"),
        (["--image", "x:1", "--registry", "y"], "--image is used as it is"),
        (["--work-pool", "loopback", "--image", "x:1"], "of type process: it has no image"),
        (["--work-pool", "loopback", "-p", "source"], "-p source: write NAME=VALUE"),
    ]
    done = prefect.ok("python", "-c", ONE_PROCESS, json.dumps([options for options, _ in cases]))
    lines = done.stderr.splitlines()
    assert len(lines) == 2 * len(cases), done.stderr
    for (_, said), message, code in zip(cases, lines[::2], lines[1::2], strict=True):
        assert message.startswith("error: ") and said in message
        assert code == "exit code 2"


@pytest.mark.nightly
def test_docker_pool(prefect: Prefect, tmp_path: Path) -> None:
    """The work pool gets the template unchanged; the image is built on docker's own engine."""
    prefect.ok(
        *("prefect", "work-pool", "create", "--type", "docker"),
        *("--base-job-template", "config/base-job-template.json", "docker-pool"),
    )
    context = tmp_path / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest()
    context.mkdir(parents=True)
    endpoints = {"docker": {"Host": "unix:///nowhere/colima.sock", "SkipTLSVerify": False}}
    meta = {"Name": "colima", "Metadata": {}, "Endpoints": endpoints}
    (context / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "colima"}))
    own_config = {"DOCKER_CONFIG": str(tmp_path)}
    for variables, where in [
        ({"DOCKER_HOST": "unix:///nowhere/d.sock"}, "unix:///nowhere/d.sock (DOCKER_HOST is set)"),
        (own_config, "unix:///nowhere/colima.sock (the docker command's context: colima)"),
    ]:
        code, message = deploy(prefect, **variables)
        assert code == 2 and f"no Docker engine answers at {where}" in message

    # Late runs are kept when the flow is deployed again.
    code, message = deploy(prefect, "--image", "registry.example/news-growth:abc")
    assert code == 0, message
    elt = prefect.deployments()["elt"]
    assert elt["job_variables"] == {"image": "registry.example/news-growth:abc"}
    assert elt["work_pool_name"] == "docker-pool"
    prefect.also_every("elt", seconds=10)

    def late() -> set[str]:
        runs = prefect.ask("flow_runs/filter", flow_runs={"state": {"name": {"any_": ["Late"]}}})
        return {run["expected_start_time"] for run in runs}

    before = eventually(late, 60, "a late run")
    code, message = deploy(prefect, "--image", "registry.example/news-growth:def")
    assert code == 0 and " UTC is late and stays so" in message
    eventually(lambda: before <= late(), 20, "all late runs late again")
