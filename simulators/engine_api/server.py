# SPDX-License-Identifier: Apache-2.0
"""The engine's httpd for real clients: HTTPS on loopback, with the certificate httpd loaded.

Each request lets some simulated time pass, so that a client that polls gets on.
Imports `handler` and `install`.
"""

import contextlib
import http.server
import ssl
import tempfile
import threading
from typing import Any, Iterator

from simulators import install
from simulators.engine_api import handler, web

SECONDS = 6.0  # of simulated time, per request


@contextlib.contextmanager
def serving(world: install.World, seconds: float = SECONDS) -> Iterator[int]:
    """Answer for this world on a free port of 127.0.0.1; yields the port."""
    made = type("Handler", (_Handler,), {"world": world, "seconds": seconds})
    server = http.server.HTTPServer(("127.0.0.1", 0), made)
    server.socket = _context(world).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context(world: install.World) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with world.opened() as opened, tempfile.NamedTemporaryFile() as loaded:
        loaded.write(web.certificate(opened))
        loaded.flush()
        made.load_cert_chain(loaded.name, opened.engine(web.KEY))
    return made


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    world: install.World
    seconds: float

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        with self.world.opened() as world:
            world.advance(self.seconds)
            status, headers, data = handler.handle(
                world, self.command, self.path, dict(self.headers.items()), body
            )
        self.close_connection = True
        if not status:
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *words: Any) -> None:
        """Nobody reads it."""
