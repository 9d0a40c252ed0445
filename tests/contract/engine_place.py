# SPDX-License-Identifier: Apache-2.0
"""How a real client finds the simulated engine by its name: a proxy that knows where it is.

The client speaks TLS with the engine itself and checks its name; the proxy only joins the two.
"""

import contextlib
import select
import socket
import threading
from typing import Iterator, Optional

ENGINE = "virt-he.example.test"


@contextlib.contextmanager
def proxy(port: int, name: str = ENGINE) -> Iterator[str]:
    """Lead CONNECT `name`:443 to that port of 127.0.0.1; yields the proxy's address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        threading.Thread(target=_serve, args=(listener, port, name), daemon=True).start()
        yield "http://127.0.0.1:%d" % listener.getsockname()[1]
        # A thread that waits in accept() is not woken by close().
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, port: int, name: str) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(client, port, name), daemon=True).start()


def _join(client: socket.socket, port: int, name: str) -> None:
    with contextlib.suppress(OSError), client:
        wanted = client.recv(4096).split(b" ")[1]
        if wanted != b"%s:443" % name.encode():
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as engine:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(client, engine)


def _pass_on(client: socket.socket, engine: socket.socket) -> None:
    other = {client: engine, engine: client}
    while True:
        for one in select.select([client, engine], [], [], 30)[0]:
            data: Optional[bytes] = one.recv(65536)
            if not data:
                return
            other[one].sendall(data)
