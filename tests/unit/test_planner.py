# SPDX-License-Identifier: Apache-2.0
import json
from typing import Any, List

import pytest

from recovery import diagnose, diagnosis, errors, inventory, planner, procedures
from recovery import plan as plans
from recovery.observation import Certificate, Observation, Synchronisation
from recovery.plan import Wishes
from recovery.procedures import PROCEDURES
from tests.unit import observations

SEEN = observations.expired(
    sync=Synchronisation(
        (
            observations.unit("chronyd.service"),
            observations.unit("chrony-wait.service", "inactive"),
            observations.unit("ntpd.service", "failed"),
        ),
        synchronised=False,
    )
)


def make(seen: Observation = SEEN, **wishes: Any) -> plans.Plan:
    return planner.make(seen, diagnose.diagnose(seen), Wishes(**wishes))


def test_make_for_the_main_case_is_the_whole_rewind() -> None:
    plan = make()
    assert plan.route == diagnosis.REWIND
    assert [one.step for one in plan.steps] == [one.id for one in PROCEDURES["rewind"]]
    assert plan.parameters.past == diagnose.diagnose(SEEN).window.moment


def test_make_says_for_every_step_what_why_and_how_long() -> None:
    for one in make().steps:
        assert one.title and one.reason and one.seconds >= 0, one.step
        assert one.need in ("needed", "satisfied")


def test_make_survives_the_journal() -> None:
    plan = make()
    assert plans.from_json(json.loads(json.dumps(plans.to_json(plan)))) == plan


def test_make_twice_is_the_same_plan() -> None:
    assert make() == make()


def test_make_takes_subject_and_names_from_the_certificate() -> None:
    parameters = make().parameters
    assert parameters.subject == "/O=example.test/CN=virt-host1.example.test"
    assert parameters.sans == ("DNS:virt-host1.example.test",)
    assert parameters.engine == "virt-he.example.test"


@pytest.mark.parametrize(
    "name, san",
    [
        ("virt-host1.example.test", "DNS:virt-host1.example.test"),
        ("192.0.2.7", "IP:192.0.2.7"),
        ("2001:db8::7", "IP:2001:db8::7"),
        ("7.example.test", "DNS:7.example.test"),
    ],
)
def test_make_for_a_certificate_without_names_uses_its_cn(name: str, san: str) -> None:
    subject = "O=example.test, CN=%s" % name
    seen = observations.changed(SEEN, inventory.VDSM, sans=(), subject=subject)
    assert make(seen).parameters.sans == (san,)


def test_make_stops_what_runs_and_masks_all_that_sets_the_clock() -> None:
    parameters = make().parameters
    assert parameters.sync_running == ("chronyd.service",)
    assert parameters.sync_masked == ("chronyd.service", "chrony-wait.service", "ntpd.service")


@pytest.mark.parametrize("systemd, by_enablement", [(219, True), (239, False), (252, False)])
def test_make_minds_what_set_time_looks_at(systemd: int, by_enablement: bool) -> None:
    parameters = make(SEEN._replace(systemd=systemd)).parameters
    assert parameters.sync_by_enablement is by_enablement


def test_make_restarts_only_what_is_there_in_order() -> None:
    parameters = make().parameters
    assert parameters.services[0] == "libvirtd.service"
    assert "sanlock.service" not in parameters.services + parameters.failed
    assert set(parameters.services) <= {unit.name for unit in SEEN.units}


def test_make_without_an_rtc_leaves_it_alone() -> None:
    needs = {one.step: one.need for one in make(SEEN._replace(rtc=None)).steps}
    assert needs["keep-rtc"] == "satisfied"


def test_copies_never_hold_the_migration_certificate() -> None:
    paths = [copy.certificate for copy in planner.copies(SEEN)]
    assert inventory.NODE_CERTIFICATE in paths
    assert not any("migrate" in path or "ovn" in path for path in paths)


def test_copies_include_damaged_ones_and_no_missing_ones() -> None:
    spice = "/etc/pki/vdsm/libvirt-spice/server-cert.pem"
    damaged = observations.changed(SEEN, inventory.SPICE, state="unreadable", problem="cut")
    assert spice in [copy.certificate for copy in planner.copies(damaged)]
    kept = tuple(one for one in SEEN.certificates if one.path != spice)
    assert spice not in [
        copy.certificate for copy in planner.copies(SEEN._replace(certificates=kept))
    ]


def test_make_to_another_moment_in_the_window_goes_there() -> None:
    window = diagnose.diagnose(SEEN).window
    assert make(past=window.start).parameters.past == window.start


@pytest.mark.parametrize("beyond", [-1, 1])
def test_make_to_a_moment_outside_the_window_is_a_usage_error(beyond: int) -> None:
    window = diagnose.diagnose(SEEN).window
    past = window.start - 1 if beyond < 0 else window.end + 1
    with pytest.raises(errors.UsageError, match="valid from"):
        make(past=past)


def test_make_for_a_living_engine_leaves_the_clock_alone() -> None:
    seen = SEEN._replace(engine=observations.engine(answers_ssh=True))
    plan = make(seen)
    assert (plan.route, plan.parameters.past) == (diagnosis.SIGN, 0)
    assert "clock-back" not in [one.step for one in plan.steps]


def test_make_with_wishes_takes_them_over() -> None:
    plan = make(days=90, engine="192.0.2.9", fingerprint="SHA256:x", guard_seconds=600)
    parameters = plan.parameters
    assert parameters.days == 90
    assert (parameters.engine, parameters.guard_seconds) == ("192.0.2.9", 600)


@pytest.mark.parametrize("route", ["rewind", "sign"])
def test_make_without_an_address_of_the_engine_is_inhibited(route: str) -> None:
    alive = route == "sign"
    seen = SEEN._replace(engine=observations.engine(fqdn="", answers_ssh=alive))
    with pytest.raises(errors.Inhibited, match="names no fqdn") as caught:
        make(seen)
    assert "--engine HOST" in caught.value.next_step
    assert make(seen, engine="192.0.2.9").parameters.engine == "192.0.2.9"


def test_make_where_all_is_valid_is_inhibited() -> None:
    with pytest.raises(errors.Inhibited, match="every certificate is valid"):
        make(observations.valid())


def test_make_without_a_readable_node_certificate_is_inhibited() -> None:
    seen = observations.changed(SEEN, inventory.VDSM, state="unreadable", problem="empty")
    with pytest.raises(errors.Inhibited, match="cannot be read"):
        make(seen, route="rewind")


def test_make_by_a_route_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(errors.UsageError, match="rewnd"):
        make(route="rewnd")


def test_make_by_a_route_that_is_not_allowed_is_a_usage_error() -> None:
    seen = SEEN._replace(engine=observations.engine(answers_ssh=True))
    assert "rewind" not in diagnose.diagnose(seen).allowed
    with pytest.raises(errors.UsageError):
        make(seen, route="rewind")


def web(end: int, chain: bool = True) -> Observation:
    """A node where all is well but, at most, for the engine's web certificate."""
    shown = Certificate("virt-he:443", "vdsm", not_after=end, chain=chain, issuer="CN=CA")
    seen = observations.valid()
    return seen._replace(engine=seen.engine._replace(web=shown))


def needs(chosen: plans.Plan) -> List[str]:
    return [one.need for one in chosen.steps]


def test_make_where_the_web_certificate_is_due_is_the_engine_part_alone() -> None:
    chosen = make(web(observations.NOW + 59 * observations.DAY))
    assert [one.step for one in chosen.steps] == [
        "reach-engine",
        "engine-clock",
        "engine-certificates",
        "global-maintenance",
        "engine-setup",
        "leave-maintenance",
        "prove",
    ]
    assert set(needs(chosen)) == {"needed"}


def test_make_where_the_web_certificate_is_due_and_its_renewal_declined_is_inhibited() -> None:
    with pytest.raises(errors.Inhibited):
        make(web(observations.NOW - 1), engine_setup="no")


def test_make_of_a_rewind_without_engine_setup_keeps_its_maintenance() -> None:
    chosen = make(engine_setup="no")
    declined = [one.step for one in chosen.steps if one.need == "declined"]
    assert declined == ["engine-certificates", "engine-setup"]
    assert plans.from_json(json.loads(json.dumps(plans.to_json(chosen)))) == chosen


def test_make_of_a_signing_without_engine_setup_has_no_maintenance_at_all() -> None:
    seen = observations.expired(engine=observations.engine(answers_ssh=True))
    declined = [one.step for one in make(seen, engine_setup="no").steps if one.need == "declined"]
    assert declined == [one.id for one in procedures.ENGINE_PART]


def test_make_on_a_node_without_an_engine_vm_leaves_the_maintenance_to_others() -> None:
    seen = observations.expired(engine=observations.engine(answers_ssh=True, deployed=False))
    satisfied = [one.step for one in make(seen).steps if one.need == "satisfied"]
    assert satisfied == ["global-maintenance", "leave-maintenance"]


@pytest.mark.parametrize("deployed, active", [(True, "inactive"), (False, "active")])
def test_make_restarts_the_ha_units_where_an_engine_vm_is_deployed_or_they_run(
    deployed: bool, active: str
) -> None:
    known = observations.engine(answers_ssh=True, deployed=deployed)
    agent = observations.unit("ovirt-ha-agent.service", active)
    seen = observations.expired(engine=known, units=(agent,))
    assert make(seen).parameters.services == (agent.name,)


def test_make_on_a_node_without_an_engine_vm_leaves_out_ha_units_that_never_start() -> None:
    known = observations.engine(answers_ssh=True, deployed=False)
    agent = observations.unit("ovirt-ha-agent.service", "inactive")
    vdsm = observations.unit("vdsmd.service", "inactive")
    seen = observations.expired(engine=known, units=(vdsm, agent))
    assert make(seen).parameters.services == (vdsm.name,)


def test_plan_by_hand_has_no_step_that_speaks_with_the_engine() -> None:
    plan = make(by_hand=True)
    ids = [one.step for one in plan.steps]
    assert ids == [one.id for one in procedures.REWIND_BY_HAND]
    assert plan.parameters.by_hand and "ssh " not in json.dumps(plans.to_json(plan)["steps"][8:])
    # What a run that was not let in is given for the rest is the same.
    assert planner.by_hand(make()) == plan


@pytest.mark.parametrize("route", ["interim", "offline-ca", "renew"])
def test_plan_by_hand_is_refused_where_more_than_a_signature_is_wanted(route: str) -> None:
    with pytest.raises(errors.UsageError, match="by hand it can be rewind or sign"):
        planner.by_hand(plans.Plan(route, "a test", plans.Parameters(), ()))
