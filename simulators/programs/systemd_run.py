# SPDX-License-Identifier: Apache-2.0
"""systemd-run: transient services and timers."""

import os

from simulators import timestamps
from simulators.entry import Call
from simulators.releases import RELEASES
from simulators.systemd import commands, definitions, jobs, unit_files
from simulators.world import World

COST = 0.05
VALUED = (
    "unit",
    "description",
    "on-active",
    "on-boot",
    "on-startup",
    "on-calendar",
    "property",
    "timer-property",
    "setenv",
    "uid",
    "gid",
    "slice",
    "working-directory",
    "service-type",
)
PLACES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
OTHERS = ("sh", "bash") + commands.INTERPRETERS  # of the machine the world lives on
SHORT = {"-p": "property", "-E": "setenv"}


def main(call: Call) -> int:
    options, argv = _options(call.argv[1:])
    world = call.world
    old = RELEASES[world.state["release"]]["systemd"] < 239
    if not argv:
        call.err("Command line to execute required.\n")
        return 1
    given = argv[0]
    argv = [_executable(world, argv[0])] + argv[1:]
    if not argv[0]:
        call.err("Failed to find executable %s: No such file or directory\n" % given)
        return 1
    name = options.get("unit") or "run-r%s" % world.new_id()
    if name.endswith((".service", ".timer")):
        name = name.rpartition(".")[0]
    try:
        timer = _timer(world, options)
    except ValueError:
        call.err("Failed to parse timer value: %s\n" % " ".join(argv[:1]))
        return 1
    kind = "timer" if timer else "service"
    unit = "%s.%s" % (name, kind)
    if definitions.get(world, unit) or definitions.get(world, name + ".service"):
        clash = unit if definitions.get(world, unit) else name + ".service"
        call.err(
            "Failed to start transient %s unit: Unit %s %s.\n"
            % (
                kind,
                clash,
                "already exists" if old else "was already loaded or has a fragment file",
            )
        )
        return 1
    _define(world, name, options, argv, timer)
    jobs.wait(world, [jobs.request(world, unit, "start")])
    _tell(call, name, kind, old)
    return 0


def _executable(world: World, name: str) -> str:
    """The path that systemd-run puts in place of a program's name; "" when there is none."""
    folder, base = os.path.split(name)
    known = base in OTHERS or os.path.exists(world.directory + "/bin/" + base)
    if folder:
        found = os.path.exists(world.node(name)) or known and folder in PLACES
        return name if found or base in commands.INTERPRETERS else ""
    return "/usr/bin/" + name if known else ""


def _options(words: list) -> tuple:
    options, words = {"timer-property": ""}, list(words)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        key, mark, value = word.lstrip("-").partition("=")
        key = SHORT.get(word, key)
        if key in VALUED and not mark:
            value = words.pop(0)
        options[key] = value or "yes"
    return options, words


def _timer(world: World, options: dict) -> dict:
    if "on-active" in options:
        return {"active": unit_files.span(options["on-active"])}
    if "on-boot" in options or "on-startup" in options:
        return {"boot": unit_files.span(options.get("on-boot") or options["on-startup"])}
    if "on-calendar" in options:
        spec = options["on-calendar"]
        if spec in ("hourly", "daily", "weekly"):
            return {"calendar": spec}
        return {"calendar": timestamps.local(spec.replace(" UTC", ""))}
    return {}


def _define(world: World, name: str, options: dict, argv: list, timer: dict) -> None:
    transient = world.state["transient"]
    command = " ".join(argv)
    shown = options.get("description") or command
    transient[name + ".service"] = {
        "description": shown,
        "argv": tuple(argv),
        "commands": (command,),
        "exec": command,
        "fragment": "/run/systemd/transient/%s.service" % name,
    }
    if timer:
        transient[name + ".timer"] = {
            "description": shown,
            "triggers": name + ".service",
            "timer": timer,
            "accuracy": options["timer-property"].partition("AccuracySec=")[2] or "1min",
            "fragment": "/run/systemd/transient/%s.timer" % name,
        }
    world.cache = {}


def _tell(call: Call, name: str, kind: str, old: bool) -> None:
    colon = "" if old else ":"
    if kind == "timer":
        call.err("Running timer as unit%s %s.timer%s\n" % (colon, name, "." if old else ""))
        call.err("Will run service as unit%s %s.service%s\n" % (colon, name, "." if old else ""))
    else:
        call.err("Running as unit%s %s.service%s\n" % (colon, name, "." if old else ""))
