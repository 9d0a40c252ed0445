# SPDX-License-Identifier: Apache-2.0
"""The write-ahead journal of one run: JSON lines, each durable before what it announces.

Imports errors, host, moment and plan. Order is by sequence number, never by time.
"""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from recovery import errors, host, plan, run_files
from recovery import moment as moments

STATE = "/var/lib/ovirt-cert-recovery"
INDEX = STATE + "/runs"
LOCK = "/run/ovirt-cert-recovery.lock"  # gone with a power cut, as the lock itself
FROM_ELSEWHERE = ".held-from-elsewhere"  # beside it: the name of the node that works on this one

PLANNED, FINISHED, ABANDONED = "planned", "finished", "abandoned"  # of the run
BY_BOOT = "boot"  # whose word an anchor is
REPLANNED = "replanned"  # at a resume: the rest is done another way
APPLYING, APPLIED, VERIFIED = "applying", "applied", "verified"  # of a step
UNDOING, UNDONE, UNDO_FAILED = "undoing", "undone", "undo-failed"
ANCHORED, ARMED, RESTORED = "anchored", "armed", "restored"  # of the true time
CLOCK_BACK, RESTORE_TIME = "clock-back", "restore-time"  # the steps that move the clock
START_TIME_SYNC = "start-time-sync"  # the step after which the clock knows better than the anchor
ENGINE_CLOCK = "engine-clock"  # the step that sees that the engine VM has the true time
ENGINE_CLOCK_SET = "engine-clock-set"  # an event: it has it already
ENGINE_STOPPED = "engine-stopped"  # an event: ovirt-engine is stopped until its clock is set
STARTING = "starting"  # an event: the engine VM is being started; cursor: where failures count from
RTC = "rtc"  # whether the hardware clock keeps the true time while the clock is back
KEPT = "kept"  # of a step behind the point of no return: undo leaves it
AGREED, RENEWED, LEFT = "agreed", "renewed", "left"  # of the engine's own certificates
STAYS, LEAVING = "stays", "leave-maintenance"  # global maintenance, and the step that ends it
UNDO_EVENTS = (UNDOING, UNDONE, UNDO_FAILED, KEPT)
STEP_EVENTS = (APPLYING, APPLIED, VERIFIED) + UNDO_EVENTS
# Reading the wall clock runs a program, so it is shown where it may have been moved, and at the
# run's two ends; uptime and boot id, which all records have, put the others between these.
SHOW_WALL = (PLANNED, FINISHED, ABANDONED, ANCHORED, RTC, RESTORED)


class Record(NamedTuple):
    """One line of the journal."""

    seq: int
    event: str
    step: str
    moment: moments.AnyMoment
    data: Dict[str, Any]


class Anchor(NamedTuple):
    """At `moment` the true time was `true` (seconds since the epoch, UTC)."""

    moment: moments.Moment
    true: float

    def true_at(self, now: moments.AnyMoment) -> Optional[float]:
        """Return the true time at `now`, None when the node was booted since."""
        return moments.true_wall(self.moment._replace(wall=self.true), now)


class Journal:
    """The records of one run, in memory as on disk."""

    def __init__(self, node: host.Host, run: str, records: List[Record]) -> None:
        self.node = node
        self.run = run
        self.records: List[Record] = records
        self.resumed = False  # opened to go on: what earlier steps made may be gone
        self._doubtful = False  # a record failed that may be on the disk all the same

    @property
    def directory(self) -> str:
        return "%s/%s" % (STATE, self.run)

    @property
    def plan(self) -> plan.Plan:
        """Return the plan; one that a person had go on another way takes the first one's place."""
        last = (self.records[:1] + self.of(REPLANNED))[-1]
        return plan.from_json(last.data["plan"])

    def write(self, event: str, step: str = "", data: Optional[Dict[str, Any]] = None) -> Record:
        """Append a record; when this returns it is on the disk. Raises: errors.FileError."""
        timed = event in SHOW_WALL or step in (CLOCK_BACK, RESTORE_TIME)
        at: moments.AnyMoment = self.node.now() if timed else self.node.instant()
        if self._doubtful:
            self.records = reopen(self.node, self.run).records
        record = Record(len(self.records) + 1, event, step, at, data or {})
        self._doubtful = bool(self.records)
        self.node.append(_path(self.run), _line(record))
        self._doubtful = False
        self.records.append(record)
        return record

    def last(self, step: str, *events: str) -> Optional[Record]:
        """Return the newest record of a step, of these events if any are named."""
        for record in self.records[::-1]:
            if record.step == step and record.event in (events or STEP_EVENTS):
                return record
        return None

    def state(self, step: str) -> str:
        """Return the newest event of a step, "" when it was never begun."""
        record = self.last(step)
        return record.event if record else ""

    def before(self, step: str) -> Optional[Dict[str, Any]]:
        """Return the before-image: the first ever written, for later ones saw our own effect."""
        for record in self.records:
            if record.step == step and record.event == APPLYING:
                return record.data
        return None

    def of(self, *events: str) -> List[Record]:
        return [record for record in self.records if record.event in events]

    def stays_in_maintenance(self) -> bool:
        """Tell whether global maintenance was left on, for the engine was not healthy."""
        newest = self.last(LEAVING, APPLYING, STAYS)
        return newest is not None and newest.event == STAYS

    def anchor(self, certain: bool = False) -> Optional[Anchor]:
        """Return the newest anchor of the true time; certain: that is nobody's mere word."""
        for record in reversed(self.of(ANCHORED)):
            if certain and "word" in record.data:
                continue
            at = moments.Moment(**record.data["at"])
            return Anchor(at, float(record.data["true"]))
        return None

    def guessed(self) -> bool:
        """Tell whether the newest anchor is the boot-time unit's judgement."""
        return [one.data.get("word") for one in self.of(ANCHORED)][-1:] == [BY_BOOT]

    def anchor_at(self, moment: moments.Moment, true: float, word: str = "") -> None:
        """Write down what the true time was at a moment; word: whose, where a better one may come.

        The boot-time unit guesses, and a person may have mistyped.
        """
        known = {"word": word} if word else {}
        self.write(ANCHORED, data=dict(known, at=dict(moment._asdict()), true=true))

    def booted_since(self) -> bool:
        """Tell whether the node has booted since the run began."""
        return self.records[0].moment.boot_id != self.node.boot_id()

    def closed(self) -> bool:
        """Tell whether the run has ended: nothing is left to resume or to undo half-way."""
        ends = self.of(FINISHED, ABANDONED, *UNDO_EVENTS)
        return bool(ends) and ends[-1].event in (FINISHED, ABANDONED)


def _path(run: str) -> str:
    return run_files.journal("%s/%s" % (STATE, run))


def _line(record: Record) -> bytes:
    fields = {
        "seq": record.seq,
        "event": record.event,
        "step": record.step,
        "moment": dict(record.moment._asdict()),
        "data": record.data,
    }
    return (json.dumps(fields, sort_keys=True) + "\n").encode("utf-8")


def runs(node: host.Host) -> List[str]:
    """Return the names of the runs of this node, oldest first.

    One whose directory somebody removed, for it may hold keys, is no run any more.
    """
    return [name for name in _names(node) if node.exists(_path(name))]


def _names(node: host.Host) -> List[str]:
    """Return every name that was ever given, so that none is given twice."""
    try:
        lines = node.read(INDEX).decode("ascii", "replace").splitlines(True)
    except errors.FileMissing:
        return []
    return [line.strip() for line in lines if line.endswith("\n")]


def removed_since(node: host.Host, run: str) -> List[str]:
    """Return the later runs whose directories somebody removed."""
    names = _names(node)
    return [name for name in names[names.index(run) + 1 :] if not node.exists(_path(name))]


def create(node: host.Host, chosen: plan.Plan, facts: Dict[str, Any]) -> Journal:
    """Begin a run: its directory, its first record, and only then its name in the index.

    Raises: errors.FileError (disk full ...); then nothing was begun.
    """
    names = _names(node)
    run = "run-%d" % (len(names) + 1)
    journal = Journal(node, run, [])
    try:
        node.remove(_path(run))  # a power cut between first record and index leaves one behind
        journal.write(PLANNED, data=dict(facts, plan=plan.to_json(chosen)))
        node.replace(INDEX, "".join(name + "\n" for name in names + [run]).encode("ascii"))
    except errors.FileError as caught:
        caught.unchanged = "everything: nothing was begun"
        caught.next_step = "see that %s can be written to, then the same again" % STATE
        raise
    return journal


def load(node: host.Host, run: str) -> Journal:
    """Read a run's journal. Raises: errors.FileError, errors.Error (damaged)."""
    records, _ = parse(_path(run), node.read(_path(run)))
    return Journal(node, run, records)


def reopen(node: host.Host, run: str) -> Journal:
    """Read a run's journal to go on writing: a torn last line is cut off."""
    data = node.read(_path(run))
    records, whole = parse(_path(run), data)
    if whole < len(data):
        node.replace(_path(run), data[:whole])
    journal = Journal(node, run, records)
    journal.resumed = True
    return journal


def parse(path: str, data: bytes) -> Tuple[List[Record], int]:
    """Return the records and the length of the part that is whole.

    Only the last line can be torn: each was durable before the next began.
    """
    records: List[Record] = []
    whole = 0
    for line in data.splitlines(True):
        record = _record(line)
        if record is None or record.seq != len(records) + 1:
            if whole + len(line) == len(data) and records:
                return records, whole
            raise _unreadable(path, "line %d is damaged" % (len(records) + 1))
        records.append(record)
        whole += len(line)
    if not records:
        raise _unreadable(path, "it is empty")
    return records, whole


def _unreadable(path: str, cause: str) -> errors.Error:
    return errors.Error(
        "read the journal %s" % path,
        cause,
        unchanged="everything; the clock too, should it be in the past",
        next_step="see `date`: is it the past, then hwclock --hctosys, and start time "
        "synchronisation (README, By hand); the files from before are in %s; then give the run up: "
        "mv %s %s.damaged" % (run_files.before(path.rsplit("/", 1)[0]), path, path),
    )


def _record(line: bytes) -> Optional[Record]:
    if not line.endswith(b"\n"):
        return None
    try:
        fields: Dict[str, Any] = json.loads(line.decode("utf-8"))
        return Record(
            fields["seq"], fields["event"], fields["step"], _at(fields["moment"]), fields["data"]
        )
    except (ValueError, KeyError, TypeError):
        return None


def _at(fields: Dict[str, Any]) -> moments.AnyMoment:
    return moments.Moment(**fields) if "wall" in fields else moments.Instant(**fields)
