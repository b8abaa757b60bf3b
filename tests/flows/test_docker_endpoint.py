"""The image is built by the Docker engine that the docker command's own settings name."""

import hashlib
import json
from pathlib import Path

import pytest

from console.errors import WarehouseError
from flows.docker_endpoint import Endpoint, endpoint

pytestmark = pytest.mark.fast


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The docker command's settings."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def describe(config: Path, name: str, content: object) -> None:
    """Write a context's description."""
    folder = config.parent / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps(content))


@pytest.mark.parametrize("current", ["default", "", None])
def test_without_a_context_it_is_the_default_socket(config: Path, current: str | None) -> None:
    config.write_text(json.dumps({"currentContext": current}))
    assert endpoint().reason == "the default socket"


def test_the_chosen_context_is_named(config: Path) -> None:
    host = "unix:///home/vera/.colima/docker.sock"
    meta = {"Name": "colima", "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}
    describe(config, "colima", meta)
    config.write_text(json.dumps({"currentContext": "colima"}))
    assert endpoint() == Endpoint(host, "the docker command's context: colima")


def test_a_context_that_is_not_there_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(json.dumps({"currentContext": "colima"}))
    with pytest.raises(WarehouseError) as raised:
        endpoint()
    assert str(raised.value) == (
        "the docker command's context is colima, which does not exist: `docker context ls` lists "
        "what there is; by `docker context use default` it is the usual one"
    )
    monkeypatch.setenv("DOCKER_CONTEXT", "orbstack")
    with pytest.raises(
        WarehouseError, match=r"^DOCKER_CONTEXT is orbstack, which does not exist: "
    ):
        endpoint()


@pytest.mark.parametrize("content", [[], {"Name": "colima"}, {"Endpoints": 1}, "x"])
def test_a_context_that_cannot_be_read_is_one_line(config: Path, content: object) -> None:
    describe(config, "colima", content)
    config.write_text(json.dumps({"currentContext": "colima"}))
    with pytest.raises(
        WarehouseError, match=r"^the docker command's context is colima, which "
    ) as e:
        endpoint()
    assert "\n" not in str(e.value)
