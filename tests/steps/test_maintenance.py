# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import context as contexts
from recovery import engine_certificates, waiting
from recovery import journal as journals
from recovery.programs import hosted_engine
from recovery.steps import maintenance
from tests.unit import nodes

HOSTED_ENGINE = """
state=$here/mode
read ready 2>/dev/null < "$here/ready" || ready=0
[ "${up%.*}" -ge "$ready" ] || { echo 'the broker is not there' >&2; exit 1; }
read health 2>/dev/null < "$here/health" || health=good
case $2 in
--mode=*) echo "${2#--mode=}" > "$state" ;;
*)
    read mode < "$state"
    [ "$mode" = global ] && flag=true || flag=false
    echo '{"1": {"host-id": 1, "live-data": true,'
    echo "\\"engine-status\\": {\\"vm\\": \\"up\\", \\"health\\": \\"$health\\"}},"
    echo "\\"global_maintenance\\": $flag}" ;;
esac
"""


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.script("hosted-engine", nodes.HEAD + HOSTED_ENGINE)
    return node


def begin(node: nodes.Node, mode: str, local: bool) -> None:
    (node.folder / "mode").write_text(mode + "\n")
    node.write(hosted_engine.HA_CONF, "local_maintenance=%s\n" % local)


def mode(node: nodes.Node) -> str:
    return (node.folder / "mode").read_text().strip()


@pytest.mark.parametrize("found", ["none", "global"])
@pytest.mark.parametrize("local", [False, True])
def test_maintenance_is_left_as_it_was_found_and_what_cannot_be_is_told(
    node: nodes.Node, found: str, local: bool
) -> None:
    begin(node, found, local)
    person = nodes.Person()
    context = nodes.context(node, nodes.plan("global-maintenance"), person)
    enter, leave = maintenance.GlobalMaintenance(), maintenance.LeaveMaintenance()
    before = enter.capture(context)
    context.journal.write(journals.APPLYING, enter.id, before)
    enter.apply(context, before)
    enter.verify(context, before)
    assert mode(node) == "global"
    before = leave.capture(context)
    leave.apply(context, before)
    leave.verify(context, before)
    assert mode(node) == found
    told = any("--mode=local" in line for line in person.said)
    assert told is (local and found == "none")


@pytest.mark.parametrize("found", ["none", "global"])
def test_undo_ends_only_what_was_not_there(node: nodes.Node, found: str) -> None:
    begin(node, found, False)
    context = nodes.context(node)
    step = maintenance.GlobalMaintenance()
    before = step.capture(context)
    step.apply(context, before)
    step.undo(context, before)
    assert mode(node) == found


def test_undo_with_the_before_image_of_an_older_journal_is_fine(node: nodes.Node) -> None:
    begin(node, "global", True)
    maintenance.GlobalMaintenance().undo(nodes.context(node), {"global": False})
    assert mode(node) == "none"


def due(node: nodes.Node, person: nodes.Person) -> contexts.Context:
    """A run that has found the engine's certificates to be due."""
    context = nodes.context(node, nodes.plan("global-maintenance", route="sign"), person)
    context.journal.write(journals.APPLYING, engine_certificates.LOOK, {"due": ["apache"]})
    return context


def test_broker_that_never_answers_points_to_the_way_without_engine_setup(
    node: nodes.Node,
) -> None:
    context = due(node, nodes.Person())
    node.refuse("hosted-engine", "cannot connect to the HA broker")
    with pytest.raises(waiting.TooLong, match="the HA broker") as caught:
        maintenance.GlobalMaintenance(when_due=True).capture(context)
    assert "resume --no-engine-setup" in caught.value.next_step


@pytest.mark.parametrize("captured", [False, True])
def test_engine_setup_that_is_left_out_needs_no_broker(node: nodes.Node, captured: bool) -> None:
    context = due(node, nodes.Person())
    step = maintenance.GlobalMaintenance(when_due=True)
    begin(node, "none", False)
    before = step.capture(context) if captured else None
    context.journal.write(journals.LEFT, data={"why": "a test"})
    node.refuse("hosted-engine", "cannot connect to the HA broker")
    before = before or step.capture(context)
    step.apply(context, before)
    step.verify(context, before)
    assert step.holds(context, before)
    assert mode(node) == "none"


def quiet(node: nodes.Node, seconds: int) -> None:
    """The broker says nothing for so long."""
    (node.folder / "ready").write_text("%d\n" % (nodes.UPTIME + seconds))


def test_capture_waits_as_long_as_the_agent_may_take_for_the_storage(node: nodes.Node) -> None:
    begin(node, "none", False)
    quiet(node, 240)
    before = maintenance.GlobalMaintenance().capture(nodes.context(node))
    assert before["global"] is False
