# SPDX-License-Identifier: Apache-2.0
import json
import shutil
from pathlib import Path
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import errors
from recovery import journal as journals
from recovery.moment import Instant, Moment
from recovery.secret import Secret
from tests.unit import limits, nodes

PATH = journals.STATE + "/run-1/journal"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.fixture
def journal(node: nodes.Node) -> journals.Journal:
    journal = journals.create(node.host, nodes.plan("a", "b"), {"version": "1"})
    journal.write(journals.APPLYING, "a", {"mode": "0o600", "text": "Срок \u2028 \r \x00"})
    journal.write(journals.APPLIED, "a")
    journal.write(journals.VERIFIED, "a")
    return journal


def whole_lines(data: bytes) -> int:
    return data.count(b"\n")


def test_create_begins_with_the_whole_plan(node: nodes.Node) -> None:
    chosen = nodes.plan("a", "b", past=nodes.NOW - 41 * nodes.DAY)
    journals.create(node.host, chosen, {"version": "1", "boot_id": nodes.BOOT})
    again = journals.load(node.host, "run-1")
    assert again.plan == chosen
    assert again.records[0].event == journals.PLANNED
    assert again.records[0].data["boot_id"] == nodes.BOOT
    assert journals.runs(node.host) == ["run-1"]


def test_create_again_is_the_next_run(node: nodes.Node, journal: journals.Journal) -> None:
    assert journals.create(node.host, nodes.plan(), {}).run == "run-2"
    assert journals.runs(node.host) == ["run-1", "run-2"]
    assert len(journals.load(node.host, "run-1").records) == 4


def test_create_after_a_power_cut_before_the_index_starts_clean(node: nodes.Node) -> None:
    node.write(PATH, "the first record of a run that nobody knows of\n")
    journals.create(node.host, nodes.plan("a"), {})
    assert len(journals.load(node.host, "run-1").records) == 1


def test_runs_of_a_fresh_node_are_none(node: nodes.Node) -> None:
    assert journals.runs(node.host) == []


def test_runs_of_a_removed_directory_are_none_and_its_name_is_not_given_again(
    node: nodes.Node, journal: journals.Journal
) -> None:
    shutil.rmtree(str(node.place(journal.directory)))
    assert journals.runs(node.host) == []
    assert journals.create(node.host, nodes.plan(), {}).run == "run-2"
    assert journals.runs(node.host) == ["run-2"]


def test_runs_before_a_removed_one_are_seen(node: nodes.Node, journal: journals.Journal) -> None:
    again = journals.create(node.host, nodes.plan(), {})
    node.place(again.directory + "/journal").unlink()
    assert journals.runs(node.host) == ["run-1"]


@pytest.mark.parametrize("data, cause", [(b"", "it is empty"), (b"x\ny\n", "line 1 is damaged")])
def test_load_of_a_damaged_journal_names_the_file_and_what_to_do(
    node: nodes.Node, journal: journals.Journal, data: bytes, cause: str
) -> None:
    node.place(PATH).write_bytes(data)
    with pytest.raises(errors.Error, match="cannot read the journal %s: %s" % (PATH, cause)) as no:
        journals.load(node.host, "run-1")
    assert "mv %s %s.damaged" % (PATH, PATH) in no.value.next_step
    node.place(PATH).rename(str(node.place(PATH)) + ".damaged")
    assert journals.runs(node.host) == []


def test_runs_of_a_torn_index_are_the_whole_lines(node: nodes.Node) -> None:
    journals.create(node.host, nodes.plan(), {})
    node.write(journals.INDEX, "run-1\nru")
    assert journals.runs(node.host) == ["run-1"]


def test_journal_is_for_root_only(node: nodes.Node, journal: journals.Journal) -> None:
    assert node.place(PATH).stat().st_mode & 0o777 == 0o600
    assert node.place(journals.STATE).stat().st_mode & 0o777 == 0o700


def test_write_is_on_the_disk_when_it_returns(node: nodes.Node, journal: journals.Journal) -> None:
    record = journal.write(journals.FINISHED, data={"any": [1, None, "x"]})
    assert journals.load(node.host, "run-1").records[-1] == record
    assert record.seq == 5
    assert record.moment == Moment(nodes.NOW + 0.25, nodes.UPTIME + 0.25, nodes.BOOT)


def test_write_reads_the_wall_clock_only_where_it_may_have_been_moved(
    node: nodes.Node, journal: journals.Journal
) -> None:
    before = len(node.calls("date"))
    journal.write(journals.APPLYING, "b")
    journal.write(journals.ARMED, data={"unit": "u"})
    assert len(node.calls("date")) == before
    assert journal.records[-1].moment == Instant(nodes.UPTIME + 0.25, nodes.BOOT)
    for event, step in (
        (journals.VERIFIED, "clock-back"),
        (journals.APPLYING, "restore-time"),
        (journals.RESTORED, ""),
    ):
        assert isinstance(journal.write(event, step).moment, Moment)
    assert journals.load(node.host, "run-1").records[1:] == journal.records[1:]


def test_parse_of_a_journal_with_a_wall_time_everywhere_reads_it(
    node: nodes.Node, journal: journals.Journal
) -> None:
    lines = node.place(PATH).read_bytes().splitlines(True)
    fields = json.loads(lines[1].decode())
    fields["moment"]["wall"] = 7.0
    lines[1] = json.dumps(fields).encode() + b"\n"
    records, _ = journals.parse(PATH, b"".join(lines))
    assert records[1].moment == Moment(7.0, nodes.UPTIME + 0.25, nodes.BOOT)


def test_write_on_a_full_disk_leaves_no_half_record(
    node: nodes.Node, journal: journals.Journal
) -> None:
    size = node.place(PATH).stat().st_size
    said = limits.with_file_size(size + 20, lambda: journal.write(journals.FINISHED))
    assert said == ("FileError", "cannot append to %s: File too large" % PATH)
    assert node.place(PATH).stat().st_size == size
    journal.write(journals.FINISHED)
    assert journals.load(node.host, "run-1").closed()


def test_write_of_a_secret_is_refused_and_nothing_written(
    node: nodes.Node, journal: journals.Journal
) -> None:
    size = node.place(PATH).stat().st_size
    with pytest.raises(TypeError):
        journal.write(journals.APPLYING, "a", {"password": Secret("x")})
    assert node.place(PATH).stat().st_size == size


def test_parse_of_a_journal_cut_anywhere_keeps_the_whole_records(
    node: nodes.Node, journal: journals.Journal
) -> None:
    data = node.place(PATH).read_bytes()
    written = journals.load(node.host, "run-1").records
    for cut in range(len(data) + 1):
        piece = data[:cut]
        if whole_lines(piece) == 0:
            with pytest.raises(errors.Error, match="empty|damaged"):
                journals.parse(PATH, piece)
            continue
        records, whole = journals.parse(PATH, piece)
        assert records == written[: whole_lines(piece)]
        assert whole == piece.rfind(b"\n") + 1


def test_parse_of_a_last_line_of_zeros_cuts_it_off(
    node: nodes.Node, journal: journals.Journal
) -> None:
    data = node.place(PATH).read_bytes()  # what some file systems leave after a power cut
    assert journals.parse(PATH, data + b"\0" * 300) == journals.parse(PATH, data)


@given(st.binary(max_size=200))
def test_parse_of_any_bytes_is_records_or_a_clear_error(data: bytes) -> None:
    with pytest.raises(errors.Error, match="cannot read the journal"):
        journals.parse(PATH, data)


@pytest.mark.parametrize(
    "line",
    [
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"seq":1,"event":"x","step":"","moment":{},"data":{}}',
        '{"seq":1,"event":"x","step":"","moment":[1],"data":{}}',
        '{"seq":2,"event":"x","step":"","moment":{"wall":1,"boottime":1,"boot_id":""},"data":{}}',
    ],
)
def test_parse_of_json_that_is_no_record_is_damaged(line: str) -> None:
    with pytest.raises(errors.Error, match="line 1 is damaged"):
        journals.parse(PATH, line.encode() + b"\n")


def test_parse_of_damage_in_the_middle_names_the_line(
    node: nodes.Node, journal: journals.Journal
) -> None:
    lines = node.place(PATH).read_bytes().splitlines(True)
    for data in (
        lines[0] + b"garbage\n" + lines[2],
        lines[0] + lines[2] + lines[3],
        lines[0] + lines[0] + lines[1],
    ):
        with pytest.raises(errors.Error, match="line 2 is damaged"):
            journals.parse(PATH, data)


def test_reopen_cuts_a_torn_line_and_goes_on(node: nodes.Node, journal: journals.Journal) -> None:
    with node.place(PATH).open("ab") as stream:
        stream.write(b'{"seq": 5, "ev')
    assert not journals.load(node.host, "run-1").resumed
    again = journals.reopen(node.host, "run-1")
    assert again.resumed
    again.write(journals.FINISHED)
    events = [record.event for record in journals.load(node.host, "run-1").records]
    assert events == ["planned", "applying", "applied", "verified", "finished"]
    assert node.place(PATH).stat().st_mode & 0o777 == 0o600


def test_load_leaves_a_torn_line_alone(node: nodes.Node, journal: journals.Journal) -> None:
    with node.place(PATH).open("ab") as stream:
        stream.write(b"{")
    data = node.place(PATH).read_bytes()
    assert len(journals.load(node.host, "run-1").records) == 4
    assert node.place(PATH).read_bytes() == data


def test_order_is_that_of_the_file_whatever_the_clock_says(
    node: nodes.Node, journal: journals.Journal
) -> None:
    node.move_clock(-41 * nodes.DAY)
    journal.write(journals.UNDOING, "a")
    assert journals.load(node.host, "run-1").state("a") == journals.UNDOING


def test_last_state_and_before_of_a_step(journal: journals.Journal) -> None:
    journal.write(journals.APPLYING, "a", {"mode": "our own"})
    assert journal.before("a") == {"mode": "0o600", "text": "Срок \u2028 \r \x00"}
    assert (journal.state("a"), journal.state("b"), journal.before("b")) == ("applying", "", None)
    assert _seq(journal, journals.VERIFIED) == 4
    assert _seq(journal, journals.APPLYING, journals.APPLIED) == 5
    assert journal.last("a", journals.UNDONE) is None


def _seq(journal: journals.Journal, *events: str) -> int:
    record = journal.last("a", *events)
    return record.seq if record else 0


def test_anchor_is_the_newest_one(node: nodes.Node, journal: journals.Journal) -> None:
    assert journal.anchor() is None
    journal.anchor_at(Moment(10.0, 5.0, "first"), 10.0)
    journal.anchor_at(Moment(1.0, 7.0, "second"), 100.0)
    anchor = journals.load(node.host, "run-1").anchor()
    assert anchor == journals.Anchor(Moment(1.0, 7.0, "second"), 100.0)
    assert anchor.true_at(Moment(3.0, 17.0, "second")) == 110.0
    assert anchor.true_at(Moment(3.0, 17.0, "third")) is None


@pytest.mark.parametrize(
    "events, closed",
    [
        ([], False),
        ([journals.UNDOING], False),
        ([journals.FINISHED], True),
        ([journals.ABANDONED], True),
    ],
)
def test_closed_tells_whether_anything_is_left_to_do(
    journal: journals.Journal, events: List[str], closed: bool
) -> None:
    for event in events:
        journal.write(event)
    assert journal.closed() is closed


def test_closed_of_a_finished_run_whose_undo_was_cut_off_is_false(
    journal: journals.Journal,
) -> None:
    journal.write(journals.FINISHED)
    journal.write(journals.UNDOING, "b")
    assert not journal.closed()


def test_lines_are_json_objects_with_the_documented_keys(
    node: nodes.Node, journal: journals.Journal
) -> None:
    for line in node.place(PATH).read_text().splitlines():
        assert set(json.loads(line)) == {"seq", "event", "step", "moment", "data"}
