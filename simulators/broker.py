# SPDX-License-Identifier: Apache-2.0
"""ovirt-ha-broker: needs vdsm by TLS within 60 s; its runtime directory goes with it.

Imports `ha`, `vdsm` and `units`.
"""

import os

from simulators import ha, units, vdsm
from simulators.world import World

UNIT = "ovirt-ha-broker.service"
LIMIT = 60.0
NEVER = "Couldn't  connect to VDSM within 60 seconds"


def fresh() -> dict:
    return {"since": 0.0, "ready": 0.0}


def start(world: World, unit: str) -> None:
    world.state["broker"] = {"since": world.uptime, "ready": 0.0}
    _remove_runtime(world)
    os.makedirs(world.node(ha.RUN), exist_ok=True)
    _log(
        world,
        "INFO",
        "broker.Broker",
        "ovirt-hosted-engine-ha broker %s started" % ha.VERSIONS[world.state["release"]],
    )
    world.cancel("broker-poll")
    world.schedule(2.0, "broker-poll")


def stopped(world: World, unit: str) -> None:
    world.cancel("broker-poll")
    _remove_runtime(world)


def _remove_runtime(world: World) -> None:
    """RuntimeDirectory= takes vm.conf along with the socket."""
    folder = world.node(ha.RUN)
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def poll(world: World, data: dict) -> None:
    """The event: one more attempt to reach vdsm."""
    answer = vdsm.ask(world)
    if answer.kind == "ok":
        world.state["broker"]["ready"] = world.uptime
        with open(world.node(ha.SOCKET), "w"):
            pass
        _log(world, "INFO", "broker.Broker", "Broker initialized, all submonitors started")
    elif world.uptime - world.state["broker"]["since"] < LIMIT or answer.kind == "recovering":
        world.schedule(2.0, "broker-poll")
    else:
        _give_up(world)


def _give_up(world: World) -> None:
    _log(
        world,
        "WARNING",
        "broker.storage_broker.StorageBroker",
        "Can't connect vdsm storage: %s " % NEVER,
    )
    _log(world, "ERROR", "broker.Broker", "Failed initializing the broker: " + NEVER)
    _log(world, "ERROR", "broker.Broker", "Trying to restart the broker")
    units.exited(world, UNIT, 1)


def _log(world: World, level: str, logger: str, message: str) -> None:
    ha.log(world, "broker", level, logger, message)


def live(world: World) -> bool:
    """Is this host's block "up-to-date" in the broker's eyes? Not in its first minute."""
    ready = world.state["broker"]["ready"]
    fresh_enough = world.uptime - world.state["ha"]["host"]["ts"] < 60
    return bool(ready and world.uptime - ready >= 60 and fresh_enough)
