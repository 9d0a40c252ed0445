# SPDX-License-Identifier: Apache-2.0
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recovery import plan as plans
from tests.unit import nodes

TEXTS = st.text(max_size=12)
NAMES = st.lists(TEXTS, max_size=3).map(tuple)
STEPS = st.builds(
    plans.PlannedStep,
    TEXTS,
    TEXTS,
    TEXTS,
    st.sampled_from(["needed", "satisfied"]),
    NAMES,
    st.integers(0, 9999),
    TEXTS,
)
COPIES = st.lists(st.builds(plans.Copy, TEXTS, TEXTS), max_size=3).map(tuple)


@st.composite
def parameters(draw: Any) -> plans.Parameters:
    """Return parameters with every field drawn according to its default."""
    kinds = {int: st.integers(0, 2**40), str: TEXTS, bool: st.booleans(), tuple: NAMES}
    values = {
        name: draw(COPIES if name == "copies" else kinds[type(default)])
        for name, default in plans.Parameters()._asdict().items()
    }
    return plans.Parameters(**values)


PLANS = st.builds(plans.Plan, TEXTS, TEXTS, parameters(), st.lists(STEPS, max_size=4).map(tuple))


@given(PLANS)
def test_plan_through_json_is_the_same_plan(plan: plans.Plan) -> None:
    assert plans.from_json(json.loads(json.dumps(plans.to_json(plan)))) == plan


def test_plan_of_an_older_journal_is_read_without_what_is_not_in_use_any_more() -> None:
    data = plans.to_json(nodes.plan("a", days=90))
    data["parameters"].update(systemd=239, node_name="virt-host1.example.test")
    assert plans.from_json(data).parameters == plans.Parameters(days=90)


@given(PLANS)
def test_seconds_count_what_is_needed(plan: plans.Plan) -> None:
    needed = [step for step in plan.steps if step.need == "needed"]
    assert plans.to_json(plan)["expected_seconds"] == sum(step.seconds for step in needed)


def test_lines_show_reason_commands_and_undo() -> None:
    steps = (nodes.planned("a"), nodes.planned("b", "satisfied")._replace(undo=""))
    assert plans.lines(nodes.plan("x")._replace(steps=steps)) == [
        "Route: rewind (a test)",
        "",
        " 1. do a",
        "      why: it must be",
        "      $ true",
        "      undo: undone",
        " 2. do b  [already so]",
        "      why: it must be",
        "      $ true",
        "",
        "Expected duration: 1 min",
    ]
