# SPDX-License-Identifier: Apache-2.0
from typing import NamedTuple, Tuple

import pytest

from recovery import inventory
from recovery.diagnose import diagnose
from recovery.diagnosis import Diagnosis
from recovery.finding import INHIBITOR, NOTE, WARNING
from recovery.observation import Engine, Failure, Observation, Served, Synchronisation
from tests.unit import observations
from tests.unit.observations import DAY, END, NOW, changed, engine, expired, unit, valid

LATER = NOW + 400 * DAY


class Case(NamedTuple):
    """An observation, the findings that it must have (not only), and the route."""

    seen: Observation
    findings: Tuple[Tuple[str, str], ...]
    route: str


def unrelated(seen: Observation) -> Observation:
    told = Failure("unrelated", "libvirtd.service", "", 3, NOW, NOW, observations.UNRELATED)
    return seen._replace(
        failures=seen.failures + (told,), units=(unit("libvirtd.service", "failed"),)
    )


CASES = {
    "main job": Case(expired(), (("node-certificate-expired", WARNING),), "rewind"),
    "all valid": Case(valid(), (), "none"),
    "near expiry": Case(
        changed(valid(), "vdsm", not_after=NOW + 20 * DAY),
        (("expires-soon", WARNING), ("mixed-ages", NOTE)),
        "renew",
    ),
    "only migration expired": Case(
        changed(valid(), "migration", not_after=END),
        (("other-certificates-expired", WARNING), ("mixed-ages", NOTE)),
        "renew",
    ),
    "mixed ages": Case(
        changed(expired(), "vnc", not_after=LATER), (("mixed-ages", NOTE),), "rewind"
    ),
    "CA expired": Case(
        changed(expired(), "ca", not_after=END + DAY), (("ca-expired", INHIBITOR),), "none"
    ),
    "CA near expiry": Case(
        changed(valid(), "ca", not_after=NOW + 100 * DAY), (("ca-expires-soon", WARNING),), "none"
    ),
    "no common window": Case(
        changed(expired(), "vnc", not_before=END + DAY, not_after=LATER)._replace(vnc_tls=True),
        (("empty-window", INHIBITOR),),
        "none",
    ),
    "vnc not checked": Case(
        changed(expired(), "vnc", not_before=END + DAY, not_after=LATER), (), "rewind"
    ),
    "clock ahead: RTC": Case(expired(rtc=END - 10 * DAY), (("clock-ahead", INHIBITOR),), "none"),
    "clock ahead: NTP": Case(
        expired(sync=Synchronisation((), synchronised=False, offset=50.0 * DAY)),
        (("clock-ahead", INHIBITOR),),
        "none",
    ),
    "clock ahead: journal": Case(
        expired(clock_steps=((END - 5.0 * DAY, NOW - 60.0),)),
        (("clock-ahead", INHIBITOR),),
        "none",
    ),
    "clock stepped there and back": Case(
        expired(clock_steps=((NOW - 90.0, END - 5.0 * DAY), (END - 4.99 * DAY, NOW - 60.0))),
        (),
        "rewind",
    ),
    "RTC wrong, NTP right": Case(
        expired(rtc=END - 10 * DAY, sync=Synchronisation((), synchronised=True, offset=0.01)),
        (),
        "rewind",
    ),
    "RTC battery empty": Case(expired(rtc=946684800), (("clock-contradicted", WARNING),), "rewind"),
    "clock behind: a run was cut off": Case(
        expired(moment=expired().moment._replace(wall=float(END - DAY))),
        (("clock-behind", INHIBITOR),),
        "none",
    ),
    "not yet valid": Case(
        changed(valid(), "vdsm", not_before=NOW + DAY), (("not-yet-valid", INHIBITOR),), "none"
    ),
    "unrelated failure": Case(unrelated(valid()), (("libvirtd-other-failure", INHIBITOR),), "none"),
    "expired and unrelated failure": Case(
        unrelated(expired()), (("libvirtd-other-failure", WARNING),), "rewind"
    ),
    "still running": Case(
        expired(
            units=(unit("libvirtd.service"), unit("vdsmd.service")),
            running_vms=4,
            engine=engine(domain_state="running", answers_ssh=True),
        ),
        (("expired-still-running", INHIBITOR),),
        "sign",
    ),
    "libvirtd runs, no VM does": Case(
        expired(units=(unit("libvirtd.service"),), running_vms=0, engine=engine()), (), "rewind"
    ),
    "engine up": Case(
        expired(engine=engine(answers_ssh=True)), (("engine-answers", NOTE),), "sign"
    ),
    "engine's host key unknown": Case(
        expired(engine=engine(ssh_address="virt-he.example.test", host_key_known=False)),
        (("engine-host-key-unknown", WARNING),),
        "rewind",
    ),
    "global maintenance": Case(
        expired(engine=engine(global_maintenance=True)),
        (("global-maintenance", WARNING),),
        "rewind",
    ),
    "local maintenance": Case(
        expired(engine=engine(local_maintenance=True)), (("local-maintenance", WARNING),), "rewind"
    ),
    "local maintenance in 4.5": Case(
        expired(
            engine=engine(local_maintenance=True),
            versions=(("ovirt-hosted-engine-ha", "2.5.0-1.el8"),),
        ),
        (("local-maintenance", INHIBITOR),),
        "rewind",
    ),
    "other nodes": Case(
        expired(engine=engine(other_nodes=("virt-host2", "virt-host3"))),
        (("other-nodes", WARNING),),
        "rewind",
    ),
    "other nodes not known": Case(expired(), (("other-nodes-unknown", NOTE),), "rewind"),
    "no compiled parts": Case(
        expired()._replace(plain_python="/run: mounted noexec"),
        (("plain-python", NOTE),),
        "rewind",
    ),
    "start limit": Case(
        expired(units=(unit("libvirtd.socket", "failed", result="service-start-limit-hit"),)),
        (("start-limit-hit", NOTE),),
        "rewind",
    ),
    "start limit on EL7": Case(
        expired(units=(unit("libvirtd.service", "failed", result="start-limit"),)),
        (("start-limit-hit", NOTE),),
        "rewind",
    ),
    "no oVirt node": Case(
        Observation(expired().moment, "/", True, ovirt_node=False),
        (("not-an-ovirt-node", INHIBITOR),),
        "none",
    ),
    "no root rights": Case(expired(root_rights=False), (("no-root-rights", INHIBITOR),), "rewind"),
    "key mismatch": Case(
        changed(expired(), "vdsm", key_match=False), (("key-mismatch", INHIBITOR),), "none"
    ),
    "key mismatch, engine up": Case(
        changed(expired(engine=engine(answers_ssh=True)), "vdsm", key_match=False),
        (("key-mismatch", WARNING),),
        "sign",
    ),
    "vdsmcert copied over the migration certificate": Case(
        changed(expired(), "migration", key_match=False, chain=False),
        (("key-mismatch", WARNING), ("chain-broken", WARNING)),
        "rewind",
    ),
    "chain broken": Case(
        changed(expired(), "vdsm", chain=False), (("chain-broken", INHIBITOR),), "none"
    ),
    "served certificate older": Case(
        valid(served=(Served(54321, END, "cd" * 32, False, "certificate has expired"),)),
        (("served-certificate-differs", WARNING),),
        "none",
    ),
    "handshake fails": Case(
        valid(served=(Served(54321, 0, "", False, "self signed certificate"),)),
        (("handshake-fails", WARNING),),
        "none",
    ),
    "disk full": Case(
        expired(disk_free=(("/var/lib", 1000),)), (("disk-full", INHIBITOR),), "rewind"
    ),
    "node certificate unreadable": Case(
        changed(expired(), "vdsm", state="unreadable", problem="the file is empty"),
        (("certificate-unreadable", INHIBITOR),),
        "none",
    ),
    "nothing could be read": Case(
        expired(certificates=(), problems=("certificates: no cryptography",)),
        (("certificate-unreadable", INHIBITOR), ("not-everything-seen", NOTE)),
        "none",
    ),
    "a copy unreadable": Case(
        changed(expired(), "spice", state="unreadable", problem="the file is empty"),
        (("other-certificate-unreadable", WARNING),),
        "rewind",
    ),
    "no subjectAltName": Case(
        changed(expired(), "vdsm", sans=()), (("san-missing", WARNING),), "rewind"
    ),
    "time synchronisation": Case(
        expired(
            sync=Synchronisation(
                (unit("chronyd.service"), unit("chrony-wait.service", "inactive")), False
            )
        ),
        (("time-synchronisation-active", NOTE), ("chrony-wait", NOTE)),
        "rewind",
    ),
    "no RTC": Case(expired(rtc=None), (("rtc-missing", WARNING),), "rewind"),
    "RTC in local time": Case(
        expired(rtc=NOW + 3 * 3600, rtc_local=True), (("rtc-local", NOTE),), "rewind"
    ),
    "sanlock down": Case(
        expired(units=(unit("sanlock.service", "failed"),)),
        (("sanlock-not-active", WARNING),),
        "rewind",
    ),
    "modular libvirt": Case(
        expired(units=(unit("virtqemud.service"),)), (("modular-libvirt", WARNING),), "rewind"
    ),
    "no engine VM here": Case(expired(engine=Engine()), (("no-hosted-engine", INHIBITOR),), "none"),
    "files only": Case(
        expired(running=False, units=(), engine=engine(answers_ssh=None)),
        (("files-only", NOTE), ("node-certificate-expired", WARNING)),
        "none",
    ),
}


def ids(judged: Diagnosis) -> Tuple[Tuple[str, str], ...]:
    return tuple((one.id, one.severity) for one in judged.findings)


@pytest.mark.parametrize("name", sorted(CASES))
def test_diagnose_case(name: str) -> None:
    case = CASES[name]
    judged = diagnose(case.seen)
    assert set(case.findings) <= set(ids(judged)), judged.findings
    assert judged.route == case.route, judged.reason
    assert judged.reason
    present = [one.id for one in judged.findings]
    assert len(present) == len(set(present))


def test_diagnose_all_valid_finds_nothing_to_worry_about() -> None:
    assert {severity for _, severity in ids(diagnose(valid()))} <= {NOTE}


def test_diagnose_main_job_has_no_inhibitor() -> None:
    judged = diagnose(expired())
    assert judged.inhibitors == ()
    assert judged.window.moment == END - DAY
    assert "rewind" in judged.allowed


def test_diagnose_puts_inhibitors_first() -> None:
    judged = diagnose(expired(root_rights=False, rtc=None))
    severities = [one.severity for one in judged.findings]
    assert severities == sorted(severities, key=[INHIBITOR, WARNING, NOTE].index)
    assert severities[0] == INHIBITOR


def test_diagnose_window_names_the_certificates_that_exclude_each_other() -> None:
    judged = diagnose(CASES["no common window"].seen)
    found = [one for one in judged.findings if one.id == "empty-window"][0]
    assert any("libvirt-vnc/server-cert.pem begins" in line for line in found.evidence)
    assert any("vdsmcert.pem ended" in line for line in found.evidence)


def test_diagnose_evidence_quotes_the_journal() -> None:
    found = [one for one in diagnose(expired()).findings if one.id == "node-certificate-expired"]
    assert any(observations.EXPIRED in line for line in found[0].evidence)


def test_diagnose_chosen_route_lifts_the_care_for_running_vms() -> None:
    seen = CASES["still running"].seen
    assert "sign" in diagnose(seen).allowed and "rewind" not in diagnose(seen).allowed
    judged = diagnose(seen, chosen="sign")
    assert judged.inhibitors == () and judged.has("expired-still-running")


def test_diagnose_chosen_route_confirms_a_stepped_clock_but_no_wrong_one() -> None:
    stepped = CASES["clock ahead: journal"].seen
    assert diagnose(stepped, chosen="rewind").inhibitors == ()
    assert diagnose(stepped, chosen="rewind").route == "rewind"
    assert diagnose(CASES["clock ahead: RTC"].seen, chosen="rewind").inhibitors


def test_diagnose_unreadable_node_certificate_points_to_an_intact_copy() -> None:
    judged = diagnose(CASES["node certificate unreadable"].seen)
    advice = judged.inhibitors[0].remediation[0]
    assert advice.endswith("> " + inventory.NODE_CERTIFICATE) and "cat /etc/pki" in advice
