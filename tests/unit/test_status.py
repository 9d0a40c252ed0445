# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path
from typing import Callable

import pytest

from recovery import context as contexts
from recovery import errors, status
from recovery import journal as journals
from recovery.local_host import LocalHost
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.fixture
def context(node: nodes.Node) -> contexts.Context:
    return nodes.context(node, nodes.plan("clock-back", "sign"))


def shown(node: nodes.Node) -> str:
    return "\n".join(status.lines(status.of_last_run(node.host)))


def test_status_of_a_fresh_node_says_so(node: nodes.Node) -> None:
    assert status.of_last_run(node.host) == status.Status()
    assert shown(node) == "no run on this node yet\nnext: ovirt-cert-recovery diagnose"


def test_status_of_a_run_cut_off_shows_every_step(
    node: nodes.Node, context: contexts.Context
) -> None:
    nodes.clock_back(context, node)
    context.journal.write(journals.APPLYING, "sign", {})
    assert shown(node).splitlines() == [
        "run-1, route rewind: cut off",
        "begun 2023-02-20 12:00:00 UTC",
        " 1. verified  do clock-back",
        " 2. applying  do sign  IN DOUBT",
        "THE CLOCK MAY BE IN THE PAST.",
        "true time now: 2023-02-20 12:00:00 UTC",
        "next: ovirt-cert-recovery resume   (or: undo)",
    ]


def test_status_of_a_finished_run_needs_nothing(
    node: nodes.Node, context: contexts.Context
) -> None:
    node.pass_time(600)
    context.journal.write(journals.FINISHED)
    told = status.of_last_run(node.host)
    assert (told.outcome, told.clock_back) == ("finished", False)
    assert status.lines(told)[1] == "begun 2023-02-20 12:00:00, ended 2023-02-20 12:10:00 UTC"
    assert status.next_order(told).startswith("nothing")


def test_status_of_an_undone_run_leads_to_diagnose(
    node: nodes.Node, context: contexts.Context
) -> None:
    nodes.clock_back(context, node)
    context.journal.write(journals.UNDOING, "clock-back")
    context.journal.write(journals.UNDONE, "clock-back")
    context.journal.write(journals.ABANDONED)
    told = status.of_last_run(node.host)
    assert (told.outcome, told.clock_back, told.steps[0][2]) == ("undone", False, "undone")
    assert status.next_order(told) == "ovirt-cert-recovery diagnose"


def test_status_of_a_failed_undo_says_what_failed(
    node: nodes.Node, context: contexts.Context
) -> None:
    context.journal.write(journals.APPLYING, "sign", {})
    context.journal.write(journals.UNDOING, "sign")
    context.journal.write(journals.UNDO_FAILED, "sign", {"cause": "no rights"})
    assert "not undone: no rights" in shown(node)


def test_status_of_an_undo_that_succeeded_in_the_end_has_no_problem(
    node: nodes.Node, context: contexts.Context
) -> None:
    context.journal.write(journals.APPLYING, "sign", {})
    context.journal.write(journals.UNDO_FAILED, "sign", {"cause": "no rights"})
    context.journal.write(journals.UNDONE, "sign")
    context.journal.write(journals.ABANDONED)
    assert status.of_last_run(node.host).problem == ""


def test_status_of_a_finished_run_whose_undo_was_cut_off_is_not_finished(
    node: nodes.Node, context: contexts.Context
) -> None:
    context.journal.write(journals.APPLYING, "sign", {})
    context.journal.write(journals.FINISHED)
    context.journal.write(journals.UNDOING, "sign")
    assert "undo" in status.next_order(status.of_last_run(node.host)).split("`")[0]


def test_status_after_a_boot_does_not_guess_the_true_time(
    node: nodes.Node, context: contexts.Context
) -> None:
    nodes.clock_back(context, node)
    node.power_cut()
    assert status.of_last_run(node.host).true is None


def test_status_of_a_disk_at_rest_is_read_from_the_journal_alone(
    node: nodes.Node, context: contexts.Context, real_programs: Callable[..., Path]
) -> None:
    nodes.clock_back(context, node)
    node.place("/proc/uptime").unlink()
    rescue = LocalHost(str(node.root), str(real_programs("date")))
    assert status.of_last_run(rescue).clock_back


def test_status_of_a_torn_journal_is_read_and_nothing_written(
    node: nodes.Node, context: contexts.Context
) -> None:
    path = node.place(journals.STATE + "/run-1/journal")
    with path.open("ab") as stream:
        stream.write(b'{"seq": 2, ')
    data = path.read_bytes()
    assert status.of_last_run(node.host).outcome == "cut off"
    assert path.read_bytes() == data


def test_status_of_a_damaged_journal_is_a_clear_error(
    node: nodes.Node, context: contexts.Context
) -> None:
    node.write(journals.STATE + "/run-1/journal", "garbage\n")
    with pytest.raises(errors.Error, match="line 1 is damaged"):
        status.of_last_run(node.host)


def test_to_json_is_plain_values(node: nodes.Node, context: contexts.Context) -> None:
    nodes.clock_back(context, node)
    told = json.loads(json.dumps(status.to_json(status.of_last_run(node.host))))
    assert told["steps"][0] == {"id": "clock-back", "title": "do clock-back", "state": "verified"}
    assert (told["run"], told["clock_back"], told["next"][:19]) == (
        "run-1",
        True,
        "ovirt-cert-recovery",
    )
