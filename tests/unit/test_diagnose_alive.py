# SPDX-License-Identifier: Apache-2.0
"""No clock is set back while an engine lives, whatever of the node's certificates is expired."""

from typing import Any, Tuple

import pytest

from recovery import diagnosis, inventory, plan, planner
from recovery.diagnose import diagnose
from recovery.finding import INHIBITOR, WARNING
from recovery.judgements import facts
from recovery.observation import Certificate, Engine, Observation
from tests.unit.observations import CA_NAME, DAY, END, NOW, changed, engine, expired, unit, valid
from tests.unit.test_diagnose import CASES

OLD_CA = "C=US, O=example.test, CN=old.example.test.12345"
RUNS = (unit("libvirtd.service"), unit("vdsmd.service"))
HEALTHY_ELSEWHERE = engine(
    vm_health="good", global_maintenance=False, other_nodes=("virt-host2",), domain_state="absent"
)
LOCAL = engine(local_maintenance=True, local_maintenance_source="ha.conf")
HA_25 = (("ovirt-hosted-engine-ha", "2.5.0-1.el8"),)


def vnc_expired(**known: Any) -> Observation:
    """A node in good health whose copy for VNC was left out by an enrollment."""
    seen = changed(valid(), "vnc", not_after=END)
    return seen._replace(vnc_tls=True, engine=seen.engine._replace(**known))


def with_another_ca(seen: Observation, path: str, end: int, subject: str = OLD_CA) -> Observation:
    """Append a CA to a file that holds one already."""
    own = [one for one in seen.certificates if one.path == path]
    other = own[0]._replace(subject=subject, issuer=subject, not_after=end)
    return seen._replace(certificates=(*seen.certificates, other))


def inhibitors(judged: diagnosis.Diagnosis) -> Tuple[str, ...]:
    return tuple(one.id for one in judged.inhibitors)


@pytest.mark.parametrize(
    "known, route",
    [
        ({"answers_ssh": True}, "sign"),
        ({"answers_ssh": False, "global_maintenance": False}, "sign"),  # nobody else carries it
        ({"answers_ssh": False, "other_nodes": ("b",), "global_maintenance": False}, "renew"),
        ({"domain_state": "absent", "vm_health": "good", "answers_ssh": True}, "sign"),
        ({"domain_state": "absent", "vm_health": "good", "api": "answers"}, "renew"),
    ],
    ids=["ssh", "alone", "not alone", "elsewhere", "elsewhere, no ssh"],
)
def test_copy_for_vnc_expired_on_a_healthy_host_leaves_the_clock_alone(
    known: Any, route: str
) -> None:
    seen = vnc_expired(**known)
    judged = diagnose(seen)
    assert judged.route == route and inhibitors(judged) == ("expired-still-running",)
    assert judged.allowed == ("sign", "offline-ca", "renew")
    for chosen in ("sign", "renew"):
        assert diagnose(seen, chosen).inhibitors == ()
        steps = [one.step for one in planner.make(seen, judged, plan.Wishes(route=chosen)).steps]
        assert "clock-back" not in steps
        assert ("install" if chosen == "sign" else "renew-copies") in steps


def test_copy_for_vnc_expired_says_what_does_not_work() -> None:
    (found,) = diagnose(vnc_expired(answers_ssh=True)).inhibitors
    assert any("libvirt-vnc/server-cert.pem" in line for line in found.evidence)
    assert "none starts" in found.remediation[0]


def test_copy_for_vnc_expired_and_the_engine_vm_down_names_the_copy() -> None:
    seen = vnc_expired(domain_state="shut off")._replace(running_vms=0)
    judged = diagnose(seen)
    assert judged.route == "rewind" and "the copy of it for VNC is expired" in judged.reason


def test_copy_for_vnc_that_nobody_reads_is_an_ordinary_renewal() -> None:
    assert diagnose(vnc_expired()._replace(vnc_tls=False)).route == "renew"


@pytest.mark.parametrize("seen", [valid(), expired()], ids=["healthy host", "expired and down"])
@pytest.mark.parametrize("chosen", ["", "sign", "rewind"])
def test_stale_ca_beside_the_node_s_own_is_taken_out_before_anything(
    seen: Observation, chosen: str
) -> None:
    seen = with_another_ca(seen, inventory.NODE_CA, NOW - 5 * DAY)
    judged = diagnose(seen, chosen)
    assert inhibitors(judged) == ("stale-ca",)
    assert (judged.route, judged.allowed) == ("none", ())
    (line,) = judged.inhibitors[0].evidence
    assert inventory.NODE_CA in line and OLD_CA in line
    told = [one for one in judged.findings if one.id == "other-certificates-expired"]
    assert inventory.NODE_CA not in str(told)


def test_stale_ca_of_vnc_counts_only_where_qemu_reads_it() -> None:
    (path,) = [one.ca_path for one in inventory.INVENTORY if one.kind == inventory.VNC]
    seen = with_another_ca(valid(), path, NOW - 5 * DAY)
    assert not diagnose(seen).has("stale-ca")
    assert inhibitors(diagnose(seen._replace(vnc_tls=True))) == ("stale-ca",)


def test_ca_that_was_renewed_beside_its_old_certificate_is_not_an_expired_ca() -> None:
    seen = with_another_ca(expired(), inventory.NODE_CA, NOW - 5 * DAY, CA_NAME)
    judged = diagnose(seen)
    assert judged.has("stale-ca") and not judged.has("ca-expired")


@pytest.mark.parametrize("ssh", [False, None])
def test_healthy_engine_that_is_not_reached_asks_for_its_address(ssh: Any) -> None:
    seen = expired(engine=HEALTHY_ELSEWHERE._replace(answers_ssh=ssh))
    judged = diagnose(seen)
    assert judged.route == "sign" and "--engine ADDRESS" in judged.reason
    assert inhibitors(judged) == ("engine-not-reached",)
    assert "--engine ADDRESS" in judged.inhibitors[0].remediation[0]
    assert not judged.has("without-ssh")
    assert inhibitors(diagnose(seen, by_hand=True)) == ()


SHOWN = Certificate("virt-he:443", "vdsm", not_after=NOW, chain=True, issuer="CN=CA")


@pytest.mark.parametrize("known", [HEALTHY_ELSEWHERE, engine(web=SHOWN)], ids=["broker", "web"])
def test_healthy_engine_is_rewound_only_by_name_and_then_started_for_sure(known: Engine) -> None:
    seen = expired(engine=known)
    assert diagnose(seen).inhibitors and diagnose(seen).route == "sign"
    judged = diagnose(seen, "rewind")
    assert judged.inhibitors == () and "rewind" in judged.allowed
    made = planner.make(seen, judged, plan.Wishes(route="rewind"))
    needed = [one.step for one in made.steps if one.need == "needed"]
    assert {"clock-back", "global-maintenance", "start-engine-vm"} <= set(needed)


def test_healthy_engine_elsewhere_is_not_started_here_by_a_ca_at_hand() -> None:
    seen = expired(engine=HEALTHY_ELSEWHERE)
    judged = diagnose(seen, "", True)
    assert judged.route == "offline-ca" and judged.inhibitors == ()
    made = planner.make(seen, judged, plan.Wishes(authority="/mnt/usb/engine.backup"))
    assert "start-engine-vm" not in [one.step for one in made.steps if one.need == "needed"]


@pytest.mark.parametrize(
    "seen, chosen, severity",
    [
        (expired(engine=LOCAL), "", INHIBITOR),
        (expired(engine=LOCAL), "interim", INHIBITOR),
        (expired(engine=LOCAL), "offline-ca", INHIBITOR),
        (expired(engine=LOCAL), "sign", WARNING),
        (expired(engine=LOCAL._replace(answers_ssh=True)), "", WARNING),
        (expired(engine=LOCAL._replace(answers_ssh=True)), "offline-ca", WARNING),
        (expired(engine=LOCAL._replace(answers_ssh=True)), "renew", WARNING),
        (expired(engine=LOCAL, running=False), "offline-ca", WARNING),
        (changed(valid(engine=LOCAL), "vdsm", not_after=NOW + 20 * DAY), "", WARNING),
        (valid(engine=LOCAL), "", WARNING),
    ],
)
def test_local_maintenance_forbids_only_what_starts_the_engine_vm(
    seen: Observation, chosen: str, severity: str
) -> None:
    judged = diagnose(seen._replace(versions=HA_25), chosen)
    (found,) = [one for one in judged.findings if one.id == "local-maintenance"]
    assert found.severity == severity


@pytest.mark.parametrize("days, told", [(20, True), (200, False)])
def test_local_maintenance_tells_how_to_leave_engine_setup_out(days: int, told: bool) -> None:
    web = Certificate("virt-he:443", "vdsm", not_after=NOW + days * DAY, chain=True)
    seen = expired(engine=LOCAL._replace(answers_ssh=True, web=web), versions=HA_25)
    (found,) = [one for one in diagnose(seen).findings if one.id == "local-maintenance"]
    assert ("--no-engine-setup" in found.remediation[-1]) is told


@pytest.mark.parametrize("state", ["expired", "untrusted", "unreachable"])
def test_web_side_that_cannot_be_used_does_not_forbid_to_sign(state: str) -> None:
    seen = changed(valid(), "vdsm", not_after=NOW + 20 * DAY)
    seen = seen._replace(engine=engine(api=state, api_problem="curl: (7) refused"))
    assert inhibitors(diagnose(seen)) == ("engine-web-" + state,)
    judged = diagnose(seen, "sign")
    assert judged.inhibitors == () and judged.has("engine-web-" + state)


@pytest.mark.parametrize("chosen", ["sign", "offline-ca"])
def test_node_without_an_engine_vm_may_be_signed_for_by_name(chosen: str) -> None:
    judged = diagnose(expired(engine=Engine()), chosen)
    assert judged.inhibitors == () and chosen in judged.allowed


def test_valid_node_without_an_engine_vm_is_forbidden_nothing() -> None:
    judged = diagnose(valid(engine=Engine()))
    assert judged.has("no-hosted-engine") and judged.inhibitors == ()


@pytest.mark.parametrize("name", sorted(CASES))
def test_nothing_can_be_done_for_an_expired_node_is_an_inhibitor(name: str) -> None:
    seen = CASES[name].seen
    judged = diagnose(seen)
    if seen.running and judged.route == "none" and facts.blocking(seen):
        assert judged.inhibitors, judged.reason
