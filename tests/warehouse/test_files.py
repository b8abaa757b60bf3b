"""How commands write files: an existing file is never lost, and no other is touched."""

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import preloaded
import pytest
from support import OTHER_USER, PROJECT_DIR, Done, as_other_user, fill, resolved, run, small_disk

from console.errors import WarehouseError
from warehouse import files

pytestmark = pytest.mark.fast

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


def sample(folder: Path) -> Done:
    """Run `extract sample`, which writes two files into a folder and needs no warehouse."""
    command = ["extract", "sample", str(folder), "--start", "2022-01", "--end", "2022-01"]
    return preloaded.run(command, os.environ, PROJECT_DIR, timeout=60)


def refused(done: Done, *parts: str) -> None:
    """Check that a command printed one error line with these parts, and ended with code 2."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def make(kind: str, path: Path) -> str:
    """Make something that is not a regular file at a path; return what messages call it."""
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
        return "a named pipe"
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(str(path))
    elif kind == "device":
        path.symlink_to(os.devnull)
    elif kind == "dangling link":
        path.symlink_to("nowhere.csv")
        return "which is not there"
    else:
        path.symlink_to(path.name)
        return "lead in a circle"
    return f"a {kind}"


@pytest.mark.parametrize(
    "kind", ["folder", "pipe", "socket", "device", "dangling link", "link to itself"]
)
def test_only_regular_files_are_replaced(tmp_path: Path, kind: str) -> None:
    """By root too, who could replace /dev/null."""
    target = tmp_path / "truth.csv"
    called = make(kind, target)
    before = target.lstat()
    refused(sample(tmp_path), str(target), called, "give another folder")
    after = target.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"truth.csv", "2022-01.json.gz"}


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "sample", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    real = elsewhere / "real.csv"
    real.write_text("old")
    (elsewhere / "second.csv").symlink_to("real.csv")
    (folder / "truth.csv").symlink_to(Path("..") / "elsewhere" / "second.csv")
    assert sample(folder).returncode == 0
    assert (folder / "truth.csv").is_symlink() and (elsewhere / "second.csv").is_symlink()
    assert real.read_text().startswith("kind,label,")
    assert {path.name for path in elsewhere.iterdir()} == {"real.csv", "second.csv"}


@as_root
def test_a_link_of_another_users_is_not_followed(tmp_path: Path) -> None:
    """Otherwise any user of a shared folder could choose what root overwrites."""
    real = tmp_path / "passwords"
    real.write_text("root's own")
    link = tmp_path / "truth.csv"
    link.symlink_to(real)
    os.chown(link, OTHER_USER, OTHER_USER, follow_symlinks=False)
    refused(sample(tmp_path), str(link), "another user's")
    assert real.read_text() == "root's own"


@as_root
@pytest.mark.parametrize("before", ["direct", "below root's link", "new folders"])
def test_a_folder_is_not_reached_through_a_link_of_another_users(
    tmp_path: Path, before: str
) -> None:
    real, shared = tmp_path / "real", tmp_path / "shared"
    real.mkdir()
    shared.mkdir()
    link = shared / "link"
    link.symlink_to(Path("..") / "real")
    os.chown(link, OTHER_USER, OTHER_USER, follow_symlinks=False)
    folder = link
    if before == "below root's link":
        folder = tmp_path / "own"
        folder.symlink_to(link)
    elif before == "new folders":
        folder = link / "new" / "newer"
    refused(sample(folder), str(link), "a symbolic link of another user's")
    with pytest.raises(WarehouseError, match="another user's"):
        files.write(link / "report.html", b"")
    assert list(real.iterdir()) == []
    # Links of root and of this user are followed.
    os.chown(link, 0, 0, follow_symlinks=False)
    assert sample(folder).returncode == 0


@pytest.mark.parametrize("left", [0, 100_000])
def test_a_full_disk_loses_nothing_and_is_named(tmp_path: Path, left: int) -> None:
    """The disk is full before the command, or fills up while it writes."""
    with small_disk(tmp_path) as disk:
        assert sample(disk).returncode == 0
        old = (disk / "2022-01.json.gz").read_bytes()
        fill(disk, left)
        names = {path.name for path in disk.iterdir()}
        done = sample(disk)
        refused(
            done, f"{disk}/2022-01.json.gz", f"the disk of {disk} (mounted at {disk}) is full",
            "0 MB free", "give another folder",
        )  # fmt: skip
        assert {path.name for path in disk.iterdir()} == names
        assert (disk / "2022-01.json.gz").read_bytes() == old
        refused(sample(disk / "new" / "folder"), f"mounted at {disk}) is full")


def test_a_read_only_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        (disk / "truth.csv").write_text("old")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for folder in (disk, disk / "new"):
            refused(sample(folder), f"(mounted at {disk}) is read-only")
        assert [path.name for path in disk.iterdir()] == ["truth.csv"]


def test_what_is_wrong_with_a_path_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, why in (
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "file", "it is not a folder"),
        (tmp_path / "file" / "deeper", f"{tmp_path / 'file'} is not a folder"),
    ):
        refused(sample(folder), str(folder), why, "give another folder")
    for path, why in (
        (tmp_path / "a\0b", "no path can hold"),
        (tmp_path / "none" / "file", f"there is no folder {tmp_path / 'none'}"),
        (Path(), "a folder"),
        (Path("/"), "a folder"),
    ):
        with pytest.raises(WarehouseError, match=why):
            files.write(path, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@as_root
def test_a_folder_without_the_right_to_write_is_named(shared: Path) -> None:
    said = as_other_user(lambda: files.write(shared / "page.html", b"new"))
    assert said.startswith(f"{shared}/page.html cannot be written: this user may not write in ")
    assert list(shared.iterdir()) == []
    closed = shared / "closed"
    closed.mkdir(mode=0o700)
    for path in (closed / "page.html", closed / "deeper" / "page.html"):
        said = as_other_user(lambda path=path: files.write(path, b"new"))  # type: ignore[misc]
        assert said.startswith(f"{path} cannot be written: this user may not write in {closed} (")
    said = as_other_user(lambda: files.make_folder(closed / "deeper"))
    assert said.startswith(f"{closed}/deeper cannot be made: this user may not write in {closed} (")


def test_a_file_that_may_not_grow_is_as_it_was(tmp_path: Path) -> None:
    assert sample(tmp_path).returncode == 0
    old = (tmp_path / "2022-01.json.gz").read_bytes()
    names = {path.name for path in tmp_path.iterdir()}
    command = ["extract", "sample", str(tmp_path), "--start", "2022-01", "--end", "2022-01"]
    shell = ["sh", "-c", 'ulimit -f 8 && exec "$@"', "sh", *map(str, resolved(command))]
    # The limit would cut off Python's compiled files too.
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    refused(run(*shell, env=env), "File too large", "ulimit -f")
    assert {path.name for path in tmp_path.iterdir()} == names
    assert (tmp_path / "2022-01.json.gz").read_bytes() == old


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError])
def test_whatever_interrupts_a_writer_leaves_the_old_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    with pytest.raises(error) as raised, files.replacing(target) as file:
        file.write(b"new" * 100_000)
        raise error("of the content, not of the file")
    assert type(raised.value) is error
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_an_unfinished_file_is_nobody_elses_and_a_finished_one_whose_it_was(
    tmp_path: Path,
) -> None:
    before = os.umask(0o027)
    try:
        target = tmp_path / "page.html"
        for mode in (None, 0o600, 0o666):
            if mode:
                target.chmod(mode)
            with files.replacing(target) as file:
                [unfinished] = [path for path in tmp_path.iterdir() if path != target]
                assert unfinished.stat().st_mode & 0o777 == 0o600
                file.write(b"new")
            assert target.stat().st_mode & 0o777 == (mode or 0o640)
    finally:
        os.umask(before)


@as_root
def test_a_file_for_a_group_is_not_opened_to_another(shared: Path) -> None:
    """Where the group cannot be kept, the new group does not get the old one's rights."""
    shared.chmod(0o777)
    target = shared / "page.html"
    target.write_text("old")
    target.chmod(0o660)
    os.chown(target, OTHER_USER, 4321)
    assert as_other_user(lambda: files.write(target, b"new")) == ""
    assert target.read_text() == "new"
    assert target.stat().st_gid == OTHER_USER and target.stat().st_mode & 0o777 == 0o600
    # Root can keep the group.
    os.chown(target, 0, 4321)
    target.chmod(0o640)
    files.write(target, b"newer")
    assert target.stat().st_gid == 4321 and target.stat().st_mode & 0o777 == 0o640


def test_what_a_killed_writer_leaves_the_next_one_removes(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_text("old")
    process = os.fork()
    if not process:
        with files.replacing(target) as file:
            file.write(b"new" * 100_000)
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process, 0)
    assert target.read_text() == "old"
    [left] = [path for path in tmp_path.iterdir() if path != target]
    mine = tmp_path / ".news-growth-notes.part"
    mine.write_text("of the reader's own")
    with files.replacing(target) as file:
        assert not left.exists()
        file.write(b"of a living writer")
        files.write(tmp_path / "other.html", b"beside it")
    assert target.read_text() == "of a living writer"
    assert {path.name for path in tmp_path.iterdir()} == {target.name, "other.html", mine.name}


def test_files_that_belong_together_appear_together(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    paths[0].write_text("old")

    def write_all(spoil: Callable[[], object] = lambda: None) -> None:
        with files.replacing_together(paths) as together:
            for file in together:
                file.write(b"new")
            spoil()

    with pytest.raises(WarehouseError, match="c is a folder"):
        write_all(paths[2].mkdir)
    paths[2].rmdir()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    write_all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    assert {path.read_text() for path in paths} == {"new"}


@as_root
def test_files_that_belong_together_are_put_back_together(shared: Path) -> None:
    """In a folder like /tmp, users cannot replace each other's files."""
    shared.chmod(0o1777)
    paths = [shared / name for name in ("a", "b", "c")]
    for path in (paths[0], paths[2]):
        path.write_text("old")
    os.chown(paths[0], OTHER_USER, OTHER_USER)

    def write_all() -> None:
        with files.replacing_together(paths) as together:
            for file in together:
                file.write(b"new")

    assert as_other_user(write_all).startswith(f"{paths[2]} cannot be written: ")
    assert {path.name: path.read_text() for path in shared.iterdir()} == {"a": "old", "c": "old"}


@as_root
def test_root_writes_for_an_owner_into_their_own_folder_alone(tmp_path: Path) -> None:
    owner = (OTHER_USER, OTHER_USER)
    theirs, stranger = tmp_path / "theirs", tmp_path / "stranger"
    for folder in (theirs, stranger):
        folder.mkdir()
    os.chown(theirs, *owner)
    roots = tmp_path / "roots.conf"
    roots.write_text("root's own")
    files.write(theirs / "new.conf", b"new", owner=owner)
    assert (theirs / "new.conf").stat().st_uid == OTHER_USER
    (theirs / "linked.conf").symlink_to(roots)
    (tmp_path / "linked").symlink_to(theirs)
    for path, why in (
        (theirs / "linked.conf", "a symbolic link"),
        (stranger / "new.conf", "a folder that is not the user's"),
        (tmp_path / "linked" / "new.conf", "not a folder"),
    ):
        with pytest.raises(WarehouseError, match=why):
            files.write(path, b"new", owner=owner)
    assert roots.read_text() == "root's own" and roots.stat().st_uid == 0
    assert list(stranger.iterdir()) == []
    assert {path.name for path in theirs.iterdir()} == {"new.conf", "linked.conf"}


def test_a_file_is_on_the_disk_before_it_takes_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a power cut leaves the old file or the whole new one."""
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def recorded_sync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def recorded_rename(source: str, target: str, **folders: int | None) -> None:
        steps.append("name")
        rename(source, target, **folders)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(os, "rename", recorded_rename)
    files.write(tmp_path / "page.html", b"new")
    assert steps == ["file", "name", "folder"]


def test_a_path_may_hold_any_byte(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n-caf\xe9"))
    done = sample(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1 and r"\udcff\n-caf\udce9" in done.stdout
    assert len(list(folder.iterdir())) == 2
    (folder / "truth.csv").unlink()
    (folder / "truth.csv").mkdir()
    refused(sample(folder), "truth.csv is a folder")


def test_no_module_writes_files_by_itself() -> None:
    """All files that users keep are written by warehouse/files.py. `make columns` writes files of
    the project itself."""
    own_way = {
        "growth/generate.py",
        "warehouse/unfinished_file.py",
        *(f"warehouse/embedded/{name}.py" for name in ("folders", "as_root")),
    }
    writing = (".write_text(", ".write_bytes(", "mkstemp(", "NamedTemporaryFile(", '.open("w',
               '.open("a', "os.replace(", ".rename(")  # fmt: skip
    found = {
        str(path.relative_to(PROJECT_DIR))
        for package in ("console", "warehouse", "extract", "growth", "flows")
        for path in (PROJECT_DIR / package).rglob("*.py")
        if any(each in path.read_text(encoding="utf-8") for each in writing)
    }
    assert found == own_way
