# SPDX-License-Identifier: Apache-2.0
"""JSON objects, one a line, over a unix socket: what qemu's monitor and its guest agent speak."""

import json
import socket
import time
from typing import Any, Dict

from simulators.vm.failure import Failed

PAUSE = 0.05


class Silent(Failed):
    """The other side said nothing in time, or hung up."""


class Line:
    """One connection. All times are seconds of this machine's monotonic clock."""

    def __init__(self, path: str, name: str, timeout: float = 30) -> None:
        self._name = name
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + timeout
        while True:
            try:
                self._socket.connect(path)
                return
            except OSError as caught:
                if time.monotonic() > end:
                    raise self._silent(str(caught)) from caught
                time.sleep(PAUSE)

    def _silent(self, cause: str) -> Silent:
        return Silent("speak with " + self._name, cause)

    def send(self, message: Dict[str, Any], before: bytes = b"") -> None:
        try:
            self._socket.sendall(before + json.dumps(message).encode() + b"\n")
        except OSError as caught:
            raise self._silent(str(caught)) from caught

    def receive(self, timeout: float) -> Dict[str, Any]:
        """The next object. Raises: Silent."""
        end = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0:
                raise self._silent("no answer in %d s" % timeout)
            self._more(left)
        line, self._buffer = self._buffer.split(b"\n", 1)
        line = line.lstrip(b"\xff").strip()
        return dict(json.loads(line.decode())) if line else {}

    def _more(self, timeout: float) -> None:
        self._socket.settimeout(timeout)
        try:
            data = self._socket.recv(65536)
        except socket.timeout:
            return
        except OSError as caught:
            raise self._silent(str(caught)) from caught
        if not data:
            raise self._silent("it hung up")
        self._buffer += data

    def forget(self) -> None:
        """Drop what came and was not read: half an answer to somebody before us."""
        self._buffer = b""

    def ask(self, order: str, timeout: float, **arguments: Any) -> Any:
        """Execute and return what comes back, passing over events. Raises: Silent, Failed."""
        message: Dict[str, Any] = {"execute": order}
        if arguments:
            message["arguments"] = arguments
        self.send(message)
        while True:
            answer = self.receive(timeout)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failed(order, "%s: %s" % (self._name, answer["error"].get("desc")))

    def close(self) -> None:
        self._socket.close()
