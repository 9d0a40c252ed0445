# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import context as contexts
from recovery import engine_certificates, errors, inventory, outcome, waiting
from recovery import journal as journals
from recovery.programs import hosted_engine
from recovery.steps import maintenance
from tests.unit import authority, nodes

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


def test_engine_that_is_well_a_moment_after_it_was_given_up_keeps_maintenance(
    node: nodes.Node,
) -> None:
    begin(node, "global", False)
    context = nodes.context(node, nodes.plan("global-maintenance"))
    (node.folder / "health").write_text("bad\n")
    leave, before = maintenance.LeaveMaintenance(), {"global": False}
    leave.apply(context, before)
    assert context.journal.stays_in_maintenance()
    (node.folder / "health").write_text("good\n")
    leave.verify(context, before)
    assert mode(node) == "global"


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


def test_undo_waits_for_a_broker_that_was_just_restarted(node: nodes.Node) -> None:
    begin(node, "global", False)
    quiet(node, 60)
    maintenance.GlobalMaintenance().undo(nodes.context(node), {"global": False})
    assert mode(node) == "none"


def test_undo_without_a_broker_names_what_is_left_and_the_command(node: nodes.Node) -> None:
    begin(node, "global", False)
    quiet(node, 90000)
    with pytest.raises(errors.ByHand, match="cannot end global maintenance") as caught:
        maintenance.GlobalMaintenance().undo(nodes.context(node), {"global": False})
    assert "hosted-engine --set-maintenance --mode=none" in caught.value.next_step


def leave(node: nodes.Node, context: contexts.Context) -> None:
    context.journal.write(journals.APPLYING, maintenance.GlobalMaintenance.id, {"global": False})
    step = maintenance.LeaveMaintenance()
    before = step.capture(context)
    context.journal.write(journals.APPLYING, step.id, before)
    step.apply(context, before)
    step.verify(context, before)
    context.journal.write(journals.VERIFIED, step.id)


def test_undo_after_the_run_has_ended_it_asks_no_broker(node: nodes.Node) -> None:
    begin(node, "global", False)
    context = nodes.context(node, nodes.plan("global-maintenance", "leave-maintenance"))
    leave(node, context)
    assert mode(node) == "none"
    quiet(node, 90000)
    maintenance.GlobalMaintenance().undo(context, {"global": False})


def test_engine_not_healthy_in_time_leaves_it_on_and_is_told_at_the_end(node: nodes.Node) -> None:
    begin(node, "global", False)
    (node.folder / "health").write_text("bad\n")
    node.write(inventory.NODE_CERTIFICATE, authority.issue("virt-host1").certificate.decode())
    context = nodes.context(node, nodes.plan("global-maintenance", "leave-maintenance"))
    leave(node, context)
    assert mode(node) == "global"
    told = outcome.lines(context)
    at = [number for number, line in enumerate(told) if "global maintenance is still on" in line]
    assert told[at[0]].startswith("  1. ")
    assert told[at[0] + 1].strip() == "hosted-engine --set-maintenance --mode=none"
    (node.folder / "health").write_text("good\n")
    leave(node, context)
    assert "still on" not in "\n".join(outcome.lines(context))


def test_undo_of_a_maintenance_that_stayed_on_ends_it(node: nodes.Node) -> None:
    begin(node, "global", False)
    (node.folder / "health").write_text("bad\n")
    context = nodes.context(node, nodes.plan("global-maintenance", "leave-maintenance"))
    leave(node, context)
    maintenance.GlobalMaintenance().undo(context, {"global": False})
    assert mode(node) == "none"
