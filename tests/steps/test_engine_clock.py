# SPDX-License-Identifier: Apache-2.0
"""The engine's clock over ssh; the engine is a script beside the node's."""

from pathlib import Path
from typing import List

import pytest

from recovery import context as contexts
from recovery import errors
from recovery import journal as journals
from recovery.steps import engine_clock
from tests.unit import nodes

SSH = """
for order; do :; done
[ ! -e "$here/out-of-reach" ] || exit 255
echo "$order" >> "$here/orders"
read engine < "$here/engine-ahead"
case $order in
"date +%s.%N") echo $((${up%.*} + engine)).${up#*.} ;;
"date -u -s @"*)
    set=${order#*@}
    [ -e "$here/stuck" ] || echo $((${set%.*} - ${up%.*})) > "$here/engine-ahead" ;;
"systemctl is-active "*) read state < "$here/engine-state"; echo $state ;;
"hwclock "*) [ ! -e "$here/no-rtc" ] || exit 1 ;;
"systemctl stop "*) echo inactive > "$here/engine-state" ;;
"systemctl start "*)
    [ ! -e "$here/unwilling" ] || exit 1
    echo active > "$here/engine-state" ;;
esac
"""
STEP, LEFT = engine_clock.EngineClock(), engine_clock.EngineClock(left=True)
AT_ONCE = engine_clock.EngineClockAtOnce()
STOP, START = "systemctl stop ovirt-engine", "systemctl start ovirt-engine"


class Engine:
    """A node and the engine it reaches by ssh; `off` seconds ahead of the true time."""

    def __init__(self, folder: Path, off: int, state: str = "active") -> None:
        self.node = nodes.Node(folder)
        self.node.script("ssh", nodes.HEAD + SSH)
        self.place("engine-ahead", "%d\n" % (nodes.NOW - nodes.UPTIME + off))
        self.place("engine-state", state + "\n")
        self.person = nodes.Person()
        plan = nodes.plan(STEP.id, engine="engine.example.test")
        self.context: contexts.Context = nodes.context(self.node, plan, self.person)

    def place(self, name: str, text: str = "") -> Path:
        path = self.node.folder / name
        path.write_text(text)
        return path

    def state(self) -> str:
        return (self.node.folder / "engine-state").read_text().strip()

    def off(self) -> int:
        ahead = int((self.node.folder / "engine-ahead").read_text())
        return ahead - (nodes.NOW - nodes.UPTIME)

    def changes(self) -> List[str]:
        orders = (self.node.folder / "orders").read_text().splitlines()
        return [one.split("@")[0] for one in orders if "+%s" not in one and "is-active" not in one]


def perform(engine: Engine, step: engine_clock.EngineClock = STEP) -> None:
    before = step.capture(engine.context)
    step.apply(engine.context, before)
    step.verify(engine.context, before)


def test_apply_to_a_running_engine_weeks_behind_starts_it_anew(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    perform(engine)
    assert engine.changes() == [STOP, "date -u -s ", "hwclock --systohc", START]
    assert (engine.state(), engine.off()) == ("active", 0)
    assert engine.person.said == ["the engine's clock is 41 days behind, setting it"]


@pytest.mark.parametrize("state", ["inactive", "failed", "unknown"])
def test_apply_where_the_engine_is_not_up_yet_leaves_it_alone(tmp_path: Path, state: str) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY, state)
    perform(engine)
    assert engine.changes() == ["date -u -s ", "hwclock --systohc"]
    assert engine.state() == state


@pytest.mark.parametrize("off", [-20, 600])
def test_apply_of_a_step_that_ends_no_quiet_time_does_not_stop_it(tmp_path: Path, off: int) -> None:
    engine = Engine(tmp_path, off)
    perform(engine)
    assert engine.off() == 0 and STOP not in engine.changes()


def test_apply_once_synchronisation_corrected_the_node_goes_by_its_clock(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    nodes.clock_back(engine.context, engine.node)  # anchored by a clock that is 300 s slow
    engine.node.move_clock(41 * nodes.DAY)
    journal = engine.context.journal
    journal.write(journals.VERIFIED, "restore-time")
    engine.node.move_clock(300)
    journal.write(journals.VERIFIED, "start-time-sync")
    perform(engine)
    assert engine.off() == 300


def test_apply_before_synchronisation_runs_again_goes_by_the_anchor(tmp_path: Path) -> None:
    engine = Engine(tmp_path, 0)
    nodes.clock_back(engine.context, engine.node)
    perform(engine)
    assert engine.off() == 0


def test_apply_where_a_run_before_left_the_engine_in_the_past_sets_it(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -32 * nodes.DAY)
    perform(engine, LEFT)
    assert engine.changes() == [STOP, "date -u -s ", "hwclock --systohc", START]
    assert engine.off() == 0


@pytest.mark.parametrize("off", [-14 * 3600, -20, 600, 40 * nodes.DAY])
def test_apply_in_a_run_that_moves_no_clock_leaves_what_may_be_this_nodes_error(
    tmp_path: Path, off: int
) -> None:
    engine = Engine(tmp_path, off)
    perform(engine, LEFT)
    assert (engine.changes(), engine.off()) == ([], off)


def test_apply_again_after_a_kill_between_stop_and_start_starts_it(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    before = STEP.capture(engine.context)
    engine.place("engine-state", "inactive\n")
    engine.place("engine-ahead", "%d\n" % (nodes.NOW - nodes.UPTIME))
    STEP.apply(engine.context, before)
    STEP.verify(engine.context, before)
    assert engine.changes() == [START]


def test_verify_of_an_engine_that_stays_down_is_an_error(tmp_path: Path) -> None:
    engine = Engine(tmp_path, 0)
    before = STEP.capture(engine.context)
    engine.place("engine-state", "failed\n")
    with pytest.raises(errors.Error, match="cannot start ovirt-engine again"):
        STEP.verify(engine.context, before)


def test_verify_of_a_clock_that_does_not_follow_is_an_error(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    engine.place("stuck")
    with pytest.raises(errors.Error, match="still -3542400.0 s off"):
        perform(engine)


def test_at_once_an_engine_out_of_reach_is_left_to_the_later_step(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    away = engine.place("out-of-reach")
    perform(engine, AT_ONCE)
    assert engine.person.said[-1].startswith("not yet: cannot ")
    assert not engine.context.journal.of(journals.ENGINE_CLOCK_SET)
    away.unlink()
    perform(engine)
    assert engine.off() == 0
    assert engine.context.journal.of(journals.ENGINE_CLOCK_SET)


@pytest.mark.parametrize("what", ["unwilling", "stuck", "no-rtc"])
def test_at_once_what_does_not_work_on_the_engine_is_told_and_the_run_goes_on(
    tmp_path: Path, what: str
) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    obstacle = engine.place(what)
    before = AT_ONCE.capture(engine.context)
    AT_ONCE.apply(engine.context, before)
    AT_ONCE.verify(engine.context, before)
    assert engine.person.said[-1].startswith("not yet: cannot ")
    obstacle.unlink()
    perform(engine)
    assert (engine.state(), engine.off()) == ("active", 0)


def test_apply_of_one_that_came_up_since_it_was_looked_at_stops_it_all_the_same(
    tmp_path: Path,
) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    away = engine.place("out-of-reach")
    before = AT_ONCE.capture(engine.context)
    away.unlink()
    AT_ONCE.apply(engine.context, before)
    AT_ONCE.verify(engine.context, before)
    assert engine.changes() == [STOP, "date -u -s ", "hwclock --systohc", START]
    assert (engine.state(), engine.off()) == ("active", 0)


def test_apply_of_one_that_was_stopped_and_then_not_reached_starts_it(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    before = AT_ONCE.capture(engine.context)
    engine.context.journal.write(journals.APPLYING, AT_ONCE.id, before)
    engine.context.journal.write(journals.ENGINE_STOPPED, AT_ONCE.id)
    engine.place("engine-state", "inactive\n")
    away = engine.place("out-of-reach")
    AT_ONCE.apply(engine.context, before)
    AT_ONCE.verify(engine.context, before)
    engine.context.journal.write(journals.VERIFIED, AT_ONCE.id)
    away.unlink()
    perform(engine)
    assert (engine.state(), engine.off()) == ("active", 0)


@pytest.mark.parametrize(
    "event, step",
    [
        ("", ""),
        (journals.ENGINE_STOPPED, AT_ONCE.id),
        (journals.ENGINE_CLOCK_SET, AT_ONCE.id),
        (journals.APPLYING, journals.ENGINE_CLOCK),
    ],
    ids=["perhaps left stopped", "left stopped", "set", "the later step's business"],
)
def test_undo_of_the_first_try_starts_what_it_may_have_left(
    tmp_path: Path, event: str, step: str
) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY, "inactive")
    engine.context.journal.write(journals.VERIFIED, AT_ONCE.id)
    if event:
        engine.context.journal.write(event, step)
    AT_ONCE.undo(engine.context, {"runs": True})
    kept = event in (journals.ENGINE_CLOCK_SET, journals.APPLYING)
    assert engine.state() == ("inactive" if kept else "active")


def test_undo_half_way_starts_what_was_stopped(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    before = STEP.capture(engine.context)
    engine.place("engine-state", "inactive\n")
    STEP.undo(engine.context, before)
    assert engine.state() == "active"


def test_undo_half_way_of_an_engine_out_of_reach_tells_the_command(tmp_path: Path) -> None:
    engine = Engine(tmp_path, -41 * nodes.DAY)
    before = STEP.capture(engine.context)
    engine.place("unwilling")
    STEP.undo(engine.context, before)
    assert START in engine.person.said[-1]


@pytest.mark.parametrize("before", [{"runs": True}, {"runs": False}, {}])
def test_undo_of_what_was_verified_asks_the_engine_nothing(tmp_path: Path, before: dict) -> None:
    engine = Engine(tmp_path, 0)
    if before.get("runs"):
        engine.context.journal.write(journals.VERIFIED, STEP.id)
    STEP.undo(engine.context, before)
    assert not (engine.node.folder / "orders").exists()
