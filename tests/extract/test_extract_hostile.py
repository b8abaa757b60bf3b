"""Whatever the API sends, `extract` ends in time with one line, uses little memory and shows no
key."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from fake_api import Loader
from hostile import ATTACKS, MONTH, OK, Attack, hostile_api
from loading import wait_until
from support import PROJECT_DIR, Warehouse, resolved

SECRET = "Sekret+key/f00dfeed4711=="
MOST_BYTES = 700e6


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, output, peak memory in bytes, seconds."""

    code: int
    stdout: str
    stderr: str
    peak: int
    seconds: float


def measured(loader: Loader, *command: str, **variables: str) -> Ended:
    """Run a command in a process of its own."""
    began = time.monotonic()
    process = subprocess.Popen(
        resolved(command),
        env=loader.warehouse.env | variables,
        cwd=PROJECT_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    stdout, stderr = process.stdout.read().decode(), process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Ended(process.returncode, stdout, stderr, peak, time.monotonic() - began)


def attacked(loader: Loader, attack: Attack) -> Ended:
    with hostile_api(attack) as api:
        return measured(
            loader, "extract", "run", "--start", MONTH, "--end", MONTH,
            NYT_API_URL=api.url, NYT_API_KEY=SECRET, NYT_BACKOFF_SECONDS="0",
            NYT_MAX_ANSWER_SECONDS=str(attack.seconds),
        )  # fmt: skip


def check(loader: Loader, attack: Attack) -> None:
    ended = attacked(loader, attack)
    shown = ended.stdout + ended.stderr
    codes = {attack.code} if attack.code >= 0 else {0, 1}
    assert ended.code in codes, shown
    lines = ended.stderr.splitlines()
    assert lines, shown
    for line in lines:
        assert re.match(rf"{MONTH}: |stopped: ", line), shown
        assert len(line) < 700
    assert re.search(attack.says, ended.stderr), shown
    assert "Traceback" not in shown
    stored = [file.read_bytes().decode("latin-1") for file in loader.landing.rglob("*")]
    for place in (shown, *stored):
        assert SECRET.lower() not in place.lower()
        assert "f00dfeed" not in place.lower()
    assert ended.peak < MOST_BYTES
    # Besides the answers: the start, and up to six attempts.
    assert ended.seconds < attack.seconds + 20
    if attack.code == OK:
        assert loader.loaded() == {MONTH: 40}
    elif attack.code > 0:
        assert loader.has_nothing()


QUICK = {
    "status line drips", "100 Continue for ever", "headers drip", "headers without end",
    "chunks drip", "6 MB that unpack to 6 GB", "packed by br",
    "401 without end", "a fault that quotes the address", "the key as a redirect's host",
    "429, again after Fri, 31 Dec 9999 23:59:59 -2359",
}  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            attack, id=attack.name, marks=[] if attack.name in QUICK else pytest.mark.nightly
        )
        for attack in ATTACKS
    ],
)
def test_any_answer_is_a_line_within_time_and_memory(loader: Loader, attack: Attack) -> None:
    check(loader, attack)


def test_there_are_more_than_a_hundred_attacks() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 100
    assert {attack.name for attack in ATTACKS} >= QUICK


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("silence", "the answer was not whole after 2 s"),
        ("status line: TLS alert", "no secure connection to the API"),
        ("status line: garbage", "no secure connection to the API"),
    ],
)
def test_a_hostile_handshake_is_a_line_within_time(loader: Loader, name: str, message: str) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    with hostile_api(attack) as api:
        ended = measured(
            loader, "extract", "run", "--start", MONTH, "--end", MONTH,
            NYT_API_URL=api.url.replace("http:", "https:"), NYT_API_KEY=SECRET,
            NYT_BACKOFF_SECONDS="0", NYT_MAX_ANSWER_SECONDS="2",
        )  # fmt: skip
    assert ended.code == 1
    assert f"{MONTH}: failed, {message}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.seconds < 7


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["headers drip", "headers without end", "100 Continue drips"])
def test_a_hostile_proxy_is_a_line_within_time(loader: Loader, name: str) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    with hostile_api(attack) as api:
        proxy = "/".join(api.url.split("/")[:3])
        ended = measured(
            loader, "extract", "run", "--start", MONTH, "--end", MONTH,
            NYT_API_URL="https://api.example/v1", HTTPS_PROXY=proxy, NYT_API_KEY=SECRET,
            NYT_BACKOFF_SECONDS="0", NYT_MAX_ANSWER_SECONDS="2",
        )  # fmt: skip
    assert ended.code == 1, ended.stderr
    assert f"{MONTH}: failed, " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.peak < MOST_BYTES
    assert ended.seconds < 7


# Ctrl-C


DRIPPING = {
    "status line drips", "100 Continue drips", "headers drip", "silence", "body drips",
    "chunk's size drips", "trailers drip", "body without end", "6 MB that unpack to 6 GB",
}  # fmt: skip
QUICK_STOPS = {"headers drip", "body drips"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK_STOPS else pytest.mark.nightly)
        for name in sorted(DRIPPING)
    ],
)
def test_ctrl_c_ends_any_answer_at_once(loader: Loader, name: str, number: signal.Signals) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    # Limits that none of these answers reaches.
    bounds = {"NYT_MAX_ANSWER_MB": "4096", "NYT_MAX_ANSWER_SECONDS": "600", "NYT_API_KEY": SECRET}
    with hostile_api(attack) as api:
        env = loader.warehouse.env | bounds | {"NYT_API_URL": api.url}
        own = Warehouse(loader.warehouse.folder, env)
        running = own.start("extract", "run", "--start", MONTH, "--end", MONTH)
        wait_until(lambda: api.requests == 1)
        time.sleep(0.3)
        began = time.monotonic()
        running.send_signal(number)
        stdout, stderr = running.communicate(timeout=30)
    assert time.monotonic() - began < 2
    assert running.returncode == (130 if number == signal.SIGINT else -signal.SIGTERM), stderr
    assert "Traceback" not in stderr
    assert SECRET not in stdout + stderr
    assert loader.has_nothing()


# Settings that allow no request


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"NYT_API_URL": "http://a..b/v1"}, "NYT_API_URL is 'http://a..b/v1': give an address"),
        ({"NYT_API_URL": f"http://{'a' * 64}.example"}, "NYT_API_URL is "),
        ({"NYT_API_URL": "http://h:99999/v1"}, "NYT_API_URL is "),
        ({"NYT_API_URL": "http://h\udcff/v1"}, "NYT_API_URL is "),
        ({"NYT_API_URL": "http://h/\udcff"}, "NYT_API_URL is "),
        ({"NYT_API_KEY": f"{SECRET}\udcff"}, "NYT_API_KEY is not a key"),
        ({"NYT_API_KEY": f"{SECRET}\n{SECRET}"}, "NYT_API_KEY is not a key"),
        ({"NYT_API_KEY": f"{SECRET}é"}, "NYT_API_KEY is not a key"),
        ({"NYT_API_KEY": f"{SECRET} {SECRET}"}, "NYT_API_KEY is not a key"),
        ({"NYT_MAX_ANSWER_MB": "0"}, "NYT_MAX_ANSWER_MB is '0': give whole megabytes"),
        ({"NYT_MAX_ANSWER_SECONDS": "0"}, "NYT_MAX_ANSWER_SECONDS is '0': give a whole number"),
        ({"NYT_MAX_ANSWER_SECONDS": SECRET}, "NYT_MAX_ANSWER_SECONDS is "),
        ({"NYT_API_URL": "https://127.0.0.1:9/v1", "REQUESTS_CA_BUNDLE": "/nonexistent"},
         "the request to the API cannot be made (OSError): check NYT_API_URL, REQUESTS_CA_BUNDLE"),
        ({"HTTP_PROXY": "http://"}, "cannot be made (InvalidProxyURL): check"),
        ({"HTTP_PROXY": "http://a..b:1"}, "check NYT_API_URL, HTTP_PROXY"),
        ({"HTTP_PROXY": "http://h:port"}, "check NYT_API_URL, HTTP_PROXY"),
        ({"HTTP_PROXY": "http://["}, "check NYT_API_URL, HTTP_PROXY"),
        ({"HTTP_PROXY": "socks9://h:1"}, "check NYT_API_URL, HTTP_PROXY"),
        ({"all_proxy": "ftp://h:1"}, "check NYT_API_URL, ALL_PROXY"),
    ],
)  # fmt: skip
def test_settings_that_allow_no_request_are_one_line(
    loader: Loader, variables: dict[str, str], message: str
) -> None:
    own = {"NYT_API_KEY": SECRET} | variables
    done = loader.run(MONTH, MONTH, **own)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
    assert loader.api.calls == []
    done = loader.extract("doctor", **own)
    assert done.returncode == 1, done.stderr
    assert message in done.stdout
    assert done.stderr == ""
    assert SECRET not in done.stdout


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "NYT_API_URL"])
@pytest.mark.parametrize("host", ["garbage", "no-such-host.invalid:1", "127.0.0.1:9"])
def test_a_host_that_is_not_there_may_come_back(loader: Loader, variable: str, host: str) -> None:
    done = loader.run(MONTH, MONTH, NYT_BACKOFF_SECONDS="0", **{variable: f"http://{host}"})
    assert done.returncode == 1, done.stderr
    assert "; attempt 5 of 6, again in 0 s" in done.stderr
    assert f"{MONTH}: failed, no connection to the API" in done.stderr
    assert "Traceback" not in done.stderr
    assert loader.api.calls == []


# Doctor


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("headers drip", "BAD  API: no answer from 127.0.0.1: the answer was not whole after"),
        ("6 MB that unpack to 6 GB", "BAD  API: no answer from 127.0.0.1: the answer is more than"),
        ("packed by br", "BAD  API: no answer from 127.0.0.1: the answer is packed as 'br'"),
        ("status line: garbage", "BAD  API: no answer from 127.0.0.1: "),
        ("401 without end", "BAD  key: refused (401)"),
        ("500 without end", "BAD  API: answered with status 500"),
        ("the key as a redirect's query", "BAD  API: answered with status 302"),
        ("header Date of year 0", "ok   key: set and accepted"),
    ],
)
def test_doctors_own_request_has_the_same_bounds(loader: Loader, name: str, line: str) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    with hostile_api(attack) as api:
        began = time.monotonic()
        done = loader.extract(
            "doctor",
            NYT_API_URL=api.url,
            NYT_API_KEY=SECRET,
            NYT_MAX_ANSWER_SECONDS=str(attack.seconds),
        )
        assert time.monotonic() - began < attack.seconds + 5
    assert line in done.stdout
    assert done.stderr == ""
    assert SECRET not in done.stdout
