# SPDX-License-Identifier: Apache-2.0
"""The stock libvirtd leaves after 120 s without clients and running domains (--timeout 120).

A node whose LIBVIRTD_ARGS vdsm has emptied has no such exit: state["libvirtd_idle_exit"].
"""

from simulators import units
from simulators.world import World

UNIT = "libvirtd.service"
IDLE = 120.0


def watch(world: World) -> None:
    """The daemon came up: look again when it may have been idle long enough."""
    if world.state.get("libvirtd_idle_exit"):
        world.state["last_use"][UNIT] = world.uptime
        world.cancel("libvirtd-idle")
        world.schedule(IDLE, "libvirtd-idle")


def leave(world: World, data: object = None) -> None:
    """Exit when nothing used the daemon for 120 s, else look again later."""
    if not units.is_active(world, UNIT):
        return
    idle = world.uptime - world.state["last_use"].get(UNIT, 0.0)
    if world.state.get("domains_running") or idle < IDLE - 0.01:
        world.schedule(max(1.0, IDLE - idle), "libvirtd-idle")
        return
    units.exited(world, UNIT, 0)
