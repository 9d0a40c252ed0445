# SPDX-License-Identifier: Apache-2.0
"""A real TLS server on loopback that demands a client certificate, as vdsm does."""

import contextlib
import socket
import ssl
import threading
import warnings
from typing import Iterator


def supports(version: str) -> bool:
    return version == "1.2" or bool(getattr(ssl, "HAS_TLSv1_3", False))


def context(certificate: str, key: str, ca: str, version: str) -> ssl.SSLContext:
    """A server that asks its client for a certificate, with TLS up to that version."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(ca)
    made.verify_mode = ssl.CERT_REQUIRED
    limit(made, version)
    return made


def limit(made: ssl.SSLContext, version: str) -> None:
    """Speak TLS up to that version."""
    if version == "1.2":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # 3.6 has no other way
            made.options |= getattr(ssl, "OP_NO_TLSv1_3", 0)


@contextlib.contextmanager
def serving(made: ssl.SSLContext) -> Iterator[int]:
    """Answer on a free port of 127.0.0.1, one connection after the other."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        threading.Thread(target=_serve, args=(listener, made), daemon=True).start()
        yield int(listener.getsockname()[1])
        # A thread that waits in accept() is not woken by close().
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, made: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(20)
        with contextlib.suppress(OSError), made.wrap_socket(
            connection, server_side=True
        ) as secured:
            secured.recv(1)
