# SPDX-License-Identifier: Apache-2.0
"""What agent, broker and `hosted-engine` share: maintenance, published status, files, logs.

Imports `settings`, `names`, `engine_vm` and `vdsm` (to append to a file).
"""

import os
import time

from simulators import names, settings, vdsm
from simulators.world import World

VERSIONS = {"el7": "2.3.6", "el8": "2.4.10", "el9": "2.5.0"}
HA_CONF = "/var/lib/ovirt-hosted-engine-ha/ha.conf"
RUN = "/run/ovirt-hosted-engine-ha"
SOCKET = RUN + "/broker.socket"
VM_CONF = RUN + "/vm.conf"
LOGS = "/var/log/ovirt-hosted-engine-ha/"
BASE_SCORE = 3400


def fresh() -> dict:
    return {
        "global": False,
        "acquired": False,
        "storage": True,
        "seconds": {"acquire": 28.0},
        "host": {
            "ts": 0,
            "conf": 0,
            "score": 0,
            "state": "AgentStopped",
            "stopped": True,
            "maintenance": False,
            "wall": 0.0,
        },
    }


def local_maintenance(world: World) -> bool:
    return settings.read(world.node(HA_CONF)).get("local_maintenance") == "True"


def set_local_maintenance(world: World, on: bool) -> None:
    word = str(on)
    settings.write(
        world.node(HA_CONF), {"local_maintenance": word, "local_maintenance_manual": word}
    )


def loops_before_storage(world: World) -> bool:
    """Agent 2.5 and later stays away from storage altogether in local maintenance."""
    return bool(world.state["release"] not in ("el7", "el8"))


def broker_answers(world: World) -> bool:
    return os.path.exists(world.node(SOCKET))


def vm_conf_readable(world: World) -> bool:
    return os.path.exists(world.node(VM_CONF))


def write_vm_conf(world: World) -> None:
    target = world.node(VM_CONF)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w") as file:
        file.write("vmId=%s\nmemSize=16384\nvmName=%s\n" % (names.VM_ID, names.DOMAIN))
    world.state["ha"]["host"]["conf"] = int(world.uptime)


def publish(world: World, state: str, score: int) -> None:
    world.state["ha"]["host"].update(
        ts=int(world.uptime),
        wall=world.wall(),
        state=state,
        score=score,
        stopped=False,
        maintenance=state == "LocalMaintenance",
    )


def engine_status(world: World) -> dict:
    """What the broker's engine-health monitor reports of the domain."""
    vm = world.state["vm"]
    if vm["state"] == "running" and vm["healthy"]:
        return {"vm": "up", "health": "good", "detail": "Up"}
    if vm["state"] == "running":
        detail = "Powering down" if vm["shutting"] else ("Up" if vm["ssh"] else "Powering up")
        return {"reason": "failed liveliness check", "health": "bad", "vm": "up", "detail": detail}
    if vm["state"] == "paused":
        detail = "Paused" if world.uptime - vm["since"] > 5 else "WaitForLaunch"
        return {"reason": "bad vm status", "health": "bad", "vm": "up", "detail": detail}
    if vm["down"]:
        return {
            "reason": "bad vm status",
            "health": "bad",
            "vm": "down_unexpected",
            "detail": "Down",
        }
    return {
        "reason": "vm not running on this host",
        "health": "bad",
        "vm": "down",
        "detail": "unknown",
    }


def log(world: World, service: str, level: str, logger: str, message: str) -> None:
    """A line of agent.log or broker.log; errors also go to the journal by syslog."""
    now = world.wall()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    full = "ovirt_hosted_engine_ha." + logger
    line = "MainThread::%s::%s,%03d::%s::%d::%s::(%s) %s\n" % (
        level,
        stamp,
        int(now % 1 * 1000),
        logger.split(".")[-2],
        100 + len(message),
        full,
        "run",
        message,
    )
    vdsm.append(world, LOGS + service + ".log", line)
    if level in ("ERROR", "CRITICAL"):
        program = "ovirt-ha-" + service
        world.log(
            "%s %s %s %s" % (program, full, level, message),
            unit=program + ".service",
            identifier=program,
            priority=3,
        )


def power_lost(world: World) -> None:
    """A boot: sanlock holds no host id, and nothing has been published since."""
    world.state["ha"]["acquired"] = False
    world.state["ha"]["host"] = fresh()["host"]
