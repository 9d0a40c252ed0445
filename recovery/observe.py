# SPDX-License-Identifier: Apache-2.0
"""Look at the node and change nothing. Imports the port, programs and `observing`."""

import posixpath
from typing import List, NamedTuple, Optional, Tuple

from recovery import certificates, errors, host, inventory, pem, window
from recovery.observation import Certificate, Engine, Observation, Served
from recovery.observing import clock, engine, failures, platform, problems, units
from recovery.programs import openssl, pgrep, systemctl

VDSM_PORT = 54321
JOURNAL = "/var/log/journal"


class Ways(NamedTuple):
    """How the engine is reached: from which node, where, and trusting which file's CA."""

    gateway: host.Host
    address: str
    ca: str


def observe(
    node: host.Host,
    root: str = "/",
    running: bool = True,
    address: str = "",
    ca: str = "",
    gateway: Optional[host.Host] = None,
) -> Observation:
    """Return all facts that can be had; what cannot is named in `problems`.

    With `running` False only files are read: `root` is a disk that a rescue system mounted.
    address: where the engine answers ssh, when the operator knows better than the node.
    ca: file with the CA of the engine's web certificate, where it is not the engine's own.
    gateway: the node from which the engine will be reached, when it is another one.
    Raises: errors.Error only when the node has no clock to read.
    """
    notes = problems.Problems()
    seen = _files(node, Observation(clock.moment(node, notes), root, running), notes)
    ways = Ways(gateway or node, address, ca or inventory.NODE_CA)
    seen = _living(node, seen, notes, ways) if running else _dead(node, seen, notes)
    seen = _journal(node, seen, notes)
    return seen._replace(problems=tuple(notes.lines))


def node_certificate(seen: Observation) -> Optional[Certificate]:
    """Return the node certificate, when it can be read."""
    for one in seen.certificates:
        if one.path == inventory.NODE_CERTIFICATE and one.state == "ok":
            return one
    return None


def _files(node: host.Host, seen: Observation, notes: problems.Problems) -> Observation:
    nothing: List[Certificate] = []
    surveyed = notes.attempt(
        "certificates",
        lambda: certificates.survey(node.read, inventory.INVENTORY, node.key_to_compare),
        nothing,
    )
    rtc, rtc_local = clock.rtc(node)
    return seen._replace(
        hostname=platform.hostname(node),
        os_release=platform.os_release(node),
        rtc=rtc,
        rtc_local=rtc_local,
        ovirt_node=platform.is_ovirt_node(node),
        certificates=tuple(surveyed),
        plain_python=pem.why() if surveyed else "",
        vnc_tls=platform.vnc_tls(node),
    )


def _dead(node: host.Host, seen: Observation, notes: problems.Problems) -> Observation:
    known, _ = engine.observe(node, (), False, notes)
    return seen._replace(engine=known, versions=platform.versions(node, False, notes))


def _living(
    node: host.Host, seen: Observation, notes: problems.Problems, ways: Ways
) -> Observation:
    nothing: Tuple[units.Units, units.Units] = ((), ())
    services, clocks = notes.attempt("units", lambda: units.observe(node), nothing)
    known, vms = engine.observe(node, services, True, notes)
    known = _asked_engine(seen, known, ways, notes)
    if _near_expiry(seen) and not _node_expired(seen):
        known = engine.asked_for_api(ways.gateway, known, ways.ca, notes)
    return seen._replace(
        systemd=notes.attempt("systemd", lambda: systemctl.version(node), 0),
        root_rights=notes.attempt("rights", lambda: platform.root_rights(node), True),
        units=services,
        sync=clock.synchronisation(node, clocks, notes),
        engine=known,
        served=_served(node, services, notes),
        disk_free=notes.attempt("disk space", lambda: platform.disk_free(node), ()),
        versions=platform.versions(node, True, notes),
        running_vms=vms,
        spm_protect=_spm_protect(node, seen, notes),
    )


def _asked_engine(seen: Observation, known: Engine, ways: Ways, notes: problems.Problems) -> Engine:
    """Ask the engine itself, where it is alive or has to be; else that costs seconds."""
    node, at = ways.gateway, ways.address or known.fqdn
    if _expired(seen):
        known = engine.asked_for_ssh(node, known, at, notes)
    # Its ssh may be filtered where its web side is not, and it may run on another node.
    silent = known.answers_ssh is False and known.deployed and not known.unresolved
    if known.alive or silent or (ways.address and known.answers_ssh is None):
        known = engine.asked_for_web(node, known, at, notes)
        known = engine.asked_for_own(node, known, at, ways.ca, notes)
    ends = [one.not_after for one in (known.web, known.own) if one]
    if ends and min(ends) - seen.moment.wall < window.SOON:
        known = engine.asked_for_ssh(node, known, at, notes)
    return known


def _spm_protect(node: host.Host, seen: Observation, notes: problems.Problems) -> int:
    """Asked for only where the clock may have to be set back."""
    if not _expired(seen):
        return 0
    return notes.attempt("spmprotect", lambda: pgrep.count(node, pgrep.SPM_PROTECT), 0)


def _expired(seen: Observation) -> bool:
    """Tell whether anything is expired without which the engine VM does not start here."""
    return any(seen.moment.wall > one.not_after for one in window.needed(seen))


def _node_expired(seen: Observation) -> bool:
    certificate = node_certificate(seen)
    return certificate is not None and seen.moment.wall > certificate.not_after


def _near_expiry(seen: Observation) -> bool:
    """Tell whether an ordinary renewal may be what is needed."""
    ends = [one.not_after for one in seen.certificates if one.state == "ok"]
    return bool(ends) and min(ends) - seen.moment.wall < window.SOON


def _served(node: host.Host, services: units.Units, notes: problems.Problems) -> Tuple[Served, ...]:
    """Make one TLS handshake with vdsm: a file may be new and the process still serve the old."""
    if not units.is_active(services, "vdsmd.service"):
        return ()
    try:
        shaken = openssl.handshake(
            node, VDSM_PORT, inventory.NODE_CERTIFICATE, inventory.NODE_KEY, inventory.NODE_CA
        )
        return (_as_served(shaken),)
    except errors.Error as error:
        notes.add("certificate served by vdsm", error)
        return ()


def _as_served(shaken: openssl.Handshake) -> Served:
    served = Served(VDSM_PORT, verified=shaken.verified, problem=shaken.problem)
    if not shaken.certificate:
        return served
    entry = inventory.Entry("port %d" % VDSM_PORT, inventory.VDSM)
    shown = certificates.describe(entry, shaken.certificate)[0]
    return served._replace(not_after=shown.not_after, fingerprint=shown.fingerprint)


def _journal(node: host.Host, seen: Observation, notes: problems.Problems) -> Observation:
    nothing: failures.Evidence = ((), [])
    directory = "" if seen.running else posixpath.join(seen.root, JOURNAL.lstrip("/"))
    found, entries = notes.attempt(
        "systemd's journal",
        lambda: failures.observe(node, seen.certificates, directory),
        nothing,
    )
    return seen._replace(
        failures=found,
        clock_steps=failures.clock_steps(entries, seen.moment.boot_id),
        journal_latest=max((one.realtime for one in entries), default=0.0),
    )
