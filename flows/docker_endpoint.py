"""Which Docker engine builds the image, and why that one."""

import os
import sys
from dataclasses import dataclass

from docker.client import DockerClient
from docker.context.api import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import DockerException

from console.errors import WarehouseError

_REMEDY_LINUX = (
    "start it (sudo systemctl start docker), and let your user reach it "
    "(sudo usermod -aG docker $USER, then log in again)"
)
_REMEDY_MACOS = (
    "start Docker Desktop, OrbStack or Colima; then either `docker context use` its context, or "
    "export DOCKER_HOST=$(docker context inspect --format '{{.Endpoints.docker.Host}}')"
)


@dataclass(frozen=True)
class Endpoint:
    """An engine's address, and what named it."""

    address: str
    reason: str


def endpoint() -> Endpoint:
    """Return the engine that Docker's client library would use: DOCKER_HOST's, else that of the
    docker command's context, else the one at the default socket. Raises WarehouseError."""
    address = os.environ.get("DOCKER_HOST")
    if address:
        return Endpoint(address, "DOCKER_HOST is set")
    chosen = os.environ.get("DOCKER_CONTEXT")
    name = chosen or get_current_context_name() or "default"  # type: ignore[no-untyped-call]
    source = "DOCKER_CONTEXT" if chosen else "the docker command's context"
    usual = "without DOCKER_CONTEXT" if chosen else "by `docker context use default`"
    another = f"`docker context ls` lists what there is; {usual} it is the usual one"
    try:
        context = ContextAPI.get_context(name)  # type: ignore[no-untyped-call]
        address = context and context.Host
    except (
        Exception
    ) as error:  # the library raises all sorts of errors for files that it does not expect
        raise WarehouseError(
            f"{source} is {name}, which cannot be read: {' '.join(str(error).split())}; {another}"
        ) from None
    if not address:
        what = "names no engine" if context else "does not exist"
        raise WarehouseError(f"{source} is {name}, which {what}: {another}")
    return Endpoint(address, "the default socket" if name == "default" else f"{source}: {name}")


def check_engine(chosen: Endpoint) -> str:
    """Return the version of the engine at an endpoint. Raises WarehouseError with the remedy where
    none answers."""
    try:
        client = DockerClient.from_env(timeout=20)  # type: ignore[no-untyped-call]
        try:
            return str(client.version()["Version"])
        finally:
            client.close()
    except (DockerException, OSError) as error:
        remedy = _REMEDY_MACOS if sys.platform == "darwin" else _REMEDY_LINUX
        raise WarehouseError(
            f"no Docker engine answers at {chosen.address} ({chosen.reason}): "
            f"{' '.join(str(error).split())}; {remedy}"
        ) from None
