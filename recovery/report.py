# SPDX-License-Identifier: Apache-2.0
"""A diagnosis as text for a tired person at 80 columns: details first, the verdict last.

On a bare console only the last screen stays. Imports data types and `moment`.
"""

import textwrap
from typing import Dict, List, Sequence

from recovery import diagnosis, moment
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.observation import Certificate, Observation, Unit

WIDTH = 80
OURS = "ovirt-cert-recovery"
GLUE = "\0"  # stands for a blank at which no line may end
MARKS = {INHIBITOR: "!!", WARNING: " !", NOTE: " -"}
ROUTES = {
    diagnosis.NONE: "nothing will be changed",
    diagnosis.RENEW: "the engine enrolls new certificates; the clock is not touched",
    diagnosis.SIGN: "the engine signs a new certificate; the clock is not touched",
    diagnosis.OFFLINE_CA: "sign here with the CA of an engine-backup; the clock is not touched",
    diagnosis.INTERIM: "a temporary CA only until the engine VM runs",
    diagnosis.REWIND: "set the clock back until the engine VM runs and has signed",
}


def diagnosis_text(seen: Observation, judged: diagnosis.Diagnosis) -> List[str]:
    """Return the lines of a diagnosis."""
    lines = _header(seen)
    if seen.ovirt_node:
        lines += ["", "Certificates"] + _certificates(seen)
        lines += ["", "Clock"] + _clock(seen)
    if seen.ovirt_node and seen.running:
        lines += ["", "Services"] + _services(seen)
        lines += ["", "Engine"] + _engine(seen)
    return lines + [""] + summary(judged)


def summary(judged: diagnosis.Diagnosis, chosen: str = "") -> List[str]:
    """Return the lines that a person must read before anything is done.

    chosen: the route that the operator gave by name; one that there is not is refused later.
    """
    lines = ["Findings"] + findings_text(judged.findings) + [""] + _verdict(judged)
    if chosen in ROUTES and chosen != judged.route:
        lines += wrapped("Route chosen: %s, %s" % (chosen, ROUTES[chosen]), "", "       ")
    return lines


def wrapped(text: str, first: str, rest: str) -> List[str]:
    """Return text broken at blanks; paths and the words that start us are never cut inside."""
    lines = textwrap.wrap(
        text.replace(OURS + " ", OURS + GLUE),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(GLUE, " ") for line in lines]


def findings_text(findings: Sequence[Finding]) -> List[str]:
    """Return the lines of findings, each with its evidence and what to do."""
    lines: List[str] = []
    for one in findings:
        lines += wrapped("%s [%s]" % (one.title, one.id), MARKS[one.severity] + " ", "   ")
        for line in one.evidence:
            lines += wrapped(line, "     seen: ", "           ")
        for line in one.remediation:
            lines += wrapped(line, "     do:   ", "           ")
    return lines or ["   none"]


def _header(seen: Observation) -> List[str]:
    name = seen.hostname or "(no host name)"
    lines = ["%s, %s" % (name, seen.os_release) if seen.os_release else name]
    lines.append("%s UTC by this system's clock" % moment.utc(seen.moment.wall))
    if not seen.running:
        lines.append("files below %s only; nothing of them is running" % seen.root)
    if seen.versions:
        text = ", ".join("%s %s" % pair for pair in seen.versions)
        lines += wrapped(text, "", "  ")
    return lines


def _certificates(seen: Observation) -> List[str]:
    lines: List[str] = []
    shown: Dict[str, str] = {}  # copies are told by the first file that holds the same
    for one in seen.certificates:
        lines.append("  %-52s %s" % (one.path, state(one, seen.moment.wall)))
        if one.state != "ok":
            lines += wrapped(one.problem, "      ", "      ")
            continue
        if one.fingerprint not in shown:
            lines += wrapped(_names(one), "      ", "      ")
        lines += wrapped(_facts(one, shown.get(one.fingerprint, "")), "      ", "      ")
        shown.setdefault(one.fingerprint, one.path)
    return lines or ["  none was found"]


def state(one: Certificate, wall: float) -> str:
    """Return in two or three words how a certificate stands at a wall time."""
    if one.state != "ok":
        return "UNREADABLE"
    if wall > one.not_after:
        return "EXPIRED %s ago" % moment.span(wall - one.not_after)
    if wall < one.not_before:
        return "NOT YET VALID"
    return "%s left" % moment.span(one.not_after - wall)


def _names(one: Certificate) -> str:
    sans = " (%s)" % ", ".join(one.sans) if one.sans else ""
    issuer = "self-signed" if one.issuer == one.subject else "issuer %s" % one.issuer
    return "%s%s; %s" % (one.subject, sans, issuer)


def _facts(one: Certificate, same_as: str) -> str:
    facts = ["%s to %s UTC" % (moment.utc(one.not_before), moment.utc(one.not_after))]
    if same_as:
        facts = ["the same as %s" % same_as]
    if one.key_match and one.chain:
        return ", ".join(facts + ["key and CA match"])
    words = {True: "%s matches", False: "%s DOES NOT MATCH", None: ""}
    facts += [words[one.key_match] % "key" if one.key_match is not None else ""]
    facts += [words[one.chain] % "CA" if one.chain is not None else ""]
    return ", ".join(part for part in facts if part)


def _clock(seen: Observation) -> List[str]:
    lines = ["  system   %s UTC" % moment.utc(seen.moment.wall)]
    if seen.rtc is None:
        lines.append("  RTC      cannot be read")
    else:
        zone = "local time" if seen.rtc_local else "UTC"
        lines.append("  RTC      %s %s" % (moment.utc(seen.rtc), zone))
    if not seen.running:
        return lines
    lines.append(
        "  uptime   %s, boot %s" % (moment.span(seen.moment.boottime), seen.moment.boot_id)
    )
    lines.append("  set by   %s" % _setters(seen))
    return lines


def _setters(seen: Observation) -> str:
    active = [_unit(one) for one in seen.sync.units if one.active not in ("inactive", "failed")]
    who = ", ".join(active) or "nobody"
    if seen.sync.synchronised:
        who += "; synchronised with %s" % (seen.sync.source or "a source")
    elif active:
        who += "; not synchronised"
    if seen.sync.offset is not None:
        who += "; %+.3f s" % seen.sync.offset
    return who


def _unit(one: Unit) -> str:
    name = one.name[: -len(".service")] if one.name.endswith(".service") else one.name
    extra = one.result if one.active == "failed" and one.result else one.sub
    return "%s %s%s" % (name, one.active, " (%s)" % extra if extra != one.active else "")


def _services(seen: Observation) -> List[str]:
    lines = wrapped(", ".join(_unit(one) for one in seen.units) or "not known", "  ", "  ")
    for one in seen.served:
        served = "verified" if one.verified else one.problem or "refused"
        lines += wrapped("port %d: TLS handshake %s" % (one.port, served), "  ", "    ")
    for failure in seen.failures:
        if failure.kind == "dependency" or not failure.unit.endswith(".service"):
            continue  # follows from the others; the JSON form has all
        lines += wrapped(
            "%s %s, %s at %s UTC: %s"
            % (
                failure.unit,
                failure.kind,
                "once" if failure.times == 1 else "%d times, last" % failure.times,
                moment.utc(failure.last),
                failure.line.strip(),
            ),
            "  ",
            "    ",
        )
    return lines


def _engine(seen: Observation) -> List[str]:
    engine = seen.engine
    if not engine.deployed:
        return ["  no engine VM is deployed on this node"]
    known = {True: "on", False: "off", None: "not known"}
    answers = {True: "answers", False: "does not answer", None: "not tried"}
    lines = ["  %s, ssh: %s" % (engine.fqdn or "(no fqdn)", answers[engine.answers_ssh])]
    domain = engine.domain_state or "not known: %s" % engine.libvirt_problem
    lines += wrapped("HostedEngine: %s" % domain, "  ", "    ")
    lines.append(
        "  maintenance: global %s, local %s"
        % (known[engine.global_maintenance], known[engine.local_maintenance])
    )
    for name, one in (("web", engine.web), ("own", engine.own)):
        if one:
            shown = state(one, seen.moment.wall)
            lines.append(
                "  %s certificate: %s, until %s UTC" % (name, shown, moment.utc(one.not_after))
            )
    if engine.other_nodes:
        lines += wrapped("other nodes: %s" % ", ".join(engine.other_nodes), "  ", "    ")
    return lines


def _verdict(judged: diagnosis.Diagnosis) -> List[str]:
    lines = wrapped("Route: %s, %s" % (judged.route, ROUTES[judged.route]), "", "       ")
    lines += wrapped(judged.reason, "       ", "       ")
    found = judged.window
    if found.moment is not None and judged.route == diagnosis.REWIND:
        lines.append("       window: %s" % moment.utc(found.start))
        lines.append("            to %s UTC" % moment.utc(found.end))
    if judged.inhibitors:
        names = ", ".join(one.id for one in judged.inhibitors)
        lines += wrapped("Nothing is changed while this stands: %s" % names, "", "  ")
    return lines
