# SPDX-License-Identifier: Apache-2.0
"""What `Step` answers for its steps is right for every one of them that leaves the answer to it."""

from typing import Any, Dict, Sequence

import pytest

from recovery import plan as plans
from recovery import procedures, step

PARAMETERS = plans.Parameters(hosts=("virt-host1",), this_host="virt-host1", renew_engine=True)
STEPS: Dict[str, step.Step] = {
    "%s %s" % (route, one.id): one
    for route in procedures.CARRIED_OUT
    for one in procedures.of(route, PARAMETERS)
}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_step_whose_effect_may_be_lost_tells_itself_whether_it_holds(name: str) -> None:
    kind: Any = type(STEPS[name])
    assert not STEPS[name].until or kind.holds is not step.Step.holds


@pytest.mark.parametrize("name", sorted(STEPS))
def test_step_has_no_method_that_nobody_would_call(name: str) -> None:
    """A misspelt `capture` would leave undo without a before-image."""
    known = set(dir(step.Step))
    public = {one for one in vars(type(STEPS[name])) if not one.startswith("_")}
    assert public <= known


BY_ROUTE = {route: procedures.of(route, PARAMETERS) for route in procedures.CARRIED_OUT}
BY_HAND = {route + " by hand": steps for route, steps in procedures.BY_HAND.items()}


@pytest.mark.parametrize("name, steps", sorted(dict(BY_ROUTE, **BY_HAND).items()))
def test_every_until_names_a_later_step_of_its_procedure(
    name: str, steps: Sequence[step.Step]
) -> None:
    names = [one.id for one in steps]
    for number, one in enumerate(steps):
        assert not one.until or one.until in names[number + 1 :], one.id
