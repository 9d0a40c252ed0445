# SPDX-License-Identifier: Apache-2.0
"""The words of PID 1 about units, by release, and their message ids."""

from simulators.releases import RELEASES
from simulators.world import World

STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
STARTED = "39f53479d3a045ac8e11786248231fbf"
STOPPING = "de5b426a63be47a7b6ac3eaac82e2f6f"
STOPPED = "9d1aaa27d60140bd96365438aad20286"
FAILED = "be02cf6855d2428ba40df7e9d022f03d"
EXITED = "98e322203f7a4ed290d09fe03c09fe15"
FAILURE_RESULT = "d9b373ed55a64feb8242e02dbe79a49c"
SUCCESS_RESULT = "7ad2d189f7e94e70a38c781354912448"
RESTART = "5eb03494b6584870a536b337290809b3"
RESOURCES = "ae8f7b866b0347b9af31fe1c80b127c0"

# verb phrases by kind of unit: starting, started, failed, stopping, stopped
PHRASES = {
    "service": (
        "Starting %s...",
        "Started %s.",
        "Failed to start %s.",
        "Stopping %s...",
        "Stopped %s.",
    ),
    "socket": ("", "Listening on %s.", "Failed to listen on %s.", "", "Closed %s."),
    "target": ("", "Reached target %s.", "", "", "Stopped target %s."),
    "timer": ("", "Started %s.", "Failed to start %s.", "", "Stopped %s."),
}
STATUS_NAMES = {
    1: "FAILURE",
    2: "INVALIDARGUMENT",
    5: "NOTINSTALLED",
    6: "NOTCONFIGURED",
    200: "CHDIR",
    203: "EXEC",
}


def systemd(world: World) -> int:
    """Return the release's systemd version."""
    return RELEASES[world.state["release"]]["systemd"]


def title(world: World, unit: str, description: str) -> str:
    """Return how status messages call the unit."""
    if world.state.get("status_format") == "combined":
        return "%s - %s" % (unit, description)
    return description


def phrase(unit: str, index: int) -> str:
    """Return the phrase for the kind of unit."""
    kind = unit.rpartition(".")[2]
    return PHRASES.get(kind, PHRASES["service"])[index]


def outcome(world: World, kind: str, result: str) -> dict:
    """Return the fields that tell how a job ended (systemd: src/core/job.c)."""
    if systemd(world) < 239:
        return {"RESULT": result}
    fields = {"JOB_RESULT": result}
    return dict(fields, JOB_TYPE=kind) if systemd(world) >= 250 else fields


def main_exited(world: World, unit: str, status: int, signal: str = "") -> str:
    """Return PID 1's line for a main process that exited with a status or by a signal."""
    verb = "main" if systemd(world) < 239 else "Main"
    if signal:
        return "%s: %s process exited, code=killed, status=%s" % (unit, verb, signal)
    name = STATUS_NAMES.get(status, "n/a")
    return "%s: %s process exited, code=exited, status=%d/%s" % (unit, verb, status, name)


def repeated(world: World, unit: str) -> str:
    """Return the line of a refused start."""
    if systemd(world) < 239:
        return "start request repeated too quickly for " + unit
    return unit + ": Start request repeated too quickly."


def limit_result(world: World) -> str:
    """Return the Result of a unit that hit its start limit."""
    return "start-limit" if systemd(world) < 239 else "start-limit-hit"
