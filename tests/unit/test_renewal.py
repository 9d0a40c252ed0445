# SPDX-License-Identifier: Apache-2.0
"""When the engine enrolls, when it signs instead, and what the plan of an enrollment holds."""

from typing import Any, List

import pytest

from recovery import plan, planner, procedures
from recovery.diagnose import diagnose
from recovery.finding import INHIBITOR
from recovery.observation import Observation
from tests.unit import observations
from tests.unit.observations import DAY, NOW, changed, engine, expired, valid

NODE = "virt-host1.example.test"


def near(**known: Any) -> Observation:
    """A node that is near expiry, its engine as told."""
    certificates = tuple(observations.certificates(NOW + 20 * DAY))
    return valid(certificates=certificates, engine=engine(api="answers", **known))


def test_near_expiry_the_engine_enrolls_and_may_sign_by_name() -> None:
    judged = diagnose(near())
    assert (judged.route, judged.allowed) == ("renew", ("renew", "sign"))


def test_near_expiry_on_the_only_node_the_engine_signs() -> None:
    alone = near(domain_state="running", global_maintenance=False)
    judged = diagnose(alone)
    assert judged.route == "sign" and "no other node can carry it" in judged.reason
    assert diagnose(near(domain_state="running")).route == "renew"  # HA was not asked
    others = near(domain_state="running", global_maintenance=False, other_nodes=("b",))
    assert diagnose(others).route == "renew"


def test_only_node_whose_other_certificates_end_is_not_signed_for_nothing() -> None:
    migration = changed(valid(), "migration", not_after=NOW + 20 * DAY)
    alone = engine(domain_state="running", global_maintenance=False)
    assert diagnose(migration._replace(engine=alone)).route == "renew"


def test_node_that_has_expired_may_be_enrolled_by_name_where_the_engine_answers() -> None:
    assert diagnose(expired(engine=engine(answers_ssh=True))).allowed == (
        "sign",
        "offline-ca",
        "renew",
    )
    assert "renew" not in diagnose(expired()).allowed


def test_node_whose_certificates_are_valid_may_be_enrolled_by_name() -> None:
    judged = diagnose(valid())
    assert (judged.route, judged.allowed) == ("none", ("renew",))


@pytest.mark.parametrize("state", ("expired", "untrusted", "unreachable"))
def test_web_side_that_cannot_be_used_forbids_the_start(state: str) -> None:
    seen = near()._replace(engine=engine(api=state, api_problem="curl: (60) what it said"))
    found = [one for one in diagnose(seen).findings if one.id == "engine-web-" + state]
    assert [one.severity for one in found] == [INHIBITOR]
    assert found[0].evidence == ("curl: (60) what it said",) and found[0].remediation


def steps(seen: Observation, wishes: plan.Wishes) -> List[str]:
    return [one.step for one in planner.make(seen, diagnose(seen), wishes).steps]


def test_plan_of_this_node_alone_needs_no_name() -> None:
    chosen = planner.make(near(), diagnose(near()), plan.Wishes(api_user="u", api_ca="/ca"))
    parameters = chosen.parameters
    assert (parameters.hosts, parameters.this_host, parameters.carrier) == ((NODE,), NODE, "")
    assert (parameters.web, parameters.api_user) == ("virt-he.example.test", "u")
    assert [one.step for one in chosen.steps] == [
        "backup",
        "reach-api",
        "maintenance:" + NODE,
        "enroll:" + NODE,
        "renew-copies",
        "restart-services",
        "activate:" + NODE,
        "prove",
    ]


def test_plan_of_several_hosts_takes_one_after_the_other() -> None:
    wishes = plan.Wishes(hosts=("b", "a"), this_host="", carrier="a")
    assert steps(near(), wishes)[2:] == [
        word + host for host in "ba" for word in ("maintenance:", "enroll:", "activate:")
    ]
    chosen = planner.make(near(), diagnose(near()), wishes)
    last = [one.title for one in chosen.steps if one.step == "maintenance:a"]
    assert last == ["take a into maintenance (it carries the engine VM, so it is the last)"]


def test_node_that_carries_the_engine_vm_itself_is_told() -> None:
    seen = near(domain_state="running", global_maintenance=False, other_nodes=("b",))
    chosen = planner.make(seen, diagnose(seen), plan.Wishes())
    assert chosen.parameters.carrier == NODE


def test_journaled_plan_gives_the_same_steps_again() -> None:
    chosen = planner.make(near(), diagnose(near()), plan.Wishes(hosts=("b", "a")))
    again = [step.id for step in procedures.of(chosen.route, chosen.parameters)]
    assert again == [one.step for one in chosen.steps]
    with pytest.raises(KeyError):
        procedures.of("nowhere", chosen.parameters)
