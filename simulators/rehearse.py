# SPDX-License-Identifier: Apache-2.0
"""A rehearsal's two ends: the world and the arguments to begin with, the world's own account.

The account is an independent truth: it asks the world, not the tool. Imports `install`,
`scenarios`, `stories` and `der`.
"""

import hashlib
import os
import time
from typing import Dict, List, NamedTuple, Sequence, Tuple

from simulators import der, engine_vm, further, install, scenarios, stories, units
from simulators.world import World

WEB = "/etc/pki/ovirt-engine/certs/apache.cer"  # shown where no httpd has read it yet
CERT = "/etc/pki/vdsm/certs/vdsmcert.pem"
WATCHED = ("/etc", "/var/lib", "/root")
BEFORE = "/files-before"


class Prepared(NamedTuple):
    world: install.World
    arguments: List[str]
    title: str
    intro_lines: List[str]


def prepare(scenario: str, release: str, directory: str) -> Prepared:
    """Create the world of a scenario in `directory` (new or empty)."""
    world = install.create(directory, scenario, release)
    remember(world)
    with world.opened() as now:
        lines = [
            "A simulated node (%s) and engine in %s; nothing outside it is touched."
            % (release, directory),
            "True time %s, node clock %s." % (_date(now.true()), _date(now.wall())),
            "Certificate of vdsm valid until %s." % _date(_certificate(now).not_after),
        ]
    title = "%s: %s" % (scenario, scenarios.SUMMARIES[scenario])
    return Prepared(world, arguments(world), title, lines)


def remember(world: install.World) -> None:
    """Write down what the watched files are now: what `changes` compares with."""
    for other in further.of(world):
        remember(other)
    with open(world.directory + BEFORE, "w") as file:
        for path, digest in sorted(_files(world.root).items()):
            file.write("%s %s\n" % (digest, path))


def options(world: install.World) -> List[str]:
    """What the tool is told in this scenario beside what every recovery is told."""
    return [word.format(world=world.directory) for word in _story(world).options]


def arguments(world: install.World) -> List[str]:
    """What to tell the tool so that it recovers this world without a question."""
    return _words(world, "recover", _story(world).options)


def resume_arguments(world: install.World) -> List[str]:
    """What to tell the tool so that it goes on where a run was cut off."""
    return _words(world, "resume", _story(world).options_again)


def undo_arguments(world: install.World) -> List[str]:
    """What to tell the tool so that it takes a run back."""
    words = [word.format(world=world.directory) for word in _story(world).options_undo]
    return ["undo", "--yes"] + words


def _words(world: install.World, command: str, options: Sequence[str]) -> List[str]:
    place = ["--root", world.root, "--programs", world.programs]
    told = ["--yes", "--engine-password-file", world.password_file]
    return place + [command] + told + [word.format(world=world.directory) for word in options]


def _story(world: install.World) -> stories.Story:
    return stories.STORIES[world.sim.state()["scenario"]]


def epilogue(world: install.World) -> List[str]:
    """What the world itself says at the end."""
    with world.opened() as now:
        vm = now.state["vm"]
        cert = _certificate(now)
        web = der.certificate(now.state["vm"]["loaded"].get("web") or _issued(now, WEB))
        lines = [
            "node clock: %s, %+.2f s from the true time"
            % (_date(now.wall()), now.wall() - now.true()),
            "hardware clock: %+.0f s from the true time" % (now.rtc() - now.true()),
            "HostedEngine: %s" % _whereabouts(vm),
            "engine clock: %s" % _engine_clock(now),
            "vdsm certificate: %s (%s)"
            % (_validity(now, cert), "served" if _served(now) else "not served"),
            "engine's web certificate: %s" % _validity(now, web),
            "chronyd: %s" % units.state(now, "chronyd.service")["active"],
            "libvirtd: %s, vdsmd: %s"
            % (
                units.state(now, "libvirtd.service")["active"],
                units.state(now, "vdsmd.service")["active"],
            ),
        ]
    for other in further.of(world):
        lines += _further(other)
    changed = changes(world)
    lines.append("changed files: %d" % len(changed))
    return lines + ["  %s %s" % change for change in changed]


def _validity(world: World, cert: der.Certificate) -> str:
    valid = cert.not_before <= world.true() <= cert.not_after
    return "%s until %s" % ("valid" if valid else "not valid", _date(cert.not_after))


def _issued(world: World, path: str) -> bytes:
    with open(world.engine(path), "rb") as file:
        return file.read()


def _further(other: install.World) -> List[str]:
    """One line about a further node."""
    with other.opened() as now:
        cert = _certificate(now)
        valid = cert.not_before <= now.true() <= cert.not_after
        told = (
            now.state["hostname"],
            "valid" if valid else "not valid",
            _date(cert.not_after),
            "served" if _served(now) else "not served",
            units.state(now, "libvirtd.service")["active"],
            len(changes(other)),
        )
    return ["%s: certificate %s until %s (%s), libvirtd %s, changed files: %d" % told]


def changes(world: install.World) -> List[Tuple[str, str]]:
    """What became of the files under the watched directories: (added|changed|removed, path)."""
    before = {}
    with open(world.directory + BEFORE) as file:
        for line in file:
            digest, _, path = line.rstrip("\n").partition(" ")
            before[path] = digest
    after = _files(world.root)
    found = [("removed", path) for path in before if path not in after]
    for path, digest in after.items():
        if path not in before:
            found.append(("added", path))
        elif before[path] != digest:
            found.append(("changed", path))
    return sorted(found, key=lambda change: change[1])


def _files(root: str) -> Dict[str, str]:
    """Digest, owner and mode of every file under the watched directories."""
    found = {}
    for top in WATCHED:
        for folder, _, names in os.walk(root + top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    found[path[len(root) :]] = "link:" + os.readlink(path)
                    continue
                status = os.stat(path)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                found[path[len(root) :]] = "%s:%o:%d:%d" % (
                    digest,
                    status.st_mode & 0o7777,
                    status.st_uid,
                    status.st_gid,
                )
    return found


def _certificate(world: World) -> der.Certificate:
    with open(world.node(CERT), "rb") as file:
        return der.certificate(file.read())


def _served(world: World) -> bool:
    if not units.is_active(world, "vdsmd.service"):
        return False
    return der.certificate(world.state["vdsm"]["cert"]) == _certificate(world)


def _whereabouts(vm: dict) -> str:
    if vm["where"] == "elsewhere":
        return "running on another node"
    health = ", engine healthy" if vm["healthy"] else ""
    return vm["state"] + (health if vm["state"] == "running" else "")


def _engine_clock(world: World) -> str:
    if world.state["vm"]["state"] != "running" and world.state["vm"]["where"] != "elsewhere":
        return "stands still"
    return "%+.0f s from the true time" % (engine_vm.wall(world) - world.true())


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
