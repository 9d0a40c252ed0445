# SPDX-License-Identifier: Apache-2.0
"""Failures in systemd's journal: which entries to ask for, and what they mean.

Classifying is pure; only `observe` asks the journal. Fields are matched, never full text.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from recovery import host
from recovery.observation import Certificate, Failure
from recovery.observing import units
from recovery.programs import journalctl

# A node that fails every 15 s writes 3000 such entries in some hours; older ones say the same.
NEWEST = 3000
FAILED_START = "be02cf6855d2428ba40df7e9d022f03d"  # SD_MESSAGE_UNIT_FAILED (systemd)
LIBVIRT = (units.LIBVIRTD,) + units.MODULAR
COMMANDS = ("libvirtd", "virtqemud", "virtproxyd")
AGENTS = ("vdsmd.service", "supervdsmd.service") + units.HA
ABOUT = LIBVIRT + units.LIBVIRT_SOCKETS + units.VDSM + units.HA

# The function that judges dates, by its names in libvirt up to 10 and from 11 on.
DATE_CHECKS = ("virNetTLSContextCheckCertTimes", "virNetTLSCertCheckTimes")
EXPIRED = re.compile(r"certificate (/\S+) has expired")
NOT_YET = re.compile(r"certificate (/\S+) is not yet active")
PATH = re.compile(r"(/[^\s'\"\u201e\u201c\u00ab\u00bb,]+\.(?:pem|crt|pub))")
# English texts of libvirt that name a certificate and have nothing to do with dates.
OTHER_REASONS = ("Cannot read", "Unable to", "failed validation", "usage does not", "purpose does")
START_LIMIT = re.compile(r"[Ss]tart request repeated too quickly|start-limit")


Evidence = Tuple[Tuple[Failure, ...], List[journalctl.Entry]]


class Sighting(NamedTuple):
    """One entry that means something."""

    kind: str
    unit: str
    path: str
    entry: journalctl.Entry


def observe(node: host.Host, certificates: Sequence[Certificate], directory: str) -> Evidence:
    """Return the failures, newest last, and the entries read. Raises: ProgramError."""
    entries = journalctl.query(node, _matches(), newest=NEWEST, directory=directory)
    return summarize(classify(entries, certificates)), entries


def _matches() -> journalctl.Matches:
    return (
        ["_SYSTEMD_UNIT=%s" % name for name in LIBVIRT + AGENTS] + ["PRIORITY=3"],
        # A daemon that lives shorter than journald's look at it has no unit in its entries.
        ["_COMM=%s" % name for name in COMMANDS] + ["PRIORITY=3"],
        ["UNIT=%s" % name for name in ABOUT] + ["PRIORITY=3", "PRIORITY=4"],
    )


def classify(
    entries: Sequence[journalctl.Entry], certificates: Sequence[Certificate]
) -> List[Sighting]:
    """Return what the entries mean, in journal order.

    libvirtd writes many harmless errors; one explains a failed start only when it is the last
    word before it.
    """
    sightings: List[Sighting] = []
    last_word: Dict[str, Sighting] = {}
    for entry in entries:
        if entry.field("UNIT"):
            sightings += _said_by_systemd(entry, last_word)
        elif _libvirt_unit(entry):
            said = _said_by_libvirt(entry, certificates)
            last_word[said.unit] = said
            if said.kind in ("expired", "not-yet-valid"):
                sightings.append(said)
        else:
            sightings.append(_said_by_agent(entry))
    return sightings


def summarize(sightings: Sequence[Sighting]) -> Tuple[Failure, ...]:
    """Return one failure for each kind, unit and certificate; the one seen last comes last."""
    grouped: Dict[Tuple[str, str, str], List[journalctl.Entry]] = {}
    for one in sightings:
        key = (one.kind, one.unit, one.path)
        found = grouped.pop(key, [])
        found.append(one.entry)
        grouped[key] = found  # a dict keeps the order in which keys were put into it
    return tuple(
        Failure(*key, len(found), found[0].realtime, found[-1].realtime, found[-1].message)
        for key, found in grouped.items()
    )


def _libvirt_unit(entry: journalctl.Entry) -> str:
    unit = entry.field("_SYSTEMD_UNIT")
    if unit in LIBVIRT:
        return unit
    command = entry.field("_COMM")
    return command + ".service" if command in COMMANDS else ""


def _said_by_libvirt(entry: journalctl.Entry, certificates: Sequence[Certificate]) -> Sighting:
    kind, path = _date_complaint(entry, certificates)
    return Sighting(kind or "unrelated", _libvirt_unit(entry), path, entry)


def _date_complaint(
    entry: journalctl.Entry, certificates: Sequence[Certificate]
) -> Tuple[str, str]:
    """Return what the entry says about the dates of which certificate.

    A translated message is understood by the path in it, by the function that wrote it and by
    the certificate's own dates at that moment.
    """
    for kind, pattern in (("expired", EXPIRED), ("not-yet-valid", NOT_YET)):
        found = pattern.search(entry.message)
        if found:
            return kind, found.group(1)
    path = PATH.search(entry.message)
    if not path or any(reason in entry.message for reason in OTHER_REASONS):
        return "", path.group(1) if path else ""
    kind = _kind_by_dates(entry.realtime, path.group(1), certificates)
    if entry.field("CODE_FUNC") in DATE_CHECKS:
        return kind or "expired", path.group(1)
    # Without the function's name: 7 is VIR_FROM_RPC, where the TLS code lives.
    return (kind if entry.field("LIBVIRT_DOMAIN") in ("", "7") else ""), path.group(1)


def _kind_by_dates(wall: float, path: str, certificates: Sequence[Certificate]) -> str:
    for one in certificates:
        if one.path == path and one.state == "ok":
            if wall > one.not_after:
                return "expired"
            if wall < one.not_before:
                return "not-yet-valid"
    return ""


def _said_by_systemd(entry: journalctl.Entry, last_word: Dict[str, Sighting]) -> List[Sighting]:
    unit = entry.field("UNIT")
    if START_LIMIT.search(entry.message):
        return [Sighting("start-limit", unit, "", entry)]
    if entry.field("MESSAGE_ID") != FAILED_START:
        return []
    # The field was called RESULT on EL7.
    if "dependency" in (entry.field("JOB_RESULT"), entry.field("RESULT")):
        return [Sighting("dependency", unit, "", entry)]
    failed = Sighting("unit-failed", unit, "", entry)
    explained = last_word.pop(unit, None)
    if explained and explained.kind == "unrelated":
        return [explained, failed]
    return [failed]


def _said_by_agent(entry: journalctl.Entry) -> Sighting:
    unit = entry.field("_SYSTEMD_UNIT")
    if "ssl handshake" in entry.message or "CERTIFICATE_VERIFY_FAILED" in entry.message:
        return Sighting("tls", unit, "", entry)
    return Sighting("error", unit, "", entry)


def clock_steps(
    entries: Sequence[journalctl.Entry], boot_id: str, least: float = 3600
) -> Tuple[Tuple[float, float], ...]:
    """Return the steps of the wall clock that show between entries of one boot.

    Wall time and uptime run together, so a change of their difference is a clock step.
    """
    steps = []
    before: Optional[journalctl.Entry] = None
    for entry in entries:
        if entry.boot_id != boot_id.replace("-", "") or not entry.monotonic:
            continue
        if before is not None:
            passed = entry.monotonic - before.monotonic
            if abs(entry.realtime - before.realtime - passed) > least:
                steps.append((before.realtime + passed, entry.realtime))
        before = entry
    return tuple(steps)
