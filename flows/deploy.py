"""What both deployment scripts do: build the image, push it if asked to, register the flow."""

import os
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any

import typer
from prefect import Flow, deploy
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun, WorkPool
from prefect.deployments.runner import RunnerDeployment
from prefect.docker import DockerImage
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron
from prefect.settings import get_current_settings
from prefect.states import Scheduled
from prefect.types.entrypoint import EntrypointType

from console.command_line import run
from console.errors import WarehouseError
from console.messages import say
from flows.docker_endpoint import check_engine, endpoint
from flows.which_months import TIME_ZONE
from warehouse.settings import PROJECT_DIR

NAME = "monthly"
IMAGE = "news-growth"
TEMPLATE = "config/base-job-template.json"


@dataclass(frozen=True)
class _Source:
    """The image: an existing one, or one to be built here and named for a registry."""

    image: str | None
    registry: str | None
    push: bool


def deploy_from_command_line(flow: Flow[..., Any], cron: str) -> None:
    """Register a flow as the options of the command line say, and exit with the project's codes."""

    def main(
        work_pool: Annotated[
            str, typer.Option(envvar="NEWS_GROWTH_WORK_POOL", help="Work pool that runs the flow.")
        ] = "docker-pool",
        image: Annotated[
            str | None,
            typer.Option(metavar="NAME:TAG", help="Use this image as it is, and build none."),
        ] = None,
        registry: Annotated[
            str | None,
            typer.Option(help="Registry that the image's name begins with, for other machines."),
        ] = None,
        push: Annotated[bool, typer.Option("--push", help="Push the image there.")] = False,
        parameter: Annotated[
            list[str] | None,
            typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Default of the runs."),
        ] = None,
    ) -> None:
        if push and not registry:
            raise WarehouseError("--push needs --registry: where to push to")
        if image and (push or registry):
            raise WarehouseError("--image is used as it is: leave out --registry and --push")
        _register(
            flow, cron, work_pool, _Source(image, registry, push), _parameters(parameter or [])
        )

    main.__doc__ = f"Register the flow {flow.name} on a work pool, at `{cron}` ({TIME_ZONE})."
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    run(app)


def _register(
    flow: Flow[..., Any], cron: str, work_pool: str, source: _Source, parameters: dict[str, Any]
) -> None:
    """Register a flow on a work pool, with an image where the pool's workers start containers."""
    with _client() as client:
        _check_server(client)
        pool = _work_pool(client, work_pool)
        late = _late_runs(client, f"{flow.name}/{NAME}")
    is_docker = "image" in pool.base_job_template["variables"]["properties"]
    if not is_docker and (source.image or source.registry):
        raise WarehouseError(f"the work pool {work_pool} is of type {pool.type}: it has no image")
    tag = _commit()
    deploy(
        RunnerDeployment.from_flow(
            flow,
            NAME,
            schedule=Cron(cron, timezone=TIME_ZONE),
            parameters=parameters,
            version=tag,
            entrypoint_type=EntrypointType.MODULE_PATH,
        ),
        work_pool_name=work_pool,
        image=(source.image or _image(source.registry, tag)) if is_docker else None,
        build=is_docker and not source.image,
        push=source.push,
        print_next_steps_message=False,
        ignore_warnings=True,
    )
    with _client() as client:
        _schedule_again(client, late)
    say(
        f"{flow.name}/{NAME} runs at `{cron}` ({TIME_ZONE}) on the work pool {work_pool}; now: "
        f"prefect deployment run {flow.name}/{NAME} --watch"
    )


def _client() -> SyncPrefectClient:
    """Return a client of the server that PREFECT_API_URL names. Without one, Prefect would start
    a temporary server, which forgets the deployment."""
    url = get_current_settings().api.url
    if not url:
        raise WarehouseError(
            "PREFECT_API_URL is not set: `export PREFECT_API_URL=http://127.0.0.1:4200/api` for "
            "the server of `make up`, or of `prefect server start`"
        )
    return get_client(sync_client=True)


def _check_server(client: SyncPrefectClient) -> None:
    error = client.api_healthcheck()
    if error is not None:
        raise WarehouseError(
            f"the Prefect server at {client.api_url} does not answer: {error} (check "
            "PREFECT_API_URL)"
        )


def _work_pool(client: SyncPrefectClient, name: str) -> WorkPool:
    try:
        return client.read_work_pool(name)
    except ObjectNotFound:
        raise WarehouseError(
            f"there is no work pool {name}: `prefect work-pool create --type docker "
            f"--base-job-template {TEMPLATE} {name}`, or without Docker `prefect work-pool create "
            f"--type process {name}`"
        ) from None


def _late_runs(client: SyncPrefectClient, name: str) -> list[FlowRun]:
    """Return the scheduled runs that are overdue: registering a deployment again deletes them."""
    try:
        deployment = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return []
    late = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"]))
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(state=late),
    )
    return [flow_run for flow_run in runs if flow_run.auto_scheduled]


def _schedule_again(client: SyncPrefectClient, late: list[FlowRun]) -> None:
    """Schedule overdue runs again, for the time at which they were due: it decides which month
    they load."""
    for flow_run in late:
        assert flow_run.deployment_id and flow_run.expected_start_time  # it was scheduled
        again = client.create_flow_run_from_deployment(
            flow_run.deployment_id,
            state=Scheduled(scheduled_time=flow_run.expected_start_time),
        )
        due = f"{flow_run.expected_start_time:%Y-%m-%d %H:%M}"
        say(f"the run due at {due} UTC is late and stays so: {again.name}")


def _image(registry: str | None, tag: str) -> DockerImage:
    chosen = endpoint()
    say(f"Docker engine {check_engine(chosen)} at {chosen.address} ({chosen.reason})")
    name = f"{registry.rstrip('/')}/{IMAGE}" if registry else IMAGE
    return DockerImage(
        name=name,
        tag=tag,
        dockerfile=str(PROJECT_DIR / "Dockerfile"),
        context=PROJECT_DIR,
        pull=False,
        rm=True,
        buildargs={"COMMIT": tag},
    )


def _commit() -> str:
    """Return the checkout's short commit, marked if files were changed; without git, the
    version."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty"],
            cwd=PROJECT_DIR, check=True, text=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("NEWS_GROWTH_COMMIT") or version("news-growth")
    return described.stdout.strip()


def _parameters(texts: list[str]) -> dict[str, Any]:
    pairs = [text.partition("=") for text in texts]
    wrong = [text for text, pair in zip(texts, pairs, strict=True) if not (pair[0] and pair[1])]
    if wrong:
        raise WarehouseError(f"-p {wrong[0]}: write NAME=VALUE, for example -p source=sample")
    return {name: value for name, _, value in pairs}
