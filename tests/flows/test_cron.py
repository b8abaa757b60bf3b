"""The line that `make cron` prints, run by Debian's cron daemon against the API on loopback.

The daemon runs in its own mount namespace, and neither reads nor writes the machine's crontabs,
mails or pid files. It starts a line for each thing that can happen, all at once: @reboot, which for
this daemon is its own start, replaces their five time fields.
"""

import email
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fake_api import FAST, Answer, FakeApi, Loader, fake_api, loader_on
from support import BIN, PROJECT_DIR, Doc, Done, Warehouse, middle_document, response, run
from support import temporary_warehouse as new_warehouse

NAMES_THAT_WORK = ["news", "the news", "100% news", '$HOME "`news`" #1 & more; (a) *']
NAMES_THAT_CANNOT = ["today's news", "news\\2026", "news\n2026"]

# The environment that cron gives to commands.
CRON_PATH = "/usr/bin:/bin"

# In its own mount namespace: hide all crontabs, put our pid file and sendmail there, start the
# daemon.
DAEMON = r"""
set -e
base=$1
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/cron.d
mount -t tmpfs -o mode=755 tmpfs /var/spool/cron
mkdir /var/spool/cron/crontabs
chgrp crontab /var/spool/cron/crontabs
chmod 1730 /var/spool/cron/crontabs
test ! -e /etc/crontab || mount --bind /dev/null /etc/crontab
mkdir "$base/programs" "$base/sbin"
mount --bind /usr/sbin "$base/programs"
cp -rs "$base/programs/." "$base/sbin"
rm -f "$base/sbin/sendmail"
cp "$base/sendmail" "$base/sbin/sendmail"
mount --bind "$base/sbin" /usr/sbin
crontab "$base/crontab"
exec cron -f
"""
SENDMAIL = """\
#!/bin/sh
cat > "$(mktemp "{base}/mail/XXXXXX")"
"""


def last_months() -> list[str]:
    """Return the three months that `make update` asks for."""
    first = datetime.now(UTC).date().replace(day=1)
    months = [first]
    for _ in range(2):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return [f"{month:%Y-%m}" for month in reversed(months)]


def month_of_two_topics(month: str) -> bytes:
    """Return a month's response of 80 articles: one topic grows from month to month, one
    shrinks."""
    waxing = 1 + last_months().index(month)
    docs: list[Doc] = []
    for k in range(80):
        topic = "Kelp Farming" if k // 20 < waxing else "Water Mills"
        docs.append(
            middle_document(
                int(month.replace("-", "")) * 1000 + k,
                pub_date=f"{month}-{k % 20 + 1:02d}T14:30:00+0000",
                keywords=[{"name": "subject", "value": topic, "rank": 1, "major": "N"}],
            )
        )
    return response(docs)


def make_cron(folder: Path, **variables: str) -> Done:
    """Run `make cron` in this folder."""
    path = os.environ.get("PATH", os.defpath)
    return run("make", "-s", "-C", folder, "cron", env={"PATH": path} | variables)


@dataclass(frozen=True)
class Project:
    """A copy of this project in its own folder, with its own `.env`."""

    folder: Path
    home: Path

    @property
    def log(self) -> str:
        """Return the log of the last run."""
        return (self.folder / "data" / "cron.log").read_text(encoding="utf-8")

    def command(self) -> str:
        """Return the line that `make cron` prints, without its time fields."""
        done = make_cron(self.folder)
        assert done.returncode == 0, done.stderr
        [line] = done.stdout.splitlines()
        fields = line.split(" ", 5)
        assert [bool(re.fullmatch(r"[\d*]+", field)) for field in fields] == [True] * 5 + [False]
        return fields[5]

    def by_hand(self) -> Done:
        """Run the line's command as cron does, to see its exit code, which cron does not show."""
        return subprocess.run(
            ["/bin/sh", "-c", self.command().replace("\\%", "%")],
            env={"HOME": str(self.home), "PATH": CRON_PATH, "PYTHONPATH": str(self.folder)},
            cwd=self.home,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
        )


def copy_of_project(folder: Path, **settings: str) -> Project:
    """Copy the project's files; the copy uses the Python packages of the tests."""
    ignored = shutil.ignore_patterns(
        ".*", "*.egg-info", "__pycache__", "benchmarks", "data", "docs", "logs", "target", "tests"
    )
    shutil.copytree(PROJECT_DIR, folder, ignore=ignored)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(BIN)
    (folder / ".venv" / ".installed").touch()
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    (folder / ".env").write_text("".join(lines), encoding="utf-8")
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return Project(folder, home)


@dataclass(frozen=True)
class Minute:
    """What the lines did that cron started."""

    good: Project
    good_warehouse: Warehouse
    overlapping: Done
    one_bad: Project
    one_bad_warehouse: Warehouse
    refused: Project
    down: Project
    keyless: Project
    earlier_warehouse: Warehouse
    earlier: list[list[tuple[object, ...]]]
    mails: list[tuple[str, list[str]]]

    def mails_of(self, project: Project) -> list[list[str]]:
        """Return the lines of each mail about a project."""
        name = f"{project.folder.parent.name}/{project.folder.name.split('%')[0]}"
        return [lines for subject, lines in self.mails if name in subject]


def why_no_cron() -> str | None:
    """Return why no cron daemon can run here, or None."""
    missing = [name for name in ("cron", "crontab", "flock", "make", "unshare")
               if shutil.which(name, path=f"/usr/sbin:/sbin:{CRON_PATH}") is None]  # fmt: skip
    if missing:
        return f"{', '.join(missing)} not installed (Debian: apt-get install cron make util-linux)"
    if os.geteuid() != 0:
        return "only root can run a cron daemon in mounts of its own"
    trial = run("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run",
                env={"PATH": f"/usr/sbin:/sbin:{CRON_PATH}"})  # fmt: skip
    if trial.returncode == 0:
        return None
    return f"mounts of one's own are not allowed here: {trial.stderr.strip()}"


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited for {seconds} seconds"
        time.sleep(0.05)


@contextmanager
def cron_daemon(base: Path, crontab: str) -> Iterator["subprocess.Popen[str]"]:
    """Run Debian's cron daemon with this crontab as root's only one."""
    (base / "mail").mkdir()
    (base / "crontab").write_text(crontab, encoding="utf-8")
    sendmail = base / "sendmail"
    sendmail.write_text(SENDMAIL.format(base=base), encoding="utf-8")
    sendmail.chmod(0o755)
    daemon = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", DAEMON, "sh", base],
        env={"PATH": f"/usr/sbin:/sbin:{CRON_PATH}"},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield daemon
    finally:
        daemon.terminate()
        daemon.wait()


def run_once(daemon: "subprocess.Popen[str]", meanwhile: Callable[[], Done], begun: Path) -> Done:
    """Start the crontab's lines, call ``meanwhile`` while they run, and wait for their end."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
    wait_until(lambda: begun.exists() or daemon.poll() is not None, 30)
    if daemon.poll() is not None:
        assert daemon.stdout is not None
        pytest.fail(f"cron ended: {daemon.stdout.read()}")
    done = meanwhile()
    wait_until(lambda: not children.read_text(), 300)
    return done


@pytest.fixture(scope="module")
def minute(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minute]:
    """All lines, started by cron at once."""
    why = why_no_cron()
    if why:
        pytest.skip(f"cron: {why}")
    months = {month: month_of_two_topics(month) for month in last_months()}
    base = tmp_path_factory.mktemp("cron")
    with ExitStack() as stack:
        good_warehouse, one_bad_warehouse = (stack.enter_context(new_warehouse()) for _ in "12")
        healthy, one_bad, down = (stack.enter_context(fake_api()) for _ in "123")
        healthy.months = one_bad.months = months
        one_bad.faults = lambda number, month: Answer(status=500) if month == [*months][2] else None
        down.faults = lambda number, month: Answer(status=500)
        earlier = stack.enter_context(loader_on(warehouse, base / "earlier"))
        earlier.api.months = months
        done = earlier.extract("run")
        assert done.returncode == 0, done.stderr

        def project(name: str, own: Warehouse, api: FakeApi, **changes: str) -> Project:
            settings = FAST | {
                "NYT_API_URL": api.url,
                "NYT_BACKOFF_SECONDS": "0.01",
                "WAREHOUSE_DIR": str(own.folder),
            }
            return copy_of_project(base / name, **settings | changes)

        good = project('good 100% & "$HOME"', good_warehouse, healthy)
        others = {
            "one_bad": project("one-bad", one_bad_warehouse, one_bad),
            "refused": project("refused", warehouse, healthy, NYT_API_KEY="wrong"),
            "down": project("down", warehouse, down),
            "keyless": project("keyless", warehouse, healthy, NYT_API_KEY=""),
        }
        before = earlier.content()
        # The same line twice: one of them finds the other at work. The packages are installed from
        # this checkout, so PYTHONPATH has to name the copy.
        crontab = [f"HOME={good.home}"]
        for each in (good, good, *others.values()):
            crontab += [f"PYTHONPATH={each.folder}", f"@reboot {each.command()}"]
        with cron_daemon(base, "".join(f"{line}\n" for line in crontab)) as daemon:
            log = good.folder / "data" / "cron.log"
            overlapping = run_once(daemon, good.by_hand, log)
        mails = []
        for path in (base / "mail").iterdir():
            mail = email.message_from_bytes(path.read_bytes())
            mails.append((str(mail["Subject"]), str(mail.get_payload()).splitlines()))
        yield Minute(good, good_warehouse, overlapping, **others,
                     one_bad_warehouse=one_bad_warehouse, earlier_warehouse=warehouse,
                     earlier=before, mails=mails)  # fmt: skip


def test_a_good_run_loads_builds_and_fits(minute: Minute) -> None:
    months = [date.fromisoformat(f"{month}-01") for month in last_months()]
    rows = minute.good_warehouse.rows
    assert rows("select archive_month, docs from raw.nyt_months order by 1") == [
        (month, 80) for month in months
    ]
    assert minute.good_warehouse.value("select sum(articles) from marts.fct_daily_articles") == 240
    assert rows("select label from marts.growing_topics") == [("Kelp Farming",)]
    assert rows("select label from marts.shrinking_topics") == [("Water Mills",)]
    assert minute.good_warehouse.value("select count(*) from growth.runs") == 1
    landed = (minute.good.folder / "data" / "nyt").glob("*.json.gz")
    assert sorted(path.name[:7] for path in landed) == last_months()


def test_a_good_run_logs_and_mails_nothing(minute: Minute) -> None:
    log = minute.good.log.splitlines()
    assert str(datetime.now().year) in log[0]
    assert "make" not in log[-1]
    for word in ("3 fetched", "topics fitted", "Growing topics", "Popular topics"):
        assert word in minute.good.log
    # The one mail is from the line that found the other at work.
    [[line]] = minute.mails_of(minute.good)
    assert "failed" not in line


def test_the_server_that_a_run_leaves_up_does_not_hold_its_lock(minute: Minute) -> None:
    assert minute.good_warehouse.server_process()
    lock = minute.good.folder / "data" / ".cron.lock"
    done = run("flock", "-n", lock, "true", env={"PATH": CRON_PATH})
    assert done.returncode == 0


def test_a_run_that_finds_another_at_work_says_so_in_one_line(minute: Minute) -> None:
    done = minute.overlapping
    assert (done.returncode, done.stderr) == (75, "")
    said = "news-growth: make update did nothing, for the one before is still at work"
    log = minute.good.folder / "data" / "cron.log"
    since = minute.good.log.splitlines()[0]
    assert done.stdout == f"{said}, since {since}; the log is {log}\n"
    [[line]] = minute.mails_of(minute.good)
    assert line.startswith(said)
    assert minute.good.log.count("3 months: ") == 1


def test_one_bad_month_is_mailed_and_the_others_are_fitted(minute: Minute) -> None:
    bad = last_months()[2]
    [[line]] = minute.mails_of(minute.one_bad)
    assert line == (
        f"news-growth: make update failed: {bad}: failed, the API failed (500); tried 6 times; "
        f"the log is {minute.one_bad.folder}/data/cron.log"
    )
    rows = minute.one_bad_warehouse.rows
    assert rows("select to_char(archive_month, 'YYYY-MM') from raw.nyt_months order by 1") == [
        (month,) for month in last_months() if month != bad
    ]
    assert rows("select label from marts.growing_topics") == [("Kelp Farming",)]


@pytest.mark.parametrize(
    ("name", "cause", "remedy"),
    [
        ("refused", "the API does not know this key (401)", "check NYT_API_KEY"),
        ("down", "the API seems to be down", "run the same command later"),
        ("keyless", "NYT_API_KEY is not set", "put it into .env"),
    ],
)
def test_a_failing_run_mails_one_clear_line_and_loses_nothing(
    minute: Minute, name: str, cause: str, remedy: str
) -> None:
    project = getattr(minute, name)
    [[line]] = minute.mails_of(project)
    assert line.startswith("news-growth: make update failed: ")
    assert cause in line
    assert remedy in line
    assert line.endswith(f"; the log is {project.folder}/data/cron.log")
    assert cause in project.log
    again = project.by_hand()
    assert again.returncode == 2
    assert (again.stdout, again.stderr) == (f"{line}\n", "")
    assert not list((project.folder / "data").glob("nyt/*.json.gz"))
    own = Loader(minute.earlier_warehouse, FakeApi(), project.folder / "data" / "nyt")
    assert own.content() == minute.earlier


def test_tables_that_fail_their_tests_are_mailed(minute: Minute) -> None:
    with minute.good_warehouse.connect() as connection:
        connection.execute(
            "delete from raw.nyt_articles "
            "where article_id = (select min(article_id) from raw.nyt_articles)"
        )
    done = minute.good.by_hand()
    assert done.returncode == 2
    assert done.stderr == ""
    assert done.stdout == (
        "news-growth: make update failed: dbt: Failure in test months_hold_their_documents "
        "(data-tests/months_hold_their_documents.sql); "
        f"the log is {minute.good.folder}/data/cron.log\n"
    )
    assert minute.good_warehouse.value("select count(*) from growth.runs") == 1


# The printed line, without a daemon

needs_flock = pytest.mark.skipif(
    shutil.which("flock") is None, reason="flock not installed, without which `make cron` refuses"
)


@needs_flock
@pytest.mark.parametrize("name", NAMES_THAT_WORK)
def test_the_line_works_in_any_folder_that_a_crontab_can_name(tmp_path: Path, name: str) -> None:
    project = project_of_makefile(tmp_path / name, "NYT_API_KEY=k\n")
    command = project.command()
    assert not re.search(r"(?<!\\)%", command)
    # In this folder the commands are missing, so the run ends at once.
    done = project.by_hand()
    assert done.returncode == 2
    assert done.stdout.endswith(f"; the log is {project.folder}/data/cron.log\n"), done
    assert ".venv/bin/extract: not found ([Makefile:" in done.stdout
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@needs_flock
@pytest.mark.parametrize("name", NAMES_THAT_CANNOT)
def test_a_folder_that_a_crontab_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    project = project_of_makefile(tmp_path / name, "NYT_API_KEY=k\n")
    done = make_cron(project.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a crontab line cannot hold the quote, backslash or line break in" in done.stderr


@needs_flock
@pytest.mark.parametrize(
    ("settings", "warned"),
    [("", True), ("#NYT_API_KEY=k\n", True), ("NYT_API_KEY=\n", True),
     ("NYT_API_KEY=k\n", False), ("export NYT_API_KEY=k\n", False),
     ("NYT_API_KEY_FILE=/k\n", False)],
)  # fmt: skip
def test_a_key_that_only_the_shell_knows_is_warned_of(
    tmp_path: Path, settings: str, warned: bool
) -> None:
    project = project_of_makefile(tmp_path / "news", settings)
    done = make_cron(project.folder, NYT_API_KEY="k")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert ("put NYT_API_KEY into .env" in done.stderr) is warned


def project_of_makefile(folder: Path, settings: str) -> Project:
    """Make a folder with a Makefile and `.env`, whose .venv lacks the commands."""
    folder.mkdir()
    shutil.copy(PROJECT_DIR / "Makefile", folder)
    shutil.copytree(PROJECT_DIR / "config", folder / "config")
    (folder / ".env").write_text(settings, encoding="utf-8")
    (folder / ".venv").mkdir()
    for name in ("requirements.lock", "pyproject.toml", ".venv/.installed"):
        (folder / name).touch()
    home = folder.parent / "home"
    home.mkdir()
    return Project(folder, home)
