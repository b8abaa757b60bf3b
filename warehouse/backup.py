"""Backups: one file of pg_dump's custom format each, restored all or not at all."""

import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from warehouse import embedded, locks, roles
from warehouse.connect import connect, distribution_script
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import psycopg

SCHEMAS = ("raw", "growth", "staging", "intermediate", "marts")

_NAME = "news-%Y-%m-%dT%H%M%SZ.dump"
_NAMES = re.compile(r"news-\d{4}-\d{2}-\d{2}T\d{6}Z\.dump")
_UNFINISHED = (".news-", ".part")
_UNFINISHED_SECONDS = 24 * 60 * 60
_BLOCK_BYTES = 1 << 20

# Before the backup's own statements, and after them. The requests made to the API are a fact that
# no restore undoes: where they are counted, the count stays.
_BEFORE = """\
begin;
do $$
begin
    if to_regclass('raw.ratelimit___nyt_requests') is not null then
        create schema news_growth_restore;
        alter table raw.ratelimit___nyt_requests set schema news_growth_restore;
    end if;
end
$$;
set local client_min_messages = warning;
drop schema if exists raw, growth, staging, intermediate, marts cascade;
"""
_AFTER = """
do $$
begin
    if to_regnamespace('news_growth_restore') is not null then
        drop table if exists raw.ratelimit___nyt_requests;
        alter table news_growth_restore.ratelimit___nyt_requests set schema raw;
        drop schema news_growth_restore;
    end if;
end
$$;
"""
# Postgres 16 does not know it, and the connection is about to end.
_SET_BY_NEWER_PROGRAMS = b"SET transaction_timeout = 0;\n"


@dataclass(frozen=True)
class Backup:
    """A written backup, and the old ones that were removed."""

    path: Path
    removed: list[Path]


def write_backup(folder: Path, keep: int) -> Backup:
    """Write a backup into ``folder``, then remove all but the newest ``keep``.

    It gets its name when it is complete; its folder is made if absent. Raises WarehouseError.
    """
    with connect("warehouse backup") as connection:
        connection.autocommit = True
        locks.keep_warehouse(connection)  # no half of a dbt run
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove_unfinished(folder)
            path = _dump(folder)
            old = sorted(each for each in folder.iterdir() if _NAMES.fullmatch(each.name))[:-keep]
            for each in old:
                each.unlink(missing_ok=True)
        except OSError as error:
            raise WarehouseError(
                f"the backup cannot be written to {folder}: {error.strerror}; give another folder "
                "with --to"
            ) from None
    return Backup(path, old)


def _dump(folder: Path) -> Path:
    prefix, suffix = _UNFINISHED
    with tempfile.NamedTemporaryFile(
        dir=folder, prefix=prefix, suffix=suffix, delete=False
    ) as file:
        unfinished = Path(file.name)
    try:
        # Owners and grants are the server's matter: roles.sql knows them.
        _run(
            "pg_dump",
            ["--format=custom", "--no-owner", "--no-privileges", "--no-password",
             *(f"--schema={schema}" for schema in SCHEMAS), f"--file={unfinished}"],
            "the backup failed",
        )  # fmt: skip
        path = folder / f"{datetime.now(UTC):{_NAME}}"
        while path.exists():  # the last one is of this second
            time.sleep(0.1)
            path = folder / f"{datetime.now(UTC):{_NAME}}"
        return unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    """Remove what backups have left that were killed, not what one is writing now."""
    prefix, suffix = _UNFINISHED
    for path in folder.glob(f"{prefix}*{suffix}"):
        if path.stat().st_mtime < time.time() - _UNFINISHED_SECONDS:
            path.unlink(missing_ok=True)


def check_backup(file: Path) -> None:
    """Read a backup from one end to the other. Raises WarehouseError where it is none or not whole.

    Its table of contents alone would not show that its end is missing.
    """
    if not file.is_file():
        raise WarehouseError(f"{file} is not a file: give one of `warehouse backup`")
    broken = f"{file} is no backup, or not a whole one, and nothing was changed"
    listed = _run("pg_restore", ["--list", str(file)], broken)
    if " TABLE raw nyt_months " not in listed:
        raise WarehouseError(f"{file} is not a backup of a warehouse; nothing was changed")
    _run("pg_restore", ["--file=/dev/null", str(file)], broken)


def holds_data() -> bool:
    """Tell whether months or fits are stored."""
    with connect("warehouse restore") as connection:
        found = connection.execute(
            "select where exists (select from raw.nyt_months) or exists (select from growth.runs)"
        )
        return found.rowcount > 0


def restore_backup(file: Path) -> None:
    """Replace everything in the warehouse's schemas by a backup's content, in one transaction.

    Where roles are in force they own and may do afterwards what they did. Raises WarehouseError.
    """
    with connect("warehouse restore") as connection:
        in_force = roles.are_in_force(connection)
        connection.commit()
        connection.autocommit = True
        locks.rewrite_warehouse(connection)
        _replay(file, _AFTER + distribution_script() + (roles.script() if in_force else ""))
    with connect(
        "warehouse restore"
    ) as connection:  # creates tables that the backup is too old for
        _update_statistics(connection)


def _replay(file: Path, after: str) -> None:
    """Let psql run what pg_restore writes; what is not followed by `commit` is rolled back."""
    failed = "the backup was not restored, and nothing was changed"
    with (
        tempfile.TemporaryFile() as restore_errors,
        tempfile.TemporaryFile() as psql_errors,
        subprocess.Popen(
            [embedded.client_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-",
             file],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=restore_errors,
        ) as restore,
        subprocess.Popen(
            [embedded.client_program("psql"), "--no-psqlrc", "--quiet", "--no-password",
             "--set=ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=psql_errors,
        ) as psql,
    ):  # fmt: skip
        assert restore.stdout is not None
        assert psql.stdin is not None
        try:
            _feed(psql.stdin, _BEFORE.encode())
            head = restore.stdout.read(_BLOCK_BYTES).replace(_SET_BY_NEWER_PROGRAMS, b"", 1)
            _feed(psql.stdin, head)
            while block := restore.stdout.read(_BLOCK_BYTES):
                _feed(psql.stdin, block)
            if restore.wait() == 0:
                _feed(psql.stdin, f"{after}\ncommit;\n".encode())
            psql.stdin.close()
        except BrokenPipeError:
            pass  # psql has stopped at an error, and says so
        except BaseException:
            psql.kill()
            restore.kill()
            raise
        finally:
            restore.stdout.close()
        psql.wait()
        restore.wait()
        # Where psql stopped, pg_restore could but break off: its complaint says nothing.
        if psql.returncode != 0:
            raise WarehouseError(f"{failed}: {_last_error(psql_errors)}")
        if restore.returncode != 0:
            raise WarehouseError(f"{failed}: {_last_error(restore_errors)}")


def _feed(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(data)
    pipe.flush()


def _update_statistics(connection: "psycopg.Connection") -> None:
    """Let the planner know what was restored; a dump does not hold its statistics."""
    connection.autocommit = True
    rows = connection.execute(
        """
        select format('analyze %%I.%%I', schemaname, tablename)
        from pg_tables
        where schemaname = any(%s)
        """,
        [list(SCHEMAS)],
    ).fetchall()
    for (statement,) in rows:
        connection.execute(statement)


def _run(program: str, arguments: list[str], failure: str) -> str:
    """Run a client program of Postgres on the warehouse that libpq's variables name."""
    done = subprocess.run(
        [embedded.client_program(program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise WarehouseError(f"{failure}: {_reason(lines)}")
    return done.stdout


def _last_error(file: IO[bytes]) -> str:
    file.seek(0)
    return _reason(file.read().decode(errors="replace").strip().splitlines())


def _reason(lines: list[str]) -> str:
    """Return the first line that tells of an error, without the program's name."""
    errors = [line for line in lines if "error" in line.lower()] or lines or ["no message"]
    return re.sub(r"^((pg_dump|pg_restore|psql)[^ ]*: )?((error|ERROR): +)?", "", errors[0])
