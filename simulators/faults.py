# SPDX-License-Identifier: Apache-2.0
"""Faults as data: what goes wrong at which call, or at which moment, of a world.

state["faults"] is a list of dicts:
    program   name of the program, "*" for any
    words     optional: words that must all be among the arguments
    nth       which matching call, counted from 1 when the fault is set
    count     optional: how many calls from the nth on (default 1; 0 = all)
    action    "fail"         exit `status` (default 1) with `stderr`; nothing happens
              "fail-after"   the effect happens, then as "fail"
              "hang"         block until killed; nothing happens
              "garble"       the effect happens, the output is spoilt
              "kill-before"  SIGKILL the caller before the effect
              "kill-after"   SIGKILL the caller after the effect
              "power-before" / "power-after"  cut the node's power and SIGKILL the caller
On the engine VM the program is "engine:" and its name, and `*` does not mean it:
    engine:pki-enroll-request.sh  "lock-timeout", or "fail" with `stderr`
    engine:engine-setup           "ask" an unknown `question` [`default`] before question `before`
                                  "fail-stage" `stage` with `cause`
                                  "lose-connection" at the beginning of `stage`
Moments: world.schedule(delay, "ntp-reachable"), world.schedule(delay, "engine-disk-full"),
world.schedule(delay, "somebody-starts", unit="chronyd.service").
"""

import os
import signal
import time

from simulators.world import World


def due(world: World, program: str, argv: list) -> dict:
    """Count this call against every fault; return the fault that strikes now, or {}."""
    struck = {}  # type: dict
    for fault in world.state["faults"]:
        if fault["program"] not in (program, "*"):
            continue
        if [word for word in fault.get("words", ()) if word not in argv]:
            continue
        fault["seen"] = fault.get("seen", 0) + 1
        count = fault.get("count", 1)
        first = fault.get("nth", 1)
        if fault["seen"] >= first and (count == 0 or fault["seen"] < first + count):
            struck = struck or dict(fault)
    return struck


def on_engine(world: World, program: str, argv: list) -> dict:
    """As `due`, for a program of the engine VM."""
    others = [fault for fault in world.state["faults"] if fault["program"] != "*"]
    every, world.state["faults"] = world.state["faults"], others
    try:
        return due(world, "engine:" + program, argv)
    finally:
        world.state["faults"] = every


def engine_disk_full(world: World, data: dict) -> None:
    """From now on nothing more can be written in the engine VM (or, with full=False, again)."""
    world.state["vm"]["disk_full"] = data.get("full", True)


def kill_caller() -> None:
    """SIGKILL the process that called the simulated program."""
    os.kill(os.getppid(), signal.SIGKILL)


def hang() -> None:
    """Block until somebody kills this process, or the caller is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.05)
    os._exit(1)


def spoil(data: bytes, seed: int) -> bytes:
    """Return the output cut in the middle and with bytes that are no text."""
    half = data[: len(data) // 2]
    return half + bytes((seed >> shift) & 255 for shift in (0, 3, 7, 11)) + b"\xff\xfe\x00"


def ntp_reachable(world: World, data: dict) -> None:
    """From now on a time server answers (or, with reachable=False, none does any more)."""
    world.state["ntp"]["reachable"] = data.get("reachable", True)
    if data.get("reachable", True) and "chronyd" in world.state:
        world.schedule(5.0, "chronyd-poll")


def somebody_starts(world: World, data: dict) -> None:
    """Somebody (configuration management, another administrator) starts a unit."""
    from simulators import units

    units.enqueue(world, data["unit"], data.get("verb", "start"))
