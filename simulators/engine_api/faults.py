# SPDX-License-Identifier: Apache-2.0
"""Faults of the API as data: what goes wrong at which request.

state["api"]["faults"] is a list of dicts:
    path     part of the path, method optional
    nth      which matching request, counted from 1 when the fault is set; count: how many
             from there on (default 1, 0 = all)
    kind     "401", "404", "409", "500", "503": that status instead, nothing happens
             "garbage"  a page that is no document of the API, status 200, nothing happens
             "lost"     the request has its effect, the connection is cut half-way in the answer
             "silent"   the request has its effect, no answer comes
Imports nothing of ours.
"""

from typing import Any, Dict

from simulators.world import World

Fault = Dict[str, Any]


def due(world: World, method: str, path: str) -> Fault:
    """Count this request against every fault; return the one that strikes, or {}."""
    struck: Fault = {}
    for fault in world.state["api"]["faults"]:
        if fault["path"] not in path or fault.get("method", method) != method:
            continue
        fault["seen"] = fault.get("seen", 0) + 1
        first, count = fault.get("nth", 1), fault.get("count", 1)
        if fault["seen"] >= first and (count == 0 or fault["seen"] < first + count):
            struck = struck or dict(fault)
    return struck
