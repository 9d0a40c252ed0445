# SPDX-License-Identifier: Apache-2.0
"""Against the real journalctl and journals written by the real systemd-journal-remote."""

from pathlib import Path
from typing import Callable, List

import pytest

from recovery import errors, inventory, local_host
from recovery.observation import Certificate, Failure
from recovery.observing import failures
from recovery.programs import journalctl
from tests.programs import journals, recorded
from tests.programs.journals import Fields

START = 1676894400
EXPIRED = "The server certificate %s has expired" % inventory.NODE_CERTIFICATE
RUSSIAN = "Срок действия сертификата сервера %s истек." % inventory.NODE_CERTIFICATE
GERMAN = "Das Server-Zertifikat %s ist abgelaufen" % inventory.NODE_CERTIFICATE
JAPANESE = "サーバー証明書 %s は期限切れです" % inventory.NODE_CERTIFICATE
CZECH = "Platnost certifikátu serveru „%s“ skončila" % inventory.NODE_CERTIFICATE
UNRELATED = "internal error: Failed to bind socket"
NODE = Certificate(
    inventory.NODE_CERTIFICATE, inventory.VDSM, not_before=START - 10**6, not_after=START - 10**5
)


class Journal:
    """A disk with a journal on it and a host that can read it."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.directory = folder / "var/log/journal"
        self.writer = str(programs / "systemd-journal-remote")
        self.node = local_host.LocalHost(str(folder), str(programs))

    def write(self, entries: List[Fields]) -> None:
        journals.write(self.writer, self.directory, entries, START)

    def failures(self) -> List[Failure]:
        return list(failures.observe(self.node, [NODE], str(self.directory))[0])

    def query(self, *group: str, **options: int) -> List[journalctl.Entry]:
        newest = options.get("newest")
        return journalctl.query(self.node, [group], newest, directory=str(self.directory))


@pytest.fixture
def journal(tmp_path: Path, real_programs: Callable[..., Path]) -> Journal:
    programs = real_programs("journalctl", "systemd-journal-remote")
    return Journal(tmp_path / "disk", programs)


def test_argv_joins_groups_with_plus() -> None:
    assert journalctl.argv([["A=1", "A=2"], ["B=3"]], newest=5, directory="/d") == [
        *["journalctl", "--no-pager", "-o", "json", "--directory", "/d", "-n", "5"],
        *["A=1", "A=2", "+", "B=3"],
    ]


def test_query_matches_fields_not_text(journal: Journal) -> None:
    journal.write([journals.libvirtd(EXPIRED), {"MESSAGE": EXPIRED, "_COMM": "bash"}])
    found = journal.query("_COMM=libvirtd")
    assert [one.message for one in found] == [EXPIRED]
    assert found[0].realtime == START + 1 and found[0].monotonic == 100
    assert found[0].boot_id == journals.BOOT and found[0].cursor.startswith("s=")


def test_query_newest_keeps_journal_order(journal: Journal) -> None:
    journal.write([{"MESSAGE": "m%d" % number, "_COMM": "x"} for number in range(9)])
    assert [one.message for one in journal.query("_COMM=x", newest=2)] == ["m7", "m8"]


def test_query_survives_binary_huge_and_repeated_fields(journal: Journal) -> None:
    journal.write(
        [
            {"MESSAGE": b"\x1b[31mred \xff", "_COMM": "x"},
            {"MESSAGE": "long " * 2000, "_COMM": "x"},
            {"MESSAGE": "two", "ARG": ["a", "b"], "_COMM": "x"},
            {"MESSAGE": "line\u2028separator\x85next", "_COMM": "x"},
        ]
    )
    found = journal.query("_COMM=x")
    assert [one.message for one in found] == [
        "\x1b[31mred \ufffd",
        "",
        "two",
        "line\u2028separator\x85next",
    ]
    assert found[2].field("ARG").split("\n") == ["a", "b"]


def test_query_after_cursor_reads_across_clock_steps(journal: Journal) -> None:
    back = START - 400 * 86400
    journal.write(
        [
            {"MESSAGE": "A", "_COMM": "x"},
            {"MESSAGE": "B", "_COMM": "x", "wall": str(back)},
            {"MESSAGE": "C", "_COMM": "x", "wall": str(START + 60)},
        ]
    )
    first = journal.query("_COMM=x")[0]
    after = journalctl.query(journal.node, after=first.cursor, directory=str(journal.directory))
    assert [one.message for one in after] == ["B", "C"]
    steps = failures.clock_steps(journal.query("_COMM=x"), journals.BOOT)
    assert [round(after - before) for before, after in steps] == [
        back - START - 2,
        START + 60 - back - 1,
    ]


def test_query_of_a_missing_directory_is_an_error(journal: Journal) -> None:
    with pytest.raises(errors.ProgramFailed):
        journal.query("_COMM=x")


def test_parse_counts_garbage_and_goes_on() -> None:
    good = '{ "__REALTIME_TIMESTAMP" : "5000000", "MESSAGE" : "ok" }'
    text = "\n".join(["-- Logs begin --", good, '{"x', "[1]", '{"MESSAGE":"no time"}', "", good])
    entries, garbage = journalctl.parse(text)
    assert [one.message for one in entries] == ["ok", "ok"] and garbage == 4
    assert entries[0].realtime == 5


@pytest.mark.parametrize("value, text", [("null", ""), ("[82, 195, 164]", "Rä"), ('["a"]', "a")])
def test_parse_odd_messages(value: str, text: str) -> None:
    line = '{"__REALTIME_TIMESTAMP":"1","MESSAGE":%s}' % value
    assert journalctl.parse(line)[0][0].message == text


def test_follow_goes_on_from_the_last_entry(tmp_path: Path) -> None:
    line = '{"__REALTIME_TIMESTAMP":"1","MESSAGE":"m","__CURSOR":"s=%d"}\n'
    node = recorded.Recorded(tmp_path).prints("journalctl", line % 1 + line % 2)
    assert journalctl.last_cursor(node) == "s=2"
    entries, cursor = journalctl.follow(node, "s=0", [["_COMM=x"]])
    assert len(entries) == 2 and cursor == "s=2"
    assert node.calls("journalctl")[1] == "--no-pager -o json --after-cursor=s=0 _COMM=x"


def test_follow_without_news_keeps_the_cursor(tmp_path: Path) -> None:
    node = recorded.Recorded(tmp_path).prints("journalctl", "")
    assert journalctl.follow(node, "s=0") == ([], "s=0")
    assert journalctl.last_cursor(node) == ""


# What the entries mean


@pytest.mark.parametrize("message", [EXPIRED, RUSSIAN, GERMAN, JAPANESE, CZECH])
@pytest.mark.parametrize("fields", [{}, {"CODE_FUNC": "virNetTLSCertCheckTimes"}])
def test_failures_expired_in_any_language(message: str, fields: Fields, journal: Journal) -> None:
    journal.write([journals.libvirtd(message, **fields), journals.failed_start()] * 3)
    expired, failed = journal.failures()
    assert expired == Failure(
        *("expired", "libvirtd.service", inventory.NODE_CERTIFICATE, 3),
        *(START + 1.0, START + 5.0, message),
    )
    assert (failed.kind, failed.times) == ("unit-failed", 3)


def test_failures_translated_without_the_functions_name(journal: Journal) -> None:
    journal.write([journals.libvirtd(RUSSIAN, CODE_FUNC="")])
    assert [one.kind for one in journal.failures()] == ["expired"]


def test_failures_translated_in_the_past_is_not_yet_valid(journal: Journal) -> None:
    entry = journals.libvirtd(RUSSIAN, wall=str(START - 10**7))
    journal.write([entry])
    assert [one.kind for one in journal.failures()] == ["not-yet-valid"]


def test_failures_unit_missing_in_the_entry_is_known_by_its_command(journal: Journal) -> None:
    journal.write([journals.libvirtd(EXPIRED, _SYSTEMD_UNIT="init.scope")])
    assert journal.failures()[0].unit == "libvirtd.service"


def test_failures_modular_daemon(journal: Journal) -> None:
    fields: Fields = {"_COMM": "virtproxyd", "_SYSTEMD_UNIT": "virtproxyd.service"}
    journal.write([journals.libvirtd(EXPIRED, **fields)])
    assert journal.failures()[0].unit == "virtproxyd.service"


def test_failures_unrelated_is_the_last_word_before_a_failed_start(journal: Journal) -> None:
    harmless = journals.libvirtd("End of file while reading data: Input/output error")
    journal.write([harmless, journals.libvirtd(UNRELATED), journals.failed_start(), harmless])
    told = {one.kind: one for one in journal.failures()}
    assert set(told) == {"unrelated", "unit-failed"}
    assert (told["unrelated"].line, told["unrelated"].times) == (UNRELATED, 1)


def test_failures_unreadable_certificate_is_not_expired(journal: Journal) -> None:
    message = "Cannot read certificate '%s': No such file" % inventory.NODE_CERTIFICATE
    journal.write([journals.libvirtd(message, CODE_FUNC="x"), journals.failed_start()])
    told = {one.kind: one for one in journal.failures()}
    assert told["unrelated"].path == inventory.NODE_CERTIFICATE


def test_failures_newest_kind_comes_last(journal: Journal) -> None:
    expired = [journals.libvirtd(EXPIRED), journals.failed_start()]
    other = [journals.libvirtd(UNRELATED), journals.failed_start()]
    journal.write(expired + other + expired)
    assert [one.kind for one in journal.failures()][-2:] == ["expired", "unit-failed"]


def test_failures_start_limit_of_all_releases(journal: Journal) -> None:
    journal.write(
        [
            journals.systemd("start request repeated too quickly for libvirtd.service"),
            journals.systemd("libvirtd.service: Start request repeated too quickly."),
            journals.systemd(
                "libvirtd.socket: Failed with result 'service-start-limit-hit'.", "libvirtd.socket"
            ),
        ]
    )
    found = [(one.kind, one.unit, one.times) for one in journal.failures()]
    assert found == [("start-limit", "libvirtd.service", 2), ("start-limit", "libvirtd.socket", 1)]


def test_failures_dependency_vdsm_and_agent(journal: Journal) -> None:
    handshake = "ERROR ssl handshake: SSLError, address: ::1"
    agent = "ovirt_hosted_engine_ha.agent.agent.Agent ERROR Trying to restart agent"
    dependency = journals.failed_start("vdsmd.service")
    dependency.update(JOB_RESULT="dependency", PRIORITY="4")
    journal.write(
        [
            dependency,
            {"MESSAGE": handshake, "_SYSTEMD_UNIT": "vdsmd.service", "PRIORITY": "3"},
            {"MESSAGE": agent, "_SYSTEMD_UNIT": "ovirt-ha-agent.service", "PRIORITY": "3"},
            {"MESSAGE": "chat", "_SYSTEMD_UNIT": "ovirt-ha-agent.service", "PRIORITY": "6"},
        ]
    )
    assert [(one.kind, one.unit) for one in journal.failures()] == [
        ("dependency", "vdsmd.service"),
        ("tls", "vdsmd.service"),
        ("error", "ovirt-ha-agent.service"),
    ]
