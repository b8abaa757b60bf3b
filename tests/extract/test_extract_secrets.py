"""Settings of `extract`: wrong ones are named, the key is never shown, the doctor checks all."""

import json
import sys
import time
from base64 import b64encode
from pathlib import Path
from textwrap import wrap

import pytest
from fake_api import (
    KEY,
    WRONG_KEY_BODY,
    Answer,
    Loader,
    fake_api,
    json_answer,
    month_body,
)
from hostile import ATTACKS, hostile_api
from support import response

from extract import masking

SECRET = "secret-key-f00dfeed4711"
ATTEMPTS = 6
GOOD = month_body("2020-01", 40)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NYT_API_KEY", ""),
        ("NYT_API_KEY", "  "),
        ("NYT_API_URL", "api.example"),
        ("NYT_API_URL", "ftp://api.example/"),
        ("NYT_API_URL", "http://["),
        ("NYT_API_URL", "http://api.example:port/"),
        ("NYT_API_URL", SECRET),
        ("NYT_REQUESTS_PER_MINUTE", "0"),
        ("NYT_REQUESTS_PER_MINUTE", "five"),
        ("NYT_REQUESTS_PER_DAY", "-1"),
        ("NYT_REQUESTS_PER_DAY", "9" * 5000),
        ("NYT_REQUESTS_PER_DAY", SECRET),
        ("NYT_BACKOFF_SECONDS", "nan"),
        ("NYT_BACKOFF_SECONDS", "1e9"),
        ("NYT_BACKOFF_SECONDS", SECRET),
    ],
)
def test_a_bad_setting_is_named_before_any_request(loader: Loader, name: str, value: str) -> None:
    done = loader.run("2020-01", "2020-01", **({"NYT_API_KEY": SECRET} | {name: value}))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {name} is ")
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
    assert loader.api.url not in done.stderr
    assert loader.api.calls == []


# Secrets


DEBUG_DRIVER = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
for name in list(logging.root.manager.loggerDict) + ["urllib3", "requests"]:
    logging.getLogger(name).setLevel(logging.DEBUG)
sys.argv[0] = "extract"
from extract.cli import main
main()
"""


def everything_stored(loader: Loader) -> bytes:
    """Return everything in the landing zone and the schema raw, as bytes."""
    files = [path for path in loader.landing.rglob("*") if path.is_file()]
    content = b"\n".join(str(path).encode() + path.read_bytes() for path in files)
    content += b"\n".join(loader.body(month) for month in loader.landed())
    tables = loader.warehouse.rows(
        "select relname from pg_class where relnamespace = 'raw'::regnamespace and relkind = 'r'"
    )
    for (table,) in tables:
        content += repr(loader.warehouse.rows(f"select t::text from raw.{table} as t")).encode()
    return content


FAULTS = {
    "good": [],
    "cut": [Answer(GOOD, cut=90)],
    "reset": [Answer(GOOD, cut=90, reset=True)],
    "500": [Answer(status=500)],
    "401": [json_answer(401, WRONG_KEY_BODY)] * 9,
    "403": [json_answer(403, {"message": f"no {SECRET}"})] * 9,
    "302": [Answer(status=302, headers={"Location": f"http://h.example/?api-key={SECRET}"})] * 9,
    "no gzip": [Answer(b"x", headers={"Content-Encoding": "gzip"})] * 9,
}


@pytest.mark.parametrize("case", [*FAULTS, "down"])
def test_the_key_is_nowhere_though_all_debug_logs_are_on(loader: Loader, case: str) -> None:
    faults = FAULTS.get(case, [])
    variables = {"NYT_API_KEY": SECRET, "PYTHONDEVMODE": "1", "NYT_BACKOFF_SECONDS": "0"}
    with fake_api() as gone:
        if case == "down":
            variables["NYT_API_URL"] = gone.url
    # The fake API accepts another key only for answers that a test has set.
    answers = [*faults, *[Answer(GOOD)] * 9]
    loader.api.first(*answers)
    done = loader.warehouse.run(
        sys.executable, "-c", DEBUG_DRIVER,
        "run", "--start", "2020-01", "--end", "2020-01", "--json", **variables,
    )  # fmt: skip
    assert "DEBUG:urllib3.connectionpool:" in done.stderr
    assert [month["month"] for month in json.loads(done.stdout)["months"]] in ([], ["2020-01"])
    assert {call.key for call in loader.api.calls} == (set() if case == "down" else {SECRET})
    assert SECRET not in done.stdout + done.stderr
    assert SECRET.encode() not in everything_stored(loader)
    assert loader.loaded() == ({"2020-01": 40} if len(faults) < ATTEMPTS and case != "down" else {})


BAD_HEADERS = ["the key in a bad header", "the key as status", "the key as a redirect's host"]


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_debug_logs_of_headers_that_quote_the_key_do_not_hold_it(loader: Loader, name: str) -> None:
    [attack] = [attack for attack in ATTACKS if attack.name == name]
    with hostile_api(attack) as api:
        done = loader.warehouse.run(
            sys.executable, "-c", DEBUG_DRIVER, "run", "--start", "2020-01", "--end", "2020-01",
            NYT_API_KEY=SECRET, NYT_API_URL=api.url, NYT_BACKOFF_SECONDS="0",
        )  # fmt: skip
    assert "DEBUG:urllib3.connectionpool:" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert SECRET.encode() not in everything_stored(loader)


def each(form: str) -> str:
    """Return the key with each of its characters written in this form."""
    return "".join(form.format(ord(character)) for character in SECRET)


QUOTING = {
    "other case": SECRET.upper(),
    "one JSON escape": f"\\u0073{SECRET[1:]}",
    "JSON": each(r"\u{:04x}"),
    "code points": each(r"\u{{{:x}}}"),
    "long code points": each(r"\U{:08x}"),
    "octal": each(r"\{:03o}"),
    "backslash before a sign": SECRET.replace("-", r"\-"),
    "address": each("%{:02x}"),
    "address in addresses": each("%2525{:02X}"),
    "HTML": each("&#{};"),
    "HTML without semicolons": each("&#{}").replace("&#45", "&#45;"),
    "HTML in HTML": each("&amp;#{};"),
    "hexadecimal": each("{:02X}"),
    "base64": b64encode(SECRET.encode()).decode(),
    "base64 within another": b64encode(f"{{key={SECRET}}}".encode()).decode(),
    "base64 on two lines": "\n".join(wrap(b64encode(SECRET.encode()).decode(), 20)),
    "wide letters": "".join(chr(ord(character) + 0xFEE0) for character in SECRET),
    "bold letters in JSON": json.dumps(chr(0x1D41A + ord("s") - ord("a")))[1:-1] + SECRET[1:],
    "invisible characters": "\u200b".join(SECRET),
    "line break": f"{SECRET[:6]}\n{SECRET[6:]}",
    "tab": f"{SECRET[:6]}\t{SECRET[6:]}",
    "escaped tab": f"{SECRET[:6]}\\t{SECRET[6:]}",
}


@pytest.mark.fast
@pytest.mark.parametrize("form", QUOTING)
def test_the_key_is_found_in_any_form(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("NYT_API_KEY", SECRET)
    text = f"Kelp <{QUOTING[form]}> Farming"
    assert masking.holds_key(text.encode())
    assert masking.holds_key(b"." * ((1 << 20) - 20) + text.encode())
    assert masking.masked(text) in ("Kelp <***> Farming", "(a text that quotes the key)")
    other = text.replace(QUOTING[form], QUOTING[form][: len(QUOTING[form]) // 2])
    assert not masking.holds_key(other.encode())
    assert masking.masked(other) == other


def test_a_month_that_quotes_the_key_escaped_is_not_stored(loader: Loader) -> None:
    escaped = QUOTING["JSON"].encode()
    assert b"Kelp Farming" in GOOD
    loader.api.first(Answer(GOOD.replace(b"Kelp Farming", escaped)))
    done = loader.run("2020-01", "2020-01", NYT_API_KEY=SECRET)
    assert done.returncode == 1
    assert "the API's answer quotes your key: it is not stored" in done.stdout + done.stderr
    assert escaped not in everything_stored(loader)
    assert loader.has_nothing()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:hunter2@127.0.0.1/?x=1", "http://u:***@127.0.0.1/?x=1"),
        ("http://u:hunter2/@h#x@127.0.0.1:port", "http://u:***@127.0.0.1:port"),
        ("http://hunter2@127.0.0.1/?x=1", "http://***@127.0.0.1/?x=1"),
        ("u:hunter2@127.0.0.1", "u:***@127.0.0.1"),
    ],
)
def test_an_address_is_shown_without_its_password(loader: Loader, url: str, shown: str) -> None:
    done = loader.extract("doctor", NYT_API_URL=url)
    assert f"NYT_API_URL is '{shown}'" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_a_running_extract_does_not_show_the_key_in_its_title(loader: Loader) -> None:
    loader.api.months = {"2020-01": GOOD}
    loader.api.first(Answer(GOOD, wait=1.0))
    running = loader.start("2020-01", "2020-01")
    while not loader.api.calls and running.poll() is None:
        time.sleep(0.02)
    titles = Path(f"/proc/{running.pid}/cmdline").read_bytes()
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 0, stderr
    assert b"run" in titles
    assert KEY.encode() not in titles
    names = loader.warehouse.rows("select application_name from pg_stat_activity")
    assert KEY not in repr(names)


# Doctor


def test_doctor_tries_the_key_with_one_request(loader: Loader) -> None:
    loader.api.months = {"1978-09": response([])}
    done = loader.extract("doctor", NYT_REQUESTS_PER_DAY="500")
    assert done.returncode == 0, done.stdout
    for line in ("landing zone: ", "warehouse: reachable", "quota: 500 of 500 ", "key: set and"):
        assert f"ok   {line}" in done.stdout
    assert "BAD" not in done.stdout
    assert loader.api.asked() == ["1978-09"]
    assert loader.requests_counted() == 1
    assert loader.has_nothing()


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"NYT_API_KEY": SECRET}, "BAD  key: refused (401)"),
        ({"NYT_API_KEY": ""}, "BAD  key: NYT_API_KEY is not set"),
        ({"NYT_API_URL": "http://127.0.0.1:9/v1"}, "BAD  API: no answer from"),
        ({"PGHOST": "127.0.0.1", "PGPORT": "9"}, "BAD  warehouse: the warehouse at 127.0.0.1"),
        ({"NYT_LANDING_DIR": "/dev/null/nyt"}, "BAD  landing zone: /dev/null/nyt"),
    ],
    ids=["wrong key", "no key", "API down", "no warehouse", "no landing zone"],
)
def test_doctor_names_what_is_wrong(loader: Loader, variables: dict[str, str], line: str) -> None:
    loader.api.months = {"1978-09": response([])}
    done = loader.extract("doctor", **variables)
    assert done.returncode == 1
    assert line in done.stdout
    assert done.stderr == ""
    assert SECRET not in done.stdout


def test_doctor_without_a_call(loader: Loader) -> None:
    done = loader.extract("doctor", "--no-call", NYT_API_KEY=SECRET)
    assert done.returncode == 0, done.stdout
    assert "ok   key: set; not tried" in done.stdout
    assert loader.api.calls == []
    assert loader.requests_counted() == 0
