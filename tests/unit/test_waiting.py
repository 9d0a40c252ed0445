# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Callable, List

import pytest

from recovery import deadman, errors, waiting
from recovery import journal as journals
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def looks(*done: bool) -> Callable[[], waiting.Seen]:
    seen = [waiting.Seen(one, "up" if one else "down") for one in done]
    return lambda: seen.pop(0) if len(seen) > 1 else seen[0]


def test_wait_for_what_is_done_does_not_sleep(node: nodes.Node) -> None:
    person = nodes.Person()
    waiting.wait(nodes.context(node, person=person), "libvirtd", looks(True), 60)
    assert person.said == ["libvirtd: up (0 s)"]
    assert node.calls("sleep") == []


def test_wait_tells_what_and_how_long(node: nodes.Node) -> None:
    person = nodes.Person()
    context = nodes.context(node, person=person)
    waiting.wait(context, "libvirtd", looks(False, False, True), 60)
    assert person.said[0] == "waiting for libvirtd: down (0 s)"
    assert person.said[-1] == "libvirtd: up (20 s)"


def test_wait_too_long_is_an_error_with_what_was_seen(node: nodes.Node) -> None:
    with pytest.raises(errors.Error, match="within 60 s") as caught:
        waiting.wait(nodes.context(node), "libvirtd", looks(False), 60, pause=30)
    assert caught.value.seen == ("down",)
    assert node.host.now().boottime == nodes.UPTIME + 90.25


def test_wait_across_a_step_of_the_clock_counts_uptime(node: nodes.Node) -> None:
    texts: List[str] = []

    def look() -> waiting.Seen:
        node.move_clock(-400 * nodes.DAY)
        texts.append("")
        return waiting.Seen(len(texts) == 3, "up")

    person = nodes.Person()
    waiting.wait(nodes.context(node, person=person), "it", look, 60)
    assert person.said[-1] == "it: up (20 s)"


@pytest.mark.parametrize("seen", [waiting.Seen(False, "down"), waiting.Seen(True, "signed")])
def test_wait_with_the_clock_back_notices_who_moves_it(
    node: nodes.Node, seen: waiting.Seen
) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)

    def look() -> waiting.Seen:
        node.move_clock(41 * nodes.DAY)
        return seen

    with pytest.raises(waiting.Disturbed, match="moved it by 41 days"):
        waiting.wait(context, "it", look, 60)


def test_wait_pushes_the_dead_man_timer_forward(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan(guard_seconds=120))
    deadman.arm(context)
    waiting.wait(context, "it", looks(*[False] * 10, True), 300)
    assert len(node.calls("systemd-run")) == 2  # armed, and pushed once in 100 s


@pytest.mark.parametrize("moved, disturbed", [(29, False), (-29, False), (31, True), (-31, True)])
def test_watch_allows_for_drift_only(node: nodes.Node, moved: int, disturbed: bool) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    node.move_clock(moved)
    if disturbed:
        with pytest.raises(waiting.Disturbed):
            waiting.watch(context)
    else:
        waiting.watch(context)


def test_watch_before_the_clock_went_back_sees_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    context.journal.write(journals.APPLYING, "clock-back", {})
    node.move_clock(-nodes.DAY)
    waiting.watch(context)


def test_watch_after_the_restore_began_sees_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    context.journal.write(journals.APPLYING, "restore-time", {})
    node.move_clock(41 * nodes.DAY)
    waiting.watch(context)


def test_wait_before_the_clock_went_back_does_not_ask_for_the_wall_time(node: nodes.Node) -> None:
    context = nodes.context(node)
    before = len(node.calls("date"))
    waiting.wait(context, "it", looks(False, False, True), 60)
    assert len(node.calls("date")) == before
