# SPDX-License-Identifier: Apache-2.0
"""Is this a node at all, may we act on it, is there room, was everything seen."""

from typing import List

from recovery.finding import INHIBITOR, NOTE, Finding
from recovery.observation import Observation

MIB = 1024 * 1024
# The journal of a run and the before-images are small, a copy of the archive is not; vdsmd does
# not start with less than 10000 KB in /var/log/vdsm (vdsm: init/vdsmd_init_common.sh.in).
NEEDED = {"/etc/pki": 4 * MIB, "/var/lib": 64 * MIB, "/var/log": 20 * MIB}


def judge(seen: Observation) -> List[Finding]:
    """Return the findings about the node as a place to work on."""
    place = _identity(seen) + _rights(seen) + _files_only(seen) + _space(seen)
    return place + _plain_python(seen) + _units(seen) + _unseen(seen)


def _identity(seen: Observation) -> List[Finding]:
    if seen.ovirt_node:
        return []
    return [
        Finding(
            "not-an-ovirt-node",
            INHIBITOR,
            "this is no oVirt node",
            ("none of vdsm's files and certificates is below %s" % seen.root,),
            (
                "run this on the node that carried the engine VM",
                "in a rescue system: mount the node's disk and give it with --root DIR",
            ),
        )
    ]


def _rights(seen: Observation) -> List[Finding]:
    if seen.root_rights:
        return []
    return [
        Finding(
            "no-root-rights",
            INHIBITOR,
            "root rights are missing",
            ("id -u: not 0",),
            ("run the same command as root (`su -` or `sudo`)",),
        )
    ]


def _files_only(seen: Observation) -> List[Finding]:
    if seen.running:
        return []
    return [
        Finding(
            "files-only",
            NOTE,
            "only files were looked at: the node on this disk is not running",
            ("root: %s" % seen.root,),
            ("the clock and services are judged when this runs on the booted node",),
        )
    ]


def _space(seen: Observation) -> List[Finding]:
    full = [(path, free) for path, free in seen.disk_free if free < NEEDED.get(path, 0)]
    if not full:
        return []
    return [
        Finding(
            "disk-full",
            INHIBITOR,
            "too little disk space to keep what is needed for undo",
            tuple(
                "%s: %d MiB free, %d MiB wanted" % (path, free // MIB, NEEDED[path] // MIB)
                for path, free in full
            ),
            ("make room: journalctl --vacuum-size=200M; old files in /var/log, /var/crash",),
        )
    ]


def _plain_python(seen: Observation) -> List[Finding]:
    if not seen.plain_python:
        return []
    return [
        Finding(
            "plain-python",
            NOTE,
            "compiled parts cannot be loaded: certificates are read in plain Python, and the "
            "node's openssl makes the request",
            tuple(seen.plain_python.split("; ")),
            (
                "nothing has to be done: only signing on this node itself needs them",
                "to have them: SHIV_ROOT=DIR, a directory of root's where programs may be run",
            ),
        )
    ]


def _units(seen: Observation) -> List[Finding]:
    """Whether VMs run, what has to be restarted and what sets the clock is known by the units."""
    lines = tuple(line for line in seen.problems if line.startswith("units: "))
    if not lines or not seen.running:
        return []
    return [
        Finding(
            "units-not-seen",
            INHIBITOR,
            "systemd did not say which services run: no plan can be made without that",
            lines,
            ("run the same command again; still so? see why: systemctl show libvirtd.service",),
        )
    ]


def _unseen(seen: Observation) -> List[Finding]:
    if not seen.problems:
        return []
    return [
        Finding(
            "not-everything-seen",
            NOTE,
            "some things could not be observed",
            seen.problems,
            ("what depends on them was not judged",),
        )
    ]
