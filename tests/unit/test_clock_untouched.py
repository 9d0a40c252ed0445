# SPDX-License-Identifier: Apache-2.0
"""The routes that leave the clock alone: when they are recommended, allowed, planned."""

from typing import Any, List

import pytest

from recovery import diagnose, diagnosis, errors, inventory, planner, procedures
from recovery import plan as plans
from recovery.observation import Observation
from tests.unit import observations

EXPIRED = observations.expired()
RUNNING = EXPIRED._replace(
    units=tuple(observations.unit(name) for name in ("libvirtd.service", "vdsmd.service")),
    engine=observations.engine(domain_state="running"),
    running_vms=3,
)
BROKEN = observations.changed(EXPIRED, inventory.VDSM, chain=False)
NO_WINDOW = observations.changed(EXPIRED, inventory.CA, not_before=observations.NOW - 86400)
BACKUP = "/mnt/usb/engine.backup"


def judged(seen: Observation, route: str = "", ca: bool = True) -> diagnosis.Diagnosis:
    return diagnose.diagnose(seen, route, ca)


def make(seen: Observation = EXPIRED, **wishes: Any) -> plans.Plan:
    chosen = plans.Wishes(**wishes)
    told = judged(seen, chosen.route, bool(chosen.authority))
    return planner.make(seen, told, chosen)


def needed(plan: plans.Plan) -> List[str]:
    return [one.step for one in plan.steps if one.need == "needed"]


@pytest.mark.parametrize(
    "seen",
    [
        EXPIRED,
        BROKEN,
        NO_WINDOW,
        EXPIRED._replace(running=False),
        EXPIRED._replace(engine=observations.engine(answers_ssh=True)),
        EXPIRED._replace(engine=observations.engine(deployed=False)),
    ],
    ids=["main case", "chain broken", "no window", "at rest", "engine answers", "no engine here"],
)
def test_ca_that_is_given_is_the_way_out(seen: Observation) -> None:
    told = judged(seen)
    assert told.route == diagnosis.OFFLINE_CA
    assert told.inhibitors == ()


@pytest.mark.parametrize("seen", [BROKEN, NO_WINDOW], ids=["chain broken", "no window"])
def test_without_a_ca_the_same_is_inhibited_and_the_way_is_told(seen: Observation) -> None:
    told = judged(seen, ca=False)
    assert told.inhibitors and told.route == diagnosis.NONE
    assert "--engine-backup FILE" in told.reason


def test_main_case_without_a_ca_tells_that_one_would_do() -> None:
    told = judged(EXPIRED, ca=False)
    assert told.route == diagnosis.REWIND and "--engine-backup FILE" in told.reason
    assert told.has("backup-would-do") and not judged(EXPIRED).has("backup-would-do")


def test_ca_does_not_lift_the_care_for_running_vms() -> None:
    assert [one.id for one in judged(RUNNING).inhibitors] == ["expired-still-running"]
    assert judged(RUNNING, diagnosis.OFFLINE_CA).inhibitors == ()


def test_ca_changes_nothing_where_all_is_valid_or_the_ca_itself_is_expired() -> None:
    for seen in (
        observations.valid(),
        observations.changed(EXPIRED, inventory.CA, not_after=observations.NOW - 5),
    ):
        assert judged(seen).route == judged(seen, ca=False).route == diagnosis.NONE


def test_interim_is_never_recommended_and_says_what_is_not_proved() -> None:
    for seen in (EXPIRED, BROKEN, NO_WINDOW):
        told = judged(seen, diagnosis.INTERIM, ca=False)
        assert told.route != diagnosis.INTERIM and diagnosis.INTERIM in told.allowed
        assert told.has("interim-not-proved") and told.inhibitors == ()


def test_interim_is_not_for_a_disk_at_rest() -> None:
    with pytest.raises(errors.UsageError, match="it can be offline-ca"):
        make(EXPIRED._replace(running=False), route="interim")


def test_plan_of_offline_ca_touches_no_clock_and_asks_no_engine() -> None:
    plan = make(authority=BACKUP)
    assert needed(plan) == [one.id for one in procedures.OFFLINE_CA]
    assert not {"clock-back", "reach-engine", "sign"} & set(needed(plan))
    assert BACKUP in "\n".join(plans.lines(plan))


def test_plan_of_offline_ca_needs_no_address_of_the_engine() -> None:
    seen = EXPIRED._replace(engine=observations.engine(fqdn=""))
    assert make(seen, authority=BACKUP).parameters.engine == ""


@pytest.mark.parametrize(
    "engine",
    [{"answers_ssh": True}, {"domain_state": "running"}, {"deployed": False}],
    ids=["answers", "runs here", "not deployed"],
)
def test_plan_starts_no_engine_where_there_is_none_to_start(engine: Any) -> None:
    plan = make(EXPIRED._replace(engine=observations.engine(**engine)), authority=BACKUP)
    steps = needed(plan)
    assert "restart-services" in steps and "prove" in steps
    assert not {"global-maintenance", "start-engine-vm", "leave-maintenance"} & set(steps)


def test_plan_at_rest_is_of_files_alone() -> None:
    plan = make(EXPIRED._replace(running=False), authority=BACKUP)
    assert plan.parameters.at_rest
    assert needed(plan) == ["backup", "request", "sign-here", "install"]
    assert procedures.of(plan.route, plan.parameters) == procedures.OFFLINE_AT_REST


def test_plan_of_interim_removes_it_before_anything_lasting_is_installed() -> None:
    steps = needed(make(route="interim"))
    order = ["backup", "interim", "start-engine-vm", "sign", "end-interim", "install", "prove"]
    assert [step for step in steps if step in order] == order
    assert "clock-back" not in steps


def test_plan_of_interim_takes_the_console_certificate_along_where_qemu_reads_it() -> None:
    vnc = [entry.path for entry in inventory.COPIES if entry.kind == inventory.VNC]
    assert make(route="interim").parameters.interim == (inventory.NODE_CERTIFICATE,)
    with_tls = make(EXPIRED._replace(vnc_tls=True), route="interim").parameters.interim
    assert with_tls == (inventory.NODE_CERTIFICATE,) + tuple(vnc)


@pytest.mark.parametrize(
    "wishes, says",
    [
        ({"route": "offline-ca"}, "no CA was given"),
        ({"route": "rewind", "authority": BACKUP}, "does not sign here"),
        ({"route": "interim", "authority": BACKUP}, "does not sign here"),
    ],
)
def test_plan_with_a_ca_and_a_route_that_do_not_fit_is_a_usage_error(
    wishes: Any, says: str
) -> None:
    with pytest.raises(errors.UsageError, match=says):
        make(**wishes)


def test_nothing_that_holds_for_interim_is_asked_for_once_it_is_removed() -> None:
    """After a power cut in between, neither libvirtd nor the engine can come up."""
    steps = procedures.INTERIM
    position = {step.id: number for number, step in enumerate(steps)}
    removed = position["end-interim"]
    for step in steps[:removed]:
        assert position.get(step.until, 0) <= removed, step.id
