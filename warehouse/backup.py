"""Writes backups, each a file in pg_dump's custom format, and restores them whole or not at all."""

import errno
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from console.errors import WarehouseError
from warehouse import locks, roles
from warehouse.connect import connect, environment
from warehouse.embedded import server
from warehouse.file_errors import failure
from warehouse.files import make_folder, replacing
from warehouse.roles import SCHEMAS
from warehouse.tables import LEDGERS, distribution_script

if TYPE_CHECKING:
    import psycopg

_NAME = "news-%Y-%m-%dT%H%M%SZ.dump"
_NAMES = re.compile(r"news-\d{4}-\d{2}-\d{2}T\d{6}Z\.dump")
_REMEDY = "give another folder with --to"
# Errors of the system by which pg_dump says that its file cannot grow.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_BLOCK_BYTES = 1 << 20

# Runs before and after the backup's own statements. The ledgers, which count the requests made to
# an API, keep what they hold: a restore does not undo requests.
_BEFORE = f"""\
begin;
create schema news_growth_restore;
do $$
declare
    ledger text;
begin
    for ledger in
        select relname
        from pg_class
        where
            relnamespace = to_regnamespace('raw')
            and relkind = 'r'
            and starts_with(relname, '{LEDGERS}')
    loop
        execute format('alter table raw.%I set schema news_growth_restore', ledger);
    end loop;
end
$$;
set local client_min_messages = warning;
drop schema if exists {", ".join(SCHEMAS)} cascade;
"""
_AFTER = """
do $$
declare
    ledger text;
begin
    for ledger in
        select relname
        from pg_class
        where relnamespace = 'news_growth_restore'::regnamespace and relkind = 'r'
    loop
        execute format('drop table if exists raw.%I', ledger);
        execute format('alter table news_growth_restore.%I set schema raw', ledger);
    end loop;
end
$$;
drop schema news_growth_restore;
"""
_RESTORING = "warehouse restore, psql"
# Newer versions of pg_restore write this line, and Postgres 16 does not know the setting. The
# connection needs no time limit: it ends after the restore.
_SET_BY_NEWER_PROGRAMS = b"SET transaction_timeout = 0;\n"


@dataclass(frozen=True)
class Backup:
    """A backup that was written, the old backups that were deleted, and what to say of others."""

    path: Path
    removed: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def write_backup(folder: Path, keep: int) -> Backup:
    """Write a backup into ``folder``, then delete all but the newest ``keep``.

    Its name is the time when it was begun; it gets that name when it is complete. A missing folder
    is made. Backups dated in the future, by a clock that was ahead, are neither counted nor
    deleted. Raises WarehouseError.
    """
    # pg_dump copies functions and triggers that others have added, and does not run them.
    with connect("warehouse backup", reads_nothing=True) as connection:
        connection.autocommit = True
        locks.keep_warehouse(connection)  # not in the middle of a dbt run
        make_folder(folder, mode=0o700, remedy=_REMEDY)
        with _alone_in(folder):
            backup = Backup(_new_path(folder))
            with replacing(backup.path, mode=0o600, remedy=_REMEDY) as file:
                _dump(backup.path, file, environment(connection, "warehouse pg_dump"))
            _remove_old(backup, keep)
    return backup


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other backups out of a folder, so that each gets a name of its own."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise failure(folder, error, _REMEDY, "read") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: another backup is being written into {folder}", file=sys.stderr)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _new_path(folder: Path) -> Path:
    while True:
        path = folder / f"{datetime.now(UTC):{_NAME}}"
        if not os.path.lexists(path):
            return path
        time.sleep(0.1)  # there is one of this second


def _dump(path: Path, file: IO[bytes], env: dict[str, str]) -> None:
    # No owners and grants: roles.sql sets them. Not to pg_dump's standard output: it would append
    # there, and leave two tables of contents.
    done = subprocess.run(
        [server.client_program("pg_dump"), "--format=custom", "--no-owner",
         "--no-privileges", "--no-password", *(f"--schema={schema}" for schema in SCHEMAS),
         "--no-sync", f"--file=/dev/fd/{file.fileno()}"],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        pass_fds=[file.fileno()],
        env=env | {"LC_ALL": "C"},
        restore_signals=False,  # so that SIGXFSZ, for a file that grows too large, does not kill it
    )  # fmt: skip
    if done.returncode != 0:
        said = _reason(done.stderr.strip().splitlines())
        for code in _NO_ROOM:
            if said.startswith("could not write ") and said.endswith(os.strerror(code)):
                raise failure(path, OSError(code, os.strerror(code)), _REMEDY)
        raise WarehouseError(f"the backup failed: {said}")


def _remove_old(backup: Backup, keep: int) -> None:
    """Delete all but the newest backups."""
    try:
        found = [
            each
            for each in backup.path.parent.iterdir()
            if _NAMES.fullmatch(each.name) and each.is_file() and not each.is_symlink()
        ]
    except OSError as error:
        backup.remarks.append(f"old backups were not deleted: {error.strerror}")
        return
    later = [each for each in found if each.name > backup.path.name]
    if later:
        backup.remarks.append(
            f"dated in the future, neither counted nor deleted: {min(later)}"
            f"{f' and {len(later) - 1} more' if later[1:] else ''}"
        )
    earlier = sorted(each for each in found if each.name < backup.path.name)
    for each in earlier[: max(len(earlier) - keep + 1, 0)]:
        try:
            each.unlink(missing_ok=True)
        except OSError as error:
            backup.remarks.append(f"cannot be removed: {each} ({error.strerror})")
        else:
            backup.removed.append(each)


def check_backup(file: Path) -> None:
    """Read a backup from end to end. Raises WarehouseError where it is not one, or not whole: its
    table of contents alone would not show that its end is missing."""
    if not file.is_file():
        raise WarehouseError(f"{file} is not a file: give one of `warehouse backup`")
    broken = f"{file} is not a backup, or not a whole one; nothing was changed"
    file = file.absolute()  # a name that begins with - would be taken for an option
    listed = _run("pg_restore", ["--list", str(file)], broken)
    if not re.search(r" TABLE raw [a-z][a-z0-9]*_months ", listed):
        raise WarehouseError(f"{file} is not a backup of a warehouse; nothing was changed")
    _run("pg_restore", ["--file=/dev/null", str(file)], broken)


def restore_backup(file: Path) -> None:
    """Replace everything in the warehouse's schemas by a backup's content, in one transaction.

    Where roles are set up, each schema is restored as the role that owns it. A backup that holds
    more than tables and views is then refused: functions and the like would run with the rights of
    whoever restores. Raises WarehouseError.
    """
    with connect("warehouse restore") as connection:
        in_force = roles.are_in_force(connection)
        connection.commit()
        connection.autocommit = True
        locks.rewrite_warehouse(connection)
        with locks.say_who_is_in_the_way(connection, _RESTORING):
            _replay(
                file, _as_roles() if in_force else _AS_OWNER, environment(connection, _RESTORING)
            )
    # A new connection creates the tables that an older version's backup lacks.
    with connect("warehouse restore") as connection:
        _update_statistics(connection)


@dataclass(frozen=True)
class Step:
    """A part of a restore: SQL of ours, then the SQL that pg_restore writes with these options."""

    before: str
    options: tuple[str, ...] | None = None


_AS_OWNER = [Step(_BEFORE, ()), Step(_AFTER + distribution_script())]


def _as_roles() -> list[Step]:
    """Return the steps of a restore in which each schema's owner creates its tables and views."""
    homes: dict[roles.Role, list[str]] = {}
    for schema, role in roles.OWNERS.items():
        homes.setdefault(role, []).append(schema)
    made = "".join(
        f"create schema {schema} authorization {role};\n" for schema, role in roles.OWNERS.items()
    )
    # The transformer's views read tables of other roles.
    made += f"grant usage on schema {', '.join(roles.OWNERS)} to transformer;\n"
    steps = [Step(_BEFORE + made)]
    for section in ("pre-data", "data", "post-data"):
        for role, schemas in homes.items():
            chosen = tuple(f"--schema={schema}" for schema in schemas)
            steps.append(Step(f"set local role {role};\n", (f"--section={section}", *chosen)))
        steps.append(Step("reset role;\n" + (roles.refuse_foreign() if section != "data" else "")))
    return [*steps, Step(_AFTER + distribution_script() + roles.script())]


def _replay(file: Path, steps: Sequence[Step], env: dict[str, str]) -> None:
    """Let psql run the steps. Without the `commit` at the end all is rolled back."""
    failed = "the backup was not restored, and nothing was changed"
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [server.client_program("psql"), "--no-psqlrc", "--quiet", "--no-password",
             "--set=ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
            env=env,
        ) as psql,
    ):  # fmt: skip
        assert psql.stdin is not None
        broken = ""
        try:
            for step in steps:
                _feed(psql.stdin, step.before.encode())
                if step.options is not None:
                    broken = broken or _feed_from(file, step.options, psql.stdin)
            if not broken:
                _feed(psql.stdin, b"\ncommit;\n")
            psql.stdin.close()
        except BrokenPipeError:
            # psql has stopped at an error, which is read below. What it did not take is still
            # buffered, so closing the pipe fails once more.
            with suppress(BrokenPipeError):
                psql.stdin.close()
        except BaseException:
            psql.kill()
            raise
        psql.wait()
        # psql's error comes first: where psql stops, pg_restore fails for that reason alone.
        if psql.returncode != 0:
            raise WarehouseError(f"{failed}: {_last_error(errors)}")
        if broken:
            raise WarehouseError(f"{failed}: {broken}")


def _feed_from(file: Path, options: Sequence[str], pipe: IO[bytes]) -> str:
    """Write pg_restore's output to the pipe; return why pg_restore failed, or an empty text."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [server.client_program("pg_restore"), "--no-owner", "--no-privileges", *options,
             "--file=-", file],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        ) as restore,
    ):  # fmt: skip
        assert restore.stdout is not None
        try:
            head = restore.stdout.read(_BLOCK_BYTES).replace(_SET_BY_NEWER_PROGRAMS, b"", 1)
            _feed(pipe, head)
            while block := restore.stdout.read(_BLOCK_BYTES):
                _feed(pipe, block)
        except BaseException:
            restore.kill()
            raise
        return "" if restore.wait() == 0 else _last_error(errors)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(data)
    pipe.flush()


def _update_statistics(connection: "psycopg.Connection") -> None:
    """Analyze the restored tables: a backup does not hold the planner's statistics."""
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
    """Run a client program of Postgres, and return what it printed."""
    done = subprocess.run(
        [server.client_program(program), *arguments],
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
    """Return the first line that names an error, without the program's name."""
    errors = [line for line in lines if "error" in line.lower()] or lines or ["no message"]
    return re.sub(r"^((pg_dump|pg_restore|psql)[^ ]*: )?((error|ERROR): +)?", "", errors[0])
