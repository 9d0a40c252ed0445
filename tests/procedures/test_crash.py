# SPDX-License-Identifier: Apache-2.0
"""The tool is gone before and after every single effect: resume converges, undo restores.

What SIGKILL leaves is what is on the disk: no simulated program is a daemon. So the world is
copied at each effect of one recovery, and each copy is resumed and, separately, undone; where
nothing but time has passed since the copy before, it is the same case. A seeded sample of real
SIGKILLs shows that it is the same thing. Every route has its subject here.
"""

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Set, Tuple

import pytest

from simulators import rehearse, units
from tests.procedures import accounts, points, watched

SAMPLED = 80  # every how manieth effect is in a sample
FEWEST = 30  # no route has fewer effects: the first of a sample is one of these
CUTS = 12  # at every how manieth effect the power is cut, too
KILLS = 5
SEED = 20230220
# Once all is over the HA agent starts the engine VM, and that takes it minutes.
ENGINE_BOOTS = 900.0
UNIT = "/etc/systemd/system/ovirt-cert-recovery-restore-time.service"
STATE = "/var/lib/ovirt-cert-recovery/"


class Subject(NamedTuple):
    """A route, by a scenario that takes it, and what every cut run has to end in."""

    scenario: str
    chunks: int  # pieces in which its effects are tried, a test each
    engine: str = "running, engine healthy"  # the world's own words
    changed: Tuple[str, ...] = tuple(accounts.INSTALLED)
    engine_setup: bool = True  # at the end of it the engine's own certificates are new ones
    kept: Tuple[str, ...] = ()  # what undo may leave changed: what the engine has enrolled


REWIND = Subject("node-expired", 8)
SIGN = Subject("engine-up", 2, engine="running on another node")
OFFLINE_CA = Subject("offline-backup", 3, engine_setup=False)
INTERIM = Subject("interim", 5)
RENEW_ENGINE = Subject("web-expires-soon", 2, changed=())
RENEW_NODE = Subject(
    "near-expiry",
    2,
    engine="running on another node",
    changed=tuple(accounts.ENROLLED["el8"]),
    kept=tuple(accounts.ENROLLED["el8"]),
)
SUBJECTS = (REWIND, SIGN, OFFLINE_CA, INTERIM, RENEW_ENGINE, RENEW_NODE)
PIECES = [(subject, chunk) for subject in SUBJECTS for chunk in range(subject.chunks)]
NAMES = ["%s-%d" % (subject.scenario, chunk) for subject, chunk in PIECES]


class Case(NamedTuple):
    """One place where the tool was lost."""

    number: int
    side: str
    what: str
    place: str


def cases(
    node: watched.Node, folder: Path, wanted: Callable[[int, str], bool], status: int = 0
) -> List[Case]:
    """Run one recovery, which ends with `status`, and copy the world wherever `wanted` says."""
    listed = folder / "cases"
    listed.write_text("")
    seen: Set[str] = set()

    def point(number: int, side: str, what: str) -> None:
        if side != "during" and wanted(number, side) and node.fresh(seen):
            place = str(folder / ("%03d-%s" % (number, side)))
            node.save(place)
            with listed.open("a") as stream:
                stream.write("%d\t%s\t%s\t%s\n" % (number, side, what[:90], place))

    ended = node.recover(point)
    assert ended.status == status, ended.output[-3000:]
    rows = [line.split("\t") for line in listed.read_text().splitlines()]
    return [Case(int(row[0]), row[1], row[2], row[3]) for row in rows]


def chosen(subject: Subject, chunk: int, crash_cases: str) -> Callable[[int, str], bool]:
    """Every effect of this chunk, or a seeded few of it."""
    if crash_cases != "sample":
        # Neighbours stay together: after one effect is often the same as before the next.
        return lambda number, side: number // 4 % subject.chunks == chunk
    first = random.Random(SEED + chunk).randrange(FEWEST) + 1
    return lambda number, side: number % SAMPLED == first


def skip_unless_drawn(chunk: int, chunks: int, crash_cases: str) -> None:
    """Leave out every chunk but one, where a sample will do."""
    if crash_cases == "sample" and chunk != sys.version_info[1] % chunks:
        pytest.skip("the sample is one chunk, another one on each Python")


def begun(case: Case) -> bool:
    """Whether there is a run yet; before, it is a boot like any other."""
    return os.path.exists(os.path.join(case.place, "root" + STATE + "runs"))


def is_cut(case: Case, crash_cases: str) -> bool:
    """Whether the power is cut there, too; a sample's few are cut all."""
    return crash_cases == "sample" or case.number % CUTS == 0


@pytest.mark.slow
@pytest.mark.parametrize("subject, chunk", PIECES, ids=NAMES)
def test_lost_anywhere_resume_converges_and_undo_restores(
    subject: Subject,
    chunk: int,
    tmp_path: Path,
    crash_cases: str,
    count_cases: Callable[[str, int], None],
) -> None:
    skip_unless_drawn(chunk, subject.chunks, crash_cases)
    node = watched.Node(str(tmp_path / "world"), subject.scenario)
    original = rehearse.changes(node.world)
    assert original == []
    found = cases(node, tmp_path, chosen(subject, chunk, crash_cases))
    assert found
    cut = [case for case in found if begun(case) and is_cut(case, crash_cases)]
    for case in found:
        check_resume(node, subject, case)
        check_undo(node, subject, case)
        if case in cut:
            check_power(node, subject, case)
            check_undo(node, subject, case, power=True)
    count_cases("%s: resume after every effect" % subject.scenario, len(found))
    count_cases("%s: undo after every effect" % subject.scenario, len(found))
    count_cases("%s: resume after a power cut there" % subject.scenario, len(cut))
    count_cases("%s: undo after a power cut there" % subject.scenario, len(cut))


@pytest.mark.slow
def test_really_killed_anywhere_resume_converges(
    tmp_path: Path, crash_cases: str, count_cases: Callable[[str, int], None]
) -> None:
    generator = random.Random(SEED + sys.version_info[1])
    executed = crash_cases != "sample"
    wanted = KILLS if executed else KILLS // 2
    effects, killed = 0, 0
    for turn in range(2 * KILLS):
        node = watched.Node(str(tmp_path / str(turn)), REWIND.scenario, executed=executed)
        number = generator.randrange(1, effects + 1) if effects else sys.maxsize
        kill = watched.kill_at(number, generator.choice(["before", "after"]))
        ended = node.recover(points.both(counting(tmp_path / "effects"), kill))
        if ended.status == 0:
            # The first run counts. Answers that take longer make more of them, so a later run
            # may end before its number comes; it has to have had fewer.
            effects = int((tmp_path / "effects").read_text())
            assert effects < number
            continue
        assert ended.status == -signal.SIGKILL, ended.output[-2000:]
        converge(node, REWIND, "killed at effect %d" % number)
        killed += 1
        if killed == wanted:
            break
    assert killed == wanted
    count_cases("resume after a real SIGKILL", killed)


def counting(record: Path) -> watched.Point:
    """A watcher that leaves the number of the last effect."""

    def point(number: int, side: str, what: str) -> None:
        record.write_text("%d" % number)

    return point


def check_resume(node: watched.Node, subject: Subject, case: Case) -> None:
    node.put_back(case.place)
    converge(node, subject, str(case))


def converge(node: watched.Node, subject: Subject, label: str, settles: float = 0.0) -> None:
    ended = node.resume()
    if "there was none on this node" in ended.output:
        assert ended.status == 3
        ended = node.recover()
    elif "it is over" in ended.output:
        assert ended.status == 3, label
        ended = ended._replace(status=0)
    assert ended.status == 0, "%s\n%s" % (label, ended.output[-3000:])
    node.world.sim.advance(settles)
    account = "\n".join(rehearse.epilogue(node.world))
    renewed = "engine's web certificate: valid until 2024-03-2" in account
    assert renewed == subject.engine_setup, label
    assert "HostedEngine: %s\n" % subject.engine in account, label
    assert "vdsm certificate: valid" in account and "(served)" in account, label
    tidy(node, label)
    changed = [path for _, path in rehearse.changes(node.world) if not path.startswith(STATE)]
    assert changed == sorted(subject.changed), label


def check_power(node: watched.Node, subject: Subject, case: Case) -> None:
    """Not the tool alone is lost: the node boots with what was on the disk, its clocks as left."""
    before = len(accounts.calls(node.world))
    cut_power(node, case.place)
    converge(node, subject, "power cut, %s" % (case,), settles=ENGINE_BOOTS)
    if subject.engine == SIGN.engine:
        calls = accounts.calls(node.world)[before:]
        assert not [one for one in calls if "--vm-start" in one], case


def cut_power(node: watched.Node, place: str) -> None:
    node.put_back(place)
    node.world.sim.power_cut()


def check_undo(node: watched.Node, subject: Subject, case: Case, power: bool = False) -> None:
    if power:
        cut_power(node, case.place)
    else:
        node.put_back(case.place)
    ended = node.undo()
    if "there was none on this node" in ended.output:
        assert ended.status == 3
    else:
        kept = "engine-setup (point of no return)" in ended.output
        # With the old certificate in place no broker may come up that could end the maintenance.
        by_hand = "global-maintenance (by hand)" in ended.output
        assert by_hand or not node.world.sim.state()["ha"]["global"], case
        told = "%s\n%s" % (case, ended.output[-3000:])
        assert ended.status == (6 if kept or by_hand else 0), told
    left = [row for row in rehearse.changes(node.world) if not row[1].startswith(STATE)]
    assert [row for row in left if row[1] not in subject.kept] == [], case
    if subject.kept:
        assert set(accounts.host_states(node.world)) == {"up"}, case
    tidy(node, str(case))


def tidy(node: watched.Node, label: str) -> None:
    """The true time is back on both clocks, and nothing of ours is left in systemd."""
    with node.world.opened() as world:
        assert abs(world.wall() - world.true()) < 1.0, label
        assert abs(world.rtc() - world.true()) < 3.0, label
        chronyd = units.state(world, "chronyd.service")
        assert chronyd["active"] == "active", label
        assert timers(world) == [], label
    assert not os.path.exists(node.world.root + UNIT), label
    assert not os.path.lexists(node.world.root + "/run/systemd/system/chronyd.service"), label


def timers(world: Any) -> List[str]:
    names = [name for name in world.state["transient"] if name.startswith("ovirt-cert-recovery")]
    return [name for name in names if name.endswith(".timer")]
