# SPDX-License-Identifier: Apache-2.0
"""A small NTP server on loopback that serves a machine's true time. Reads no clock's date.

The machine sees it at 10.0.2.2. A second chronyd inside would share the machine's clock.
"""

import socket
import struct
import threading
from typing import Callable, Tuple

SINCE_1900 = 2208988800  # RFC 5905: seconds from 1900 to 1970
STRATUM = 2
PRECISION = -20  # a microsecond, as a power of two


class Server:
    """Answers until `close`, but for as long as it is `silent`; `served` counts."""

    def __init__(self, true: Callable[[], float], port: int = 0) -> None:
        self._true = true
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.served = 0
        self.silent = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            if len(question) == 0:
                return
            if len(question) >= 48 and not self.silent:
                self._answer(question, client)

    def _answer(self, question: bytes, client: Tuple[str, int]) -> None:
        received = self._true()
        version, poll = question[0] >> 3 & 7, min(question[2], 17)
        head = struct.pack("!BBbb", version << 3 | 4, STRATUM, poll, PRECISION)
        # Root delay, root dispersion (1/256 s) and a reference nobody else uses.
        head += struct.pack("!II4s", 0, 0x100, b"SIM\0") + stamp(received - 1)
        self._socket.sendto(head + question[40:48] + stamp(received) + stamp(self._true()), client)
        self.served += 1

    def close(self) -> None:
        # A thread in recvfrom does not notice that its socket is closed: wake it up first.
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


def stamp(seconds: float) -> bytes:
    """Seconds since 1970 as the 64 bits of NTP (RFC 5905, section 6)."""
    whole = int(seconds)
    return struct.pack("!II", (whole + SINCE_1900) % 2**32, int((seconds - whole) * 2**32))
