# SPDX-License-Identifier: Apache-2.0
"""Commands of transient units and of unit files on the node's disk: they really run.

The world is saved and its lock released meanwhile, so that the command may call simulated
programs; they let the time pass.
"""

import os
import sys
import time

from simulators.systemd import definitions, records, services, timers
from simulators.world import World

PATIENCE = 120.0  # real seconds; a command still running then goes on alone
# A node's own, and those a rehearsal may be started with.
INTERPRETERS = ("python", "python3", "platform-python") + tuple(
    "python3.%d" % minor for minor in range(6, 15)
)


def run(world: World, data: dict) -> None:
    """Run the commands of a unit one after the other; the first failure ends it."""
    unit = data["unit"]
    if records.of(world, unit)["active"] not in ("active", "activating"):
        return
    status = 0
    for argv in _commands(definitions.get(world, unit)):
        status = _run_one(world, unit, argv)
        if status:
            break
    record = records.of(world, unit)
    if record["active"] not in ("active", "activating"):
        return  # stopped meanwhile
    if not status and record["active"] == "activating":
        services.settle(world, {"unit": unit, "phase": "up", "invocation": record["invocation"]})
    else:
        services.exited(world, unit, status)
    timers.service_ended(world, unit)


def _commands(definition: dict) -> list:
    """Return the argument lists of the unit's ExecStart= lines."""
    if "argv" in definition:
        return [list(definition["argv"])]
    return [_split(line.lstrip("-@:+!")) for line in definition["commands"]]


def _split(line: str) -> list:
    import shlex

    return shlex.split(line)


def _run_one(world: World, unit: str, argv: list) -> int:
    output = world.directory + "/command-%d.out" % world.new_pid()
    name = os.path.basename(argv[0])
    mapped = map_words(world, argv)
    pid = records.of(world, unit)["pid"]
    with world.released():
        status = _spawn(world.directory, mapped, output)
    with open(output, "rb") as source:
        text = source.read().decode("utf-8", "replace")
    os.unlink(output)
    for line in text.splitlines():
        world.log(line, unit, name, 6, pid, _TRANSPORT="stdout", _COMM=name[:15])
    return status


def map_words(world: World, argv: list) -> list:
    """Return argv for the real machine: the world's interpreter, programs and files."""
    root = world.directory + "/root"
    name = os.path.basename(argv[0])
    words = [root + w if w.startswith("/") and os.path.lexists(root + w) else w for w in argv]
    if name in INTERPRETERS:
        words[0] = sys.executable
    elif os.path.exists(world.directory + "/bin/" + name):
        words[0] = world.directory + "/bin/" + name
    elif name in ("sh", "bash"):
        words[0] = "/bin/sh"
    return words


def _spawn(directory: str, argv: list, output: str) -> int:
    """Run argv with the world's programs only; return its exit status."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open("/dev/null", os.O_RDONLY)
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.dup2(nothing, 0)
            os.dup2(target, 1)
            os.dup2(target, 2)
            os.chdir(directory + "/root")
            environment = {"PATH": directory + "/bin", "LANG": "C.UTF-8", "HOME": "/root"}
            os.execve(argv[0], argv, environment)
        except OSError:
            os._exit(203)
    os.close(target)
    os.close(nothing)
    waited = 0.0
    while waited < PATIENCE:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status >> 8 if not status & 127 else 128 + (status & 127)
        time.sleep(0.005)
        waited += 0.005
    return 0
