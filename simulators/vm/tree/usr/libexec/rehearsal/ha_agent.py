# SPDX-License-Identifier: Apache-2.0
"""Stands in for ovirt-ha-agent: starts the engine VM when vdsm answers and maintenance allows.

It tells the broker what it sees. The real one's long gates and retries are not here: a machine
under emulation is slow enough.
"""

import socket
import time
from typing import Any, Dict

import ha_broker
import vdsm_client

PAUSE = 4
ENGINE = ("192.0.2.10", 22)
LOCAL = "/var/lib/ovirt-hosted-engine-ha/ha.conf"


def domain() -> str:
    """The engine VM's state as vdsm tells it; raises OSError where vdsm does not answer."""
    told = vdsm_client.ask("state")
    return str(told["text"]) if told["status"] == 0 else "absent"


def alive() -> bool:
    """Whether the engine itself answers: its ssh says who it is."""
    try:
        with socket.create_connection(ENGINE, timeout=2) as line:
            line.settimeout(2)
            return line.recv(4) == b"SSH-"
    except OSError:
        return False


def local_maintenance() -> bool:
    try:
        with open(LOCAL) as file:
            return "local_maintenance=True" in file.read().split()
    except OSError:
        return False


def look(allowed: bool) -> Dict[str, Any]:
    """Look after the engine VM once; return what the broker shall know."""
    state = domain()
    if state != "running" and allowed:
        print("engine VM is %s, starting it" % state, flush=True)
        print(vdsm_client.ask("create")["text"], flush=True)
        state = domain()
    if state != "running":
        return {"state": "EngineDown", "vm": "down", "health": "bad", "detail": "Down"}
    good = alive()
    return {
        "state": "EngineUp" if good else "EngineStarting",
        "vm": "up",
        "health": "good" if good else "bad",
        "detail": "Up",
    }


def turn() -> str:
    """One turn: look, tell the broker; what went wrong, if anything did."""
    wrong = ""
    try:
        known = ha_broker.tell({})
        news = look(not known["global"] and not local_maintenance())
    except (OSError, ValueError) as caught:
        wrong = "%s: %s" % (type(caught).__name__, caught)
        news = {"vm": "unknown", "health": "bad", "detail": "unknown"}
    try:
        ha_broker.tell(dict(news, seen=ha_broker.uptime(), boot=ha_broker.boot()))
    except (OSError, ValueError) as caught:
        wrong = "broker: %s" % caught
    return wrong


def main() -> None:
    said = ""
    while True:
        wrong = turn()
        if wrong and wrong != said:
            print(wrong, flush=True)
        said = wrong
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
