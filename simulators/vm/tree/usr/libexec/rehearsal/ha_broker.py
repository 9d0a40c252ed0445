# SPDX-License-Identifier: Apache-2.0
"""Stands in for ovirt-ha-broker and the shared storage behind it: keeps what the agent tells.

Asked on its socket with one JSON line: an empty object reads, any other is written first.
"""

import json
import os
import socket
from typing import Any, Dict

SOCKET = "/run/ovirt-hosted-engine-ha/broker.socket"
STORAGE = "/var/lib/ovirt-hosted-engine-ha/shared.json"
FRESH = {"global": False, "state": "EngineDown", "vm": "down", "health": "bad", "detail": "Down"}


def tell(news: Dict[str, Any]) -> Dict[str, Any]:
    """The other side: write what is in `news`, return all that is known."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(SOCKET)
        line.sendall(json.dumps(news).encode() + b"\n")
        return dict(json.loads(line.makefile().readline()))


def uptime() -> float:
    """Seconds since the boot: what the agent saw is fresh or stale by this, never by the clock."""
    with open("/proc/uptime") as file:
        return float(file.read().split()[0])


def boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def load() -> Dict[str, Any]:
    try:
        with open(STORAGE) as file:
            return dict(FRESH, **json.load(file))
    except (OSError, ValueError):
        return dict(FRESH)


def keep(known: Dict[str, Any]) -> None:
    """Shared storage outlives a power cut, so this does."""
    with open(STORAGE + ".new", "w") as file:
        json.dump(known, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(STORAGE + ".new", STORAGE)


def answer(line: socket.socket) -> None:
    line.settimeout(10)
    news = json.loads(line.makefile().readline())
    known = load()
    if news:
        known.update(news)
        keep(known)
    line.sendall(json.dumps(known).encode() + b"\n")


def main() -> None:
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(SOCKET)
        listening.listen(16)
        while True:
            line, _ = listening.accept()
            with line:
                try:
                    answer(line)
                except (OSError, ValueError) as caught:
                    print("%s" % caught, flush=True)


if __name__ == "__main__":
    main()
