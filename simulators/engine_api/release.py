# SPDX-License-Identifier: Apache-2.0
"""What differs between the engines' releases here. Imports `engine_releases`."""

from typing import Tuple

from simulators import engine_releases
from simulators.world import World

SINCE_4507 = (4, 5, 0, 7)


def package(world: World) -> str:
    return engine_releases.RELEASES[world.state["release"]].package


def version(world: World) -> Tuple[int, ...]:
    words = package(world).partition("-")[0].split(".")
    return tuple(int(word) for word in words)


def days(world: World) -> int:
    """VdsCertificateValidityInDays, or what the years before it come to."""
    return engine_releases.RELEASES[world.state["release"]].host_days


def enrolls_non_responsive(world: World) -> bool:
    return version(world) >= SINCE_4507


def enrolls_vnc(world: World) -> bool:
    return version(world) >= (4, 5, 0, 1)


def has_qemu_ca(world: World) -> bool:
    return version(world) >= (4, 4)


def enrolls_ovn(world: World) -> bool:
    return version(world) >= (4, 5)


def restarts_services(world: World) -> bool:
    """Does the role restart what has to read the new files?"""
    return version(world) >= SINCE_4507


def says_done_early(world: World) -> bool:
    """Is the host in maintenance before the playbook's result is known?"""
    number = version(world)
    return (4, 3, 1) <= number < (4, 3, 11, 2) or (4, 4, 0) <= number < (4, 4, 1, 5)
