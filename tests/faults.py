"""A server that dies in the middle: a proxy before the real one, which breaks all connections."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


@contextmanager
def dying_server(server: Path, folder: Path, after: int) -> Iterator[dict[str, str]]:
    """Start a proxy that dies once clients have sent to it ``after`` times; yields libpq's
    variables for it.

    ``server`` is the folder of the real server's socket, ``folder`` the one for the proxy's.
    """
    folder.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / SOCKET))
    listener.listen()
    left = after
    ended = threading.Event()

    def serve() -> None:
        nonlocal left
        peers: dict[socket.socket, socket.socket] = {}
        while not ended.is_set():
            for ready in select.select([listener, *peers], [], [], 0.1)[0]:
                if ready is listener:
                    client, _ = listener.accept()
                    behind = socket.socket(socket.AF_UNIX)
                    behind.connect(str(server / SOCKET))
                    peers |= {client: behind, behind: client}
                    continue
                if ready not in peers:
                    continue  # already closed, with its peer
                data = b""
                with suppress(ConnectionError):
                    data = ready.recv(1 << 16)
                if data and ready.getpeername() == "":  # a client: its socket has no name
                    left -= 1
                if left < 0:
                    ended.set()
                    break
                if data:
                    with suppress(ConnectionError):
                        peers[ready].sendall(data)
                else:
                    for each in (ready, peers.pop(ready)):
                        peers.pop(each, None)
                        each.close()
        (folder / SOCKET).unlink()
        listener.close()
        for each in peers:
            each.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield {"PGHOST": str(folder), "PGUSER": "postgres", "PGDATABASE": "news"}
    finally:
        ended.set()
        thread.join()
