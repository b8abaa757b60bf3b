"""The command line `warehouse`: the embedded server, roles, backups."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from console.arguments import AsJson
from console.command_line import command_line, run
from console.errors import WarehouseError
from console.messages import print_json, print_path, say
from console.text import visible
from warehouse.connect import libpq_environment, use_warehouse
from warehouse.embedded import server
from warehouse.settings import PROJECT_DIR, load_settings, uses_embedded_server, warehouse_dir

app = command_line(
    "Start, stop and reach the warehouse: an embedded Postgres server, or your own (PGHOST)."
)


@app.command()
def start() -> None:
    """Start the embedded server; it stays up until `warehouse stop`."""
    load_settings()
    if not uses_embedded_server():
        say(f"PGHOST is {os.environ['PGHOST']}: your own server, nothing to start")
        return
    say(f"{'started' if server.start() else 'already running'}: {warehouse_dir()}")


@app.command()
def stop() -> None:
    """Stop the embedded server; what it stores stays."""
    load_settings()
    if not uses_embedded_server():
        say(f"PGHOST is {os.environ['PGHOST']}: your own server, nothing to stop")
        return
    say(f"{'stopped' if server.stop() else 'not running'}: {warehouse_dir()}")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which server is used and whether it runs."""
    load_settings()
    if uses_embedded_server():
        state = {
            "server": "embedded",
            "folder": str(warehouse_dir()),
            "running": server.is_running(),
        }
    else:
        from warehouse.connect import connect

        connect("warehouse status").close()
        state = {"server": "own", "host": os.environ["PGHOST"], "running": True}
    if as_json:
        print_json(state)
        return
    running = "running" if state["running"] else "stopped"
    where = state.get("folder") or state.get("host")
    typer.echo(visible(f"{state['server']} server, {running}: {where}"))


@app.command()
def env() -> None:
    """Print the export lines of libpq's variables, a password included:  eval "$(warehouse env)"

    Starts the embedded server if it is down. Variables of libpq that would lead away from it, or
    change how it answers, are unset.
    """
    taken = use_warehouse()
    if os.environ.get("PGSERVICE"):  # with PGHOST too, it would lead psql elsewhere
        taken.append("PGSERVICE")
    for name in filter(str.isidentifier, taken):
        typer.echo(f"unset {name}")
    for name, value in libpq_environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse; arguments after `--` are passed on to psql."""
    use_warehouse()
    # With PGSERVICE psql would follow a service file, where all other commands follow PGHOST.
    os.environ.pop("PGSERVICE", None)
    program = server.client_program("psql")
    os.execv(program, [str(program), *context.args])


@app.command()
def remove(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the embedded server with everything stored in it.

    Other files in its folder stay.
    """
    load_settings()
    if not uses_embedded_server():
        raise WarehouseError(f"PGHOST is {os.environ['PGHOST']}: your own server stays as it is")
    if not yes:
        typer.confirm(f"Delete {visible(str(warehouse_dir()))}{_what_it_holds()}?", abort=True)
    left = server.remove()
    say(f"removed: {warehouse_dir()}")
    if left:
        say(f"not deleted, because it is not the warehouse's: {', '.join(left)}")


def _what_it_holds() -> str:
    """Return what the embedded server stores; starts it to find out."""
    from warehouse.connect import connect
    from warehouse.contents import holdings

    if server.find() is None:
        return ", in which nothing is stored"
    try:
        with connect("warehouse remove") as connection:
            stored = holdings(connection)
    except WarehouseError as error:
        return f" and everything stored in it, which cannot be read ({error})"
    return f" and everything stored in it: {stored or 'nothing'}"


@app.command()
def roles() -> None:
    """Set up the roles loader, transformer, modeller and analyst, each with what it needs.

    Needs a superuser, or the database's owner with CREATEROLE. Can be repeated. Afterwards a person
    gets a login with: create role anna login password '...' in role analyst
    """
    from warehouse.role_setup import set_up

    set_up()
    say(
        "the roles are set up: loader, transformer, modeller, analyst; a person's login: "
        "warehouse psql -c \"create role anna login password '...' in role analyst\""
    )


DEFAULT_BACKUP_DIR = PROJECT_DIR / "data" / "backups"


@app.command()
def backup(
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder of the backups.",
            show_default="data/backups, beside the project's files",
        ),
    ] = DEFAULT_BACKUP_DIR,
    keep: Annotated[
        int, typer.Option(min=1, help="Backups to keep in the folder: the newest.")
    ] = 7,
) -> None:
    """Write all that the warehouse holds into a dated file, and print its name.

    Files that `extract` has fetched (data/nyt) are not in it, nor are logins.
    """
    from warehouse.backup import write_backup

    written = write_backup(to, keep)
    for path in written.removed:
        say(f"removed: {path}")
    for remark in written.remarks:
        say(remark)
    print_path(written.path)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of `warehouse backup`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Replace all that the warehouse holds by a backup's content: all of it, or nothing.

    Where anything is stored, it names the server and how much that is, and asks first. The count
    of today's requests to the API stays.
    """
    from warehouse.backup import check_backup, restore_backup
    from warehouse.connect import connect
    from warehouse.contents import dependents, holdings, place

    check_backup(file)
    with connect("warehouse restore") as connection:
        where, stored = place(connection), holdings(connection)
        others = dependents(connection)
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        stored += f"; what others have built on it goes too: {others[0]}{more}"
    if stored:
        if yes:
            say(f"replacing what {where} holds: {stored}")
        else:
            typer.confirm(f"Replace what {where} holds ({stored}) by {file}?", abort=True)
    restore_backup(file)
    say(f"restored: {file}")


def main() -> None:
    """Run the command line."""
    run(app)
