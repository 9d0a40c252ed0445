# SPDX-License-Identifier: Apache-2.0
"""journalctl: the real one on real journal files and the simulated one on the same entries."""

import json
import re
from pathlib import Path
from typing import Any, Callable, List

import pytest

from recovery import errors
from recovery.programs import journalctl
from tests.contract import subjects
from tests.contract.journal_subjects import LAB, PAST, Journal, ask, letters


@pytest.fixture(params=subjects.BOTH)
def journal(request: Any, real_programs: Callable[..., Path]) -> Journal:
    return ask(request.param, real_programs)


A = ["a%d" % index for index in range(40)]
B = ["b0", "b1", "\x1b[31mb2", "", "b4"]


def test_output_is_in_write_order_across_jump_and_boot(journal: Journal) -> None:
    assert journal.lab() == A + B + ["c0", "d0", "d1"]
    assert journal.lab("-r") == ["d1", "d0", "c0"] + B[::-1] + A[::-1]
    walls = [entry.realtime for entry in journal.entries(LAB)]
    assert walls != sorted(walls)


def test_newest_entries(journal: Journal) -> None:
    assert journal.lab("-n", "4") == ["b4", "c0", "d0", "d1"]
    assert journal.lab("-r", "-n", "2") == ["d1", "d0"]
    assert journal.lab("-n", "0") == []


def test_boots(journal: Journal) -> None:
    assert journal.lab("-b") == ["d0", "d1"]
    assert journal.lab("-b", "-1") == A + B + ["c0"]
    missing = journal.run("-b", "-7")
    assert (missing.stdout, missing.status) == ("", 1)
    text = "Data from the specified boot (-7) is not available: No such boot ID in journal\n"
    assert missing.stderr == text


def test_matches_combine(journal: Journal) -> None:
    errors_only = journal.lab("PRIORITY=3")
    assert errors_only == A[::2]
    assert journal.lab("PRIORITY=3", "PRIORITY=4") == A
    assert journal.lab("PRIORITY=0") == []
    either = journal.entries(LAB, "PRIORITY=0", "+", "_COMM=libvirtd", "LIBVIRT_DOMAIN=7")
    assert [entry.message for entry in either] == ["expired"]
    joined = journal.entries("_COMM=libvirtd", "LIBVIRT_DOMAIN=7", "+", "MESSAGE=c0")
    assert [entry.message for entry in joined] == ["expired", "c0"]


def test_odd_values(journal: Journal) -> None:
    binary, escaped, huge, text = journal.entries(LAB)[41:45]
    assert binary.message == "b1 \ufffd\ufffd"
    assert escaped.message == "\x1b[31mb2" and escaped.field("PAIR").split("\n") == ["one", "two"]
    assert huge.message == ""
    assert text.message == "b4 ueber \u00e4 \u2028 tab\tline\nnext"
    whole = journal.entries(LAB, "-a")[43]
    assert whole.message == "b3 " + "y" * 4096
    raw = [json.loads(line) for line in journal.run("-o", "json", LAB).stdout.split("\n")[:-1]]
    assert raw[41]["MESSAGE"] == list(b"b1 \xff\xfe") and raw[43]["MESSAGE"] is None


def test_cursor_reads_on_across_jump_and_boot(journal: Journal) -> None:
    found = journal.entries(LAB)
    assert all(re.match(r"s=[0-9a-f]{32};i=[0-9a-f]+;b=[0-9a-f]{32};", one.cursor) for one in found)
    after = journal.entries("--after-cursor=" + found[38].cursor, LAB)
    assert [entry.cursor for entry in after] == [entry.cursor for entry in found[39:]]
    assert journal.lab("--after-cursor=" + found[-1].cursor) == []
    assert journal.lab("--cursor=" + found[-1].cursor) == ["d1"]
    shown = journal.run(LAB, "-n", "1", "-o", "cat", "--show-cursor").stdout
    assert shown == "d1\n-- cursor: %s\n" % found[-1].cursor


def test_ranges_of_time_end_early(journal: Journal) -> None:
    told = journal.told
    since, until = "--since=@%d" % (told.start - 3600), "--until=@%d" % (told.end + 1)
    assert letters(journal.lab(since)) == "acd"  # the past is in another file, and missing
    assert letters(journal.lab(until)) == "ab"
    past = ["--since=@%d" % (PAST - 60), "--until=@%d" % (PAST + 60)]
    assert journal.lab(*past) == []
    assert letters(journal.lab("-r", "--since=@%d" % told.start)) == "dc"
    assert letters(journal.lab("-r", "-n", "50")) == "dcba"


def test_unit_means_the_unit_and_what_pid_1_says(journal: Journal) -> None:
    found = journal.entries("-u", "chronyd")
    assert {entry.field("SYSLOG_IDENTIFIER") for entry in found} == {"systemd", "chronyd"}
    about = [entry for entry in found if entry.field("_PID") == "1"]
    assert about and all(entry.field("UNIT") == "chronyd.service" for entry in about)
    assert journal.entries("-u", "nosuch") == []


def test_nothing_found_is_no_failure(journal: Journal) -> None:
    assert subjects.texts(journal.run("-u", "nosuch")) == ("-- No entries --\n", "", 0)
    assert subjects.texts(journal.run("-o", "json", "_COMM=nosuch")) == ("", "", 0)
    assert journal.run("-o", "cat", "-g", "never said").status == 1


@pytest.mark.parametrize(
    "words, text",
    [
        (["--after-cursor=nonsense"], "Failed to seek to cursor: Invalid argument\n"),
        (["--since=nonsense"], "Failed to parse timestamp: nonsense\n"),
        (["--since=@1", "--cursor=s=1"], "Please specify only one of --since=, --cursor=, and"),
        (["nonsense"], "Failed to add match 'nonsense': Invalid argument\n"),
        (["-o", "nonsense"], "Unknown output format 'nonsense'.\n"),
        (["-n", "nonsense"], "Failed to add match 'nonsense': Invalid argument\n"),
        (["-p", "nonsense"], "Unknown log level nonsense\n"),
        (["--nonsense"], "journalctl: unrecognized option '--nonsense'\n"),
        (["-g", "("], 'Bad pattern "("'),
    ],
)
def test_refusals(journal: Journal, words: List[str], text: str) -> None:
    output = journal.run(*words)
    assert (output.stdout, output.status) == ("", 1)
    assert output.stderr.startswith(text)


def test_what_the_tool_asks_is_answered(journal: Journal) -> None:
    directory = journal.words[1] if journal.words else ""
    group = [["_COMM=libvirtd", "PRIORITY=3"], ["MESSAGE=d0"]]
    found = journalctl.query(journal.node, group, newest=2, directory=directory)
    assert [entry.message for entry in found] == ["expired", "d0"]
    assert found[0].boot_id != found[1].boot_id
    assert found[0].monotonic > found[1].monotonic
    later = journalctl.query(journal.node, [[LAB]], after=found[0].cursor, directory=directory)
    assert letters([entry.message for entry in later]) == "bcd"


def test_missing_directory_is_an_error(real_programs: Callable[..., Path]) -> None:
    node = ask(subjects.REAL, real_programs).node
    with pytest.raises(errors.ProgramFailed):
        journalctl.query(node, directory="/nonexistent")


# The same question to both, the answers compared in full


QUESTIONS = [
    *[["-n", "30"], ["-r"], ["-b", "-1", "-u", "chronyd"], ["-k"], ["-t", "systemd", "-n", "9"]],
    *[
        ["-p", "err"],
        ["-p", "3..4", "-n", "12"],
        ["_PID=1", "_COMM=libvirtd"],
        ["UNIT=sshd.service"],
    ],
    *[
        ["-u", "libvirtd", "-u", "chronyd"],
        ["-g", "expired"],
        ["-g", "EXPIRED"],
        ["-g", "a1.$", LAB],
    ],
    *[["-u", "libvirtd", "PRIORITY=3"], [LAB, "+", "_PID=1", "UNIT=crond.service"]],
    *[
        ["--until=@%d" % (PAST + 3)],
        ["--since=@%d" % PAST, "-n", "5"],
        ["--since=@1", "-r", "-n", "5"],
    ],
    *[["--until=@%d" % PAST, "-n", "3"], ["--until=@%d" % (PAST + 9), "-r", "-n", "3", LAB]],
    *[
        ["-n", "7", "-a", LAB],
        ["--output-fields=MESSAGE,_PID", "-n", "3"],
        ["-b", "0"],
        ["-b", "1"],
    ],
]


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_same_entries(words: List[str], real_programs: Callable[..., Path]) -> None:
    told = [_entries(ask(kind, real_programs), words) for kind in subjects.BOTH]
    assert told[0] == told[1]


def _entries(journal: Journal, words: List[str]) -> Any:
    output = journal.run("-o", "json", *words)
    lines = [json.loads(line) for line in output.stdout.split("\n") if line]
    for fields in lines:
        fields["__CURSOR"] = fields["__CURSOR"].rpartition(";x=")[0]
    return lines, output.stderr, output.status


@pytest.mark.parametrize(
    "form",
    "short short-precise short-iso short-full short-unix short-monotonic cat json-pretty".split(),
)
@pytest.mark.parametrize("words", [["-n", "12"], ["-u", "libvirtd", "-b", "-1"]], ids=" ".join)
def test_same_text(form: str, words: List[str], real_programs: Callable[..., Path]) -> None:
    shown = []
    for kind in subjects.BOTH:
        output = ask(kind, real_programs).run("-o", form, *words)
        text = re.sub(r";x=[0-9a-f]+", "", output.stdout)
        # 252 prints the fields of JSON in the order of a hash table.
        lines = sorted(text.replace(",\n", "\n").splitlines()) if "json" in form else text
        shown.append((lines, output.stderr, output.status))
    assert shown[0] == shown[1]


def test_same_boots(real_programs: Callable[..., Path]) -> None:
    shown = [subjects.texts(ask(kind, real_programs).run("--list-boots")) for kind in subjects.BOTH]
    assert shown[0] == shown[1]
