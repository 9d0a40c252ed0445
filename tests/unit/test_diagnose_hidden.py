# SPDX-License-Identifier: Apache-2.0
"""What must be seen before the clock is touched, though nothing complains of it."""

from typing import Any, Tuple

import pytest

from recovery.diagnose import diagnose
from recovery.finding import INHIBITOR, WARNING, Finding
from recovery.observation import Certificate, Observation, Synchronisation
from tests.unit.observations import DAY, END, NOW, changed, engine, expired, unit, valid

WEB = Certificate("virt-he:443", "vdsm", not_after=NOW - DAY, chain=True, issuer="CN=CA")
UNRESOLVED = "getaddrinfo virt-he.example.test: Name or service not known"


def found(seen: Observation, name: str, chosen: str = "") -> Tuple[Finding, ...]:
    return tuple(one for one in diagnose(seen, chosen).findings if one.id == name)


def severities(seen: Observation, name: str, chosen: str = "") -> Tuple[str, ...]:
    return tuple(one.severity for one in found(seen, name, chosen))


def test_vms_that_outlive_a_failed_libvirtd_are_left_alone_unless_a_route_is_named() -> None:
    seen = expired(running_vms=2)
    (told,) = found(seen, "expired-still-running")
    assert told.severity == INHIBITOR
    assert "libvirtd.service: failed, running VMs: 2" in told.evidence
    assert "do not reboot: the VMs run on without libvirtd" in told.remediation[0]
    assert severities(seen, "expired-still-running", "rewind") == (WARNING,)
    assert "rewind" in diagnose(seen).allowed


@pytest.mark.parametrize("vms", [0, None])
def test_no_vm_under_a_failed_libvirtd_is_the_main_job(vms: Any) -> None:
    judged = diagnose(expired(running_vms=vms))
    assert not judged.inhibitors and judged.route == "rewind"


def test_engine_whose_web_side_alone_answers_is_no_engine_that_is_down() -> None:
    seen = expired(engine=engine(web=WEB))
    (told,) = found(seen, "engine-not-reached")
    assert told.severity == INHIBITOR and "virt-he:443: its web server shows" in told.evidence[0]
    judged = diagnose(seen)
    assert judged.route == "sign" and "rewind" in judged.allowed
    assert severities(seen, "engine-not-reached", "rewind") == (WARNING,)


def test_somebody_else_at_the_engine_s_address_is_no_engine() -> None:
    foreign = WEB._replace(chain=False)
    judged = diagnose(expired(engine=engine(web=foreign)))
    assert judged.route == "rewind" and not judged.inhibitors
    # A web certificate bought elsewhere, and the engine's own beside it.
    judged = diagnose(expired(engine=engine(web=foreign, own=WEB)))
    assert judged.route == "sign" and judged.inhibitors[0].id == "engine-not-reached"


@pytest.mark.parametrize("moment", [True, False])
def test_temporary_certificate_may_be_named_where_libvirtd_is_dead_already(moment: bool) -> None:
    seen = expired(running_vms=2)
    if not moment:  # the CA was renewed after the node's certificate had expired
        seen = changed(seen, "ca", not_before=END + DAY)
    assert ("rewind" in diagnose(seen).allowed) is moment
    assert "interim" in diagnose(seen).allowed
    units = (unit("libvirtd.service"),) + seen.units[1:]
    assert "interim" not in diagnose(seen._replace(units=units)).allowed


def test_name_that_nobody_knows_is_told_where_no_engine_vm_is_deployed() -> None:
    seen = expired(engine=engine(deployed=False, unresolved=UNRESOLVED))
    assert severities(seen, "engine-name-unknown") == (WARNING,)


@pytest.mark.parametrize(
    "route, severity",
    [("", INHIBITOR), ("rewind", WARNING), ("offline-ca", WARNING)],
)
def test_name_that_nobody_knows_is_told_before_the_clock_is_back(route: str, severity: str) -> None:
    seen = expired(engine=engine(unresolved=UNRESOLVED))
    (told,) = found(seen, "engine-name-unknown", route)
    assert told.severity == severity and told.evidence == (UNRESOLVED,)


@pytest.mark.parametrize("chosen, severity", [("", INHIBITOR), ("rewind", WARNING)])
def test_guard_of_an_old_storage_domain_forbids_the_rewind(chosen: str, severity: str) -> None:
    assert severities(expired(spm_protect=1), "spm-protect", chosen) == (severity,)


@pytest.mark.parametrize("name", ["spm-protect", "gluster-bricks"])
def test_hazards_of_a_clock_set_back_are_none_where_it_stays(name: str) -> None:
    seen = expired(spm_protect=1, units=expired().units + (unit("glusterd.service"),))
    assert found(seen, name) and not found(seen, name, "interim")
    assert not found(valid(), name)


def test_bricks_of_gluster_are_a_warning() -> None:
    seen = expired(units=expired().units + (unit("glusterd.service"),))
    assert severities(seen, "gluster-bricks") == (WARNING,)
    idle = expired(units=expired().units + (unit("glusterd.service", "inactive"),))
    assert not found(idle, "gluster-bricks")


def set_back(**changes: Any) -> Observation:
    """Somebody followed the procedure by hand: the hardware clock was dragged along."""
    past = END - 5 * DAY
    moment = expired().moment._replace(wall=float(past))
    return expired(moment=moment, rtc=past, journal_latest=float(NOW), **changes)


def test_clock_that_was_set_back_by_hand_is_seen_by_entries_that_are_later() -> None:
    (told,) = found(set_back(), "clock-behind")
    assert told.severity == INHIBITOR and "later than now" in told.evidence[0]
    assert "name the route" in told.remediation[-1]
    assert diagnose(set_back()).route == "none"


def test_clock_behind_an_entry_is_right_where_ntp_or_a_person_says_so() -> None:
    right = Synchronisation((), synchronised=True, offset=0.01)
    assert not found(set_back(sync=right), "clock-behind")
    assert severities(set_back(), "clock-behind", "sign") == (WARNING,)


def test_entries_of_today_and_before_contradict_nobody() -> None:
    for latest in (0.0, NOW - DAY, NOW + DAY / 2):
        judged = diagnose(expired(journal_latest=float(latest)))
        assert judged.route == "rewind" and not judged.inhibitors


def test_expired_web_certificate_of_another_ca_is_not_engine_setup_s() -> None:
    near = valid()
    shown = WEB._replace(chain=False)
    known = near.engine._replace(web=shown, api="expired", api_problem="certificate has expired")
    (told,) = found(near._replace(engine=known), "engine-web-expired", "renew")
    assert told.remediation == (
        "engine-setup does not renew it: install a new one by the way it came",
    )
