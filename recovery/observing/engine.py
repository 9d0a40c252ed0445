# SPDX-License-Identifier: Apache-2.0
"""What the node knows of the engine VM, without starting or disturbing anything."""

import re
from typing import Dict, Optional, Tuple

from recovery import engine_certificates, errors, host, observation
from recovery.observing import problems, units
from recovery.programs import curl, hosted_engine, pgrep, ssh, ssh_keyscan, virsh

DOMAIN = "HostedEngine"
AGENT_LOG = "/var/log/ovirt-hosted-engine-ha/agent.log"
STATE = re.compile(r"Current state (\w+)")


def observe(
    node: host.Host, services: units.Units, running: bool, notes: problems.Problems
) -> Tuple[observation.Engine, Optional[int]]:
    """Return the engine as known here, and the number of running VMs (None: not known)."""
    engine = _configured(node, notes)
    if not running:
        return engine, None
    engine, vms = _asked_libvirt(node, engine, services, notes)
    if engine.deployed:
        engine = _asked_broker(node, engine, services, notes)
    return engine, vms


def asked_for_ssh(
    node: host.Host, engine: observation.Engine, address: str, notes: problems.Problems
) -> observation.Engine:
    """Return the engine with what ssh needs; with nothing known where nothing names it."""
    if not address:
        return engine
    target = ssh.Target(address)
    nothing: Tuple[Optional[bool], str] = (None, "")
    answers, unresolved = notes.attempt(
        "engine's ssh", lambda: ssh_keyscan.asked(node, address), nothing
    )
    return engine._replace(
        ssh_address=address,
        answers_ssh=answers,
        unresolved=unresolved,
        host_key_known=notes.attempt("engine's host key", lambda: ssh.knows(node, target), None),
    )


def asked_for_web(
    node: host.Host, engine: observation.Engine, address: str, notes: problems.Problems
) -> observation.Engine:
    """Return the engine with the certificate that its web server shows, where one answers."""
    if not address:
        return engine
    nothing: Tuple[Optional[observation.Certificate], str] = (None, "it could not be asked")
    web, problem = notes.attempt(
        "engine's web certificate", lambda: engine_certificates.served(node, address), nothing
    )
    return engine._replace(web=web, web_problem="" if web else problem)


def asked_for_own(
    node: host.Host, engine: observation.Engine, address: str, ca: str, notes: problems.Problems
) -> observation.Engine:
    """Return the engine with the certificate by which nodes know it, where its web side answers."""
    if engine.web is None:
        return engine
    nothing: Tuple[Optional[observation.Certificate], str] = (None, "it could not be asked")
    own, problem = notes.attempt(
        engine_certificates.OWN,
        lambda: engine_certificates.published(node, address, ca),
        nothing,
    )
    return engine._replace(own=own, own_problem=problem)


def asked_for_api(
    node: host.Host, engine: observation.Engine, ca: str, notes: problems.Problems
) -> observation.Engine:
    """Return the engine with whether its API can be used: ordinary renewal goes through it."""
    if not engine.fqdn:
        return engine
    request = curl.Request("https://%s/ovirt-engine/services/health" % engine.fqdn)
    try:
        curl.ask(node, request, ca)
    except curl.NotTrusted as refused:
        state = "expired" if refused.expired else "untrusted"
        return engine._replace(api=state, api_problem=_last(refused))
    except curl.NotReached as missed:
        return engine._replace(api="unreachable", api_problem=_last(missed))
    except errors.Error as error:
        notes.add("the engine's web side", error)
        return engine
    return engine._replace(api="answers")


def _last(error: errors.Error) -> str:
    return error.seen[-1] if error.seen else error.cause


def _configured(node: host.Host, notes: problems.Problems) -> observation.Engine:
    try:
        conf = hosted_engine.configuration(node)
    except errors.FileMissing:
        return observation.Engine()
    except errors.FileError as error:
        notes.add("hosted engine", error)
        return observation.Engine()
    local = notes.attempt("local maintenance", lambda: hosted_engine.local_maintenance(node), None)
    return observation.Engine(
        deployed=bool(conf.get("vmid")),
        fqdn=conf.get("fqdn", ""),
        host_id=conf.get("host_id", ""),
        local_maintenance=local,
        local_maintenance_source=hosted_engine.HA_CONF if local is not None else "",
    )


def _asked_libvirt(
    node: host.Host,
    engine: observation.Engine,
    services: units.Units,
    notes: problems.Problems,
) -> Tuple[observation.Engine, Optional[int]]:
    """Ask libvirt only where it runs: a connect starts a failing libvirtd over its socket."""
    if not units.is_active(services, units.LIBVIRTD):
        reason = "libvirtd is not running and was not asked: a connection would start it"
        # VMs outlive a libvirtd that has failed (libvirtd.service: KillMode=process).
        vms = notes.attempt("running VMs", lambda: pgrep.count(node, pgrep.QEMU), None)
        return engine._replace(libvirt_problem=reason), vms
    try:
        domains = virsh.domains(node)
    except errors.Error as error:
        notes.add("libvirt", error)
        return engine._replace(libvirt_problem=error.cause), None
    return engine._replace(domain_state=domains.get(DOMAIN, virsh.ABSENT)), _running(domains)


def _running(domains: Dict[str, str]) -> int:
    return sum(state not in ("shut off", "crashed") for state in domains.values())


def _asked_broker(
    node: host.Host,
    engine: observation.Engine,
    services: units.Units,
    notes: problems.Problems,
) -> observation.Engine:
    if not units.is_active(services, "ovirt-ha-broker.service"):
        return _asked_log(node, engine)
    status = notes.attempt("HA status", lambda: hosted_engine.vm_status(node), None)
    if status is None:
        return _asked_log(node, engine)
    here = [one for one in status.hosts if one.host_id == engine.host_id]
    others = [one for one in status.hosts if one.host_id != engine.host_id]
    healths = [one.health for one in here + others if one.live and one.health]
    return engine._replace(
        global_maintenance=status.global_maintenance,
        global_maintenance_source="hosted-engine --vm-status",
        vm_health="good" if "good" in healths else "".join(healths[:1]),
        other_nodes=tuple(one.hostname for one in others),
    )


def _asked_log(node: host.Host, engine: observation.Engine) -> observation.Engine:
    """Take the agent's last word about maintenance: the flag lies on the shared storage.

    An agent that cannot reach vdsm writes no states, so an older True is worth a warning, while
    anything else proves nothing.
    """
    try:
        states = STATE.findall(node.read(AGENT_LOG).decode("utf-8", "replace"))
    except errors.FileError:
        return engine
    if not states or states[-1] != "GlobalMaintenance":
        return engine
    return engine._replace(global_maintenance=True, global_maintenance_source=AGENT_LOG)
