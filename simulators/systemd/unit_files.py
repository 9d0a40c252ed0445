# SPDX-License-Identifier: Apache-2.0
"""Unit files on the node's disk: parsing, enabling, masking. The disk is what counts."""

import os

from simulators.systemd import definitions
from simulators.world import World

LISTS = {
    "Requires": "requires",
    "Wants": "wants",
    "BindsTo": "binds_to",
    "PartOf": "part_of",
    "After": "after",
    "Before": "before",
    "Conflicts": "conflicts",
}
SPANS = {"s": 1, "sec": 1, "ms": 0.001, "min": 60, "m": 60, "h": 3600, "hr": 3600, "d": 86400}


def parse(path: str, fragment: str) -> dict:
    """Return the definition a unit file holds."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    unit = {
        "description": os.path.basename(path),
        "fragment": fragment,
        "condition": (),
        "commands": (),
    }
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            _assign(unit, section, key.strip(), value.strip())
    return unit


def _assign(unit: dict, section: str, key: str, value: str) -> None:
    if key in LISTS:
        unit[LISTS[key]] = unit.get(LISTS[key], ()) + tuple(value.split())
    elif key.startswith("Condition"):
        unit["condition"] += ((key, value),)
    elif key == "ExecStart":
        unit["commands"] += (value,) if value else ()
        unit["exec"] = value
    elif key == "Description":
        unit["description"] = value
    elif key == "Type":
        unit["type"] = value
    elif key == "Restart":
        unit["restart"] = value
    elif key == "RestartSec":
        unit["restart_sec"] = span(value)
    elif key == "RemainAfterExit":
        unit["remain"] = value.lower() in ("yes", "true", "1", "on")
    elif key == "WantedBy" and section == "[Install]":
        unit["wanted_by"] = value.split()[0]
    elif section == "[Timer]" and key in ("OnActiveSec", "OnBootSec"):
        unit["timer"] = {key[2:-3].lower(): span(value)}


def span(text: str) -> float:
    """Return a systemd time span in seconds; ValueError when it is none."""
    total, number, word = 0.0, "", ""
    if not text or not text[0].isdigit():
        raise ValueError(text)
    for letter in text + "0":
        if letter.isdigit() or letter == ".":
            if word:
                total += float(number) * _factor(word)
                number, word = "", ""
            number += letter
        elif letter != " ":
            word += letter
    return total + (float(number[:-1]) if number[:-1] else 0.0)


def _factor(word: str) -> float:
    for known in (word, word.rstrip("s"), word[:3]):
        if known in SPANS:
            return SPANS[known]
    raise ValueError(word)


# What is enabled and what is masked


def _path(world: World, directory: str, name: str) -> str:
    return world.directory + "/root" + directory + "/" + name


def masked(world: World, name: str) -> str:
    """Return "masked", "masked-runtime" or ""."""
    for directory, word in (
        ("/etc/systemd/system", "masked"),
        ("/run/systemd/system", "masked-runtime"),
    ):
        try:
            if os.readlink(_path(world, directory, name)) == "/dev/null":
                return word
        except OSError:
            pass
    return ""


def wants_link(definition: dict, name: str) -> str:
    """Return the node's path of the link that enables the unit, "" when it has no [Install]."""
    target = definition.get("wanted_by") or ("" if _static(definition) else "multi-user.target")
    kind = ".requires/" if target == "libvirtd.service" else ".wants/"
    return "/etc/systemd/system/" + target + kind + name if target else ""


def _static(definition: dict) -> bool:
    no_install = "fragment" in definition or "enabled" not in definition
    return bool(definition.get("static")) or no_install and not definition.get("wanted_by")


def state(world: World, name: str) -> str:
    """Return the UnitFileState: enabled, disabled, static, masked, masked-runtime, transient."""
    hidden = masked(world, name)
    if hidden:
        return hidden
    definition = definitions.get(world, name)
    if definition is None:
        return ""
    if name in world.state["transient"]:
        return "transient"
    link = wants_link(definition, name)
    if not link:
        return "static"
    return "enabled" if os.path.lexists(_path(world, "", link)) else "disabled"


def fragment(world: World, name: str) -> str:
    """Return the node's path of the unit file."""
    definition = definitions.get(world, name) or {}
    return definition.get("fragment") or "/usr/lib/systemd/system/" + name


def enable(world: World, name: str) -> tuple:
    """Make the enabling link; return (link, target) or () when there was nothing to do."""
    link = wants_link(definitions.get(world, name), name)
    real = _path(world, "", link)
    if not link or os.path.lexists(real):
        return ()
    os.makedirs(os.path.dirname(real), exist_ok=True)
    os.symlink(fragment(world, name), real)
    return (link, fragment(world, name))


def disable(world: World, name: str) -> str:
    """Remove the enabling link; return its path, "" when there was none."""
    link = wants_link(definitions.get(world, name) or {}, name)
    if not link or not os.path.lexists(_path(world, "", link)):
        return ""
    os.unlink(_path(world, "", link))
    return link


def mask(world: World, name: str, runtime: bool) -> tuple:
    """Mask the unit; return (link, "/dev/null"), () when it was masked; FileExistsError."""
    link = ("/run" if runtime else "/etc") + "/systemd/system/" + name
    real = _path(world, "", link)
    if os.path.islink(real) and os.readlink(real) == "/dev/null":
        return ()
    os.makedirs(os.path.dirname(real), exist_ok=True)
    os.symlink("/dev/null", real)
    return (link, "/dev/null")


def unmask(world: World, name: str, runtime: bool) -> list:
    """Remove the masks (both kinds, only the runtime one with `runtime`); return the links."""
    gone = []
    for directory in ("/run",) if runtime else ("/etc", "/run"):
        link = directory + "/systemd/system/" + name
        real = _path(world, "", link)
        if os.path.islink(real) and os.readlink(real) == "/dev/null":
            os.unlink(real)
            gone.append(link)
    return gone


def enabled_units(world: World) -> list:
    """Return the units a boot starts: those linked below *.target.wants, in name order."""
    found = []
    base = world.directory + "/root/etc/systemd/system/"
    targets = (
        "sysinit.target",
        "sockets.target",
        "timers.target",
        "basic.target",
        "multi-user.target",
    )
    for target in targets:
        directory = base + target + ".wants"
        if os.path.isdir(directory):
            found += sorted(os.listdir(directory))
    return found


def text(world: World, name: str) -> str:
    """Return the text of a unit file for a unit of the table."""
    unit = definitions.get(world, name)
    lines = ["[Unit]", "Description=" + unit["description"]]
    for key, ours in LISTS.items():
        if unit.get(ours):
            lines.append("%s=%s" % (key, " ".join(unit[ours])))
    lines += ["%s=%s" % pair for pair in unit.get("condition", ())]
    if unit.get("exec"):
        lines += [
            "",
            "[Service]",
            "Type=" + unit.get("type", "simple"),
            "ExecStart=" + unit["exec"],
        ]
        if unit.get("restart"):
            lines.append("Restart=" + unit["restart"])
        if unit.get("restart_sec"):
            lines.append("RestartSec=%ds" % unit["restart_sec"])
        if unit.get("remain"):
            lines.append("RemainAfterExit=yes")
    if unit.get("listen"):
        lines += ["", "[Socket]", "ListenStream=" + unit["listen"]]
    link = wants_link(unit, name)
    if link:
        lines += ["", "[Install]", "WantedBy=" + link.split("/")[4].rpartition(".")[0]]
    return "\n".join(lines) + "\n"
