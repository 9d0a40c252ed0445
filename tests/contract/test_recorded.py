# SPDX-License-Identifier: Apache-2.0
"""Programs that cannot run here: the simulated ones of el9 against what real ones were seen to say.

The samples come from a Debian 12 with systemd 252, chrony 4.3 and libvirt 9.0; names, dates and
figures differ, the shape must not.
"""

import ast
import re
import shlex
from typing import List, Tuple

import pexpect
import pytest

from tests.simulators import samples, worlds

# What a simulated systemctl leaves out on purpose: accounting, which no reader leans on.
ACCOUNTING = re.compile(r"^ +(Tasks|Memory|CPU|Duration): .*\n", re.M)
DAYS = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
MONTHS = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")


@pytest.fixture(scope="module")
def expired(tmp_path_factory):
    node = worlds.make(str(tmp_path_factory.mktemp("expired") / "w"), "node-expired", "el9")
    node.world.sim.set(zone=("Etc/UTC", "UTC", 0))
    return node


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    node = worlds.make(str(tmp_path_factory.mktemp("running") / "w"), "still-running", "el9")
    node.world.sim.set(ntp={"reachable": True, "address": "10.0.2.2"})
    node.ok("systemctl", "restart", "chronyd")
    node.ok("sleep", "30")
    return node


def shape(text: str) -> str:
    text = MONTHS.sub("MON", DAYS.sub("DAY", ACCOUNTING.sub("", text)))
    text = re.sub(r"\bnode1\b|\bvirt-host1(\.example\.test)?\b", "HOST", text)
    text = re.sub(r"(/usr)?/lib/systemd", "/LIB/systemd", text)
    text = re.sub(r"preset: \w+", "preset: ANY", text)
    # "14min left", "2 days left", "1226h 4min ago"
    text = re.sub(r"\d+(h|min|s| days?)( \d+(min|s|h))?( left| ago)", r"9\4", text)
    return re.sub(r"\[? *[-+]?\d+(\.\d+)?", _figure, text)


def _figure(found: "re.Match[str]") -> str:
    """A figure by its kind; the blanks of a right-aligned one depend on its size."""
    return "[9" if found.group()[0] == "[" else re.sub(r"[-+]?\d.*", "9", found.group())


def answers(node, sample: samples.Sample) -> Tuple[str, str, int]:
    """Type the sample's command line, `;` and all."""
    out, err, status = "", "", 0
    for command in sample.command.split("; "):
        output = node.run(*shlex.split(command))
        out, err, status = out + output.out, err + output.err, output.status
    return out, err, status


@pytest.mark.parametrize(
    "case",
    "systemctl/show-not-found systemctl/is-system-running timedatectl/show "
    "timedatectl/set-time-day timedatectl/set-time-impossible "
    "timedatectl/set-time-refused timedatectl/set-time-unparsable".split(),
)
def test_expired_node_answers_as_recorded(expired, case: str) -> None:
    sample = samples.read(*case.split("/"))
    out, err, status = answers(expired, sample)
    assert (shape(out), shape(err), status) == (shape(sample.out), shape(sample.err), sample.status)


@pytest.mark.parametrize(
    "case",
    "chronyc/tracking chronyc/csv-tracking chronyc/csv-sources chronyc/activity "
    "systemctl/show-running virsh/version virsh/uri-hostname virsh/domid-domuuid".split(),
)
def test_running_node_answers_as_recorded(running, case: str) -> None:
    sample = samples.read(*case.split("/"))
    out, err, status = answers(running, sample)
    assert (_words(out), shape(err), status) == (
        _words(sample.out),
        shape(sample.err),
        sample.status,
    )


def _words(text: str) -> List[str]:
    """The words; the sign of a small figure decides between "slow" and "fast"."""
    text = re.sub(r"\b(slow|fast)\b", "SIGN", shape(text))
    return text.replace("qemu:///system", "URI").split()


def test_sources_of_time_as_recorded(running) -> None:
    """Columns of fixed width, as a person sees them."""
    sample = samples.read("chronyc", "sources").out.splitlines()
    ours = running.ok("chronyc", "-n", "sources").splitlines()
    assert ours[:2] == sample[:2]
    for line in (ours[2], sample[2]):
        assert re.match(
            r"\^\* 10\.0\.2\.2 +\d +\d+ +\d+ +\d+ +[-+]\d+\w+\[ *[-+]\d+\w+\] "
            r"\+/- +\d+\w+$",
            line,
        ), line
        assert line.index("[") == sample[2].index("[")


def test_unit_states_as_recorded(expired) -> None:
    sample = samples.read("systemctl", "is-active-failed")
    out, err, status = answers(expired, sample)
    ours, real = out.split(), sample.out.split()
    # the real HA agent, unlike the stand-in of the recording, dies without vdsm and is restarted
    assert ours[:3] + ours[4:] == real[:3] + real[4:]
    assert (err, status) == (sample.err, sample.status)


def test_properties_keep_the_order_of_the_bus(expired) -> None:
    sample = samples.read("systemctl", "show-inactive")
    out = answers(expired, sample)[0]
    keys = [[line.partition("=")[0] for line in text.splitlines()] for text in (out, sample.out)]
    assert keys[0] == keys[1]
    assert "Result=success" in out and "ActiveState=inactive" in out


@pytest.mark.parametrize("name", ["status-sockets", "status-running"])
def test_status_as_recorded(expired, running, name: str) -> None:
    sample = samples.read("systemctl", name)
    node = expired if name == "status-sockets" else running
    out, err, status = answers(node, sample)
    assert _heads(out) == _heads(sample.out)
    assert (err, status) == (sample.err, sample.status)


def _heads(text: str) -> List[str]:
    """What stands above the journal's lines, without the arguments of processes."""
    heads = []
    for block in ACCOUNTING.sub("", text).split("\n\n"):
        if re.match(r"[\u25cf\u00d7\u25cb] \S+\.(service|socket) - ", block):
            heads.append(re.sub(r"\.service.*?│? *└─9 .*", "", shape(block)))
    return [re.sub(r"9 /usr/sbin/libvirtd.*", "9 PROCESS", head) for head in heads]


def test_timers_as_recorded(expired) -> None:
    sample = samples.read("systemctl", "list-timers").out.splitlines()
    ours = expired.ok("systemctl", "list-timers", "--all", "--no-pager").splitlines()
    assert ours[0].split() == sample[0].split()
    for table in (ours, sample):
        columns = [table[0].index(word) for word in ("LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES")]
        for line in table[1:-2]:
            assert all(line[at - 1] == " " and line[at] != " " for at in columns), line
        assert re.match(r"\d+ timers listed\.$", table[-1]) and table[-2] == ""


def test_refused_starts_as_recorded(tmp_path) -> None:
    node = worlds.make(str(tmp_path / "w"), "node-expired", "el9")
    node.ok("systemctl", "stop", "ovirt-ha-agent")
    node.ok("systemctl", "reset-failed")
    outputs = [node.run("systemctl", "restart", "libvirtd") for _ in range(6)]
    sample = samples.read("systemctl", "restart-refused")
    said = "".join(output.err for output in outputs)
    # Past the start limit the real one was seen with either text.
    assert set(said.splitlines()) <= set(sample.err.splitlines())
    assert [output.status for output in outputs] == [1] * 6
    assert outputs[0].err == "".join(sample.err.splitlines(True)[:2])


def test_chosen_properties_as_recorded(tmp_path) -> None:
    node = worlds.make(str(tmp_path / "w"), "bare", "el9")
    node.ok("timedatectl", "set-ntp", "false")
    node.ok("sleep", "1")
    sample = samples.read("timedatectl", "show-chosen")
    assert answers(node, sample) == (sample.out, sample.err, sample.status)


def test_date_leaves_the_hardware_clock(tmp_path) -> None:
    node = worlds.make(str(tmp_path / "w"), "bare", "el9")
    node.ok("systemctl", "stop", "chronyd")
    shown = node.ok("date", "-u", "-s", "2023-01-18 08:00:00")
    shown += node.ok("hwclock", "--show")
    sample = samples.read("date", "set")
    assert shape(shown) == shape(sample.out)
    assert shown.startswith("Wed Jan 18 08:00:00 UTC 2023\n2023-02-20 12:")


def test_step_back_in_the_journal_as_recorded(tmp_path) -> None:
    node = worlds.make(str(tmp_path / "w"), "bare", "el9")
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "2023-01-18 09:00:00")
    sample = samples.read("journalctl", "after-step")
    ours = node.ok("journalctl", "--no-pager", "-n", "2", "-o", "short-monotonic")
    assert shape(ours) == shape("".join(sample.out.splitlines(True)[-2:]))


def test_forms_of_the_journal_as_recorded(tmp_path) -> None:
    node = worlds.make(str(tmp_path / "w"), "bare", "el9")
    for form, pattern in (
        ("short-iso", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000 [\w-]+ systemd\[1\]: .*$"),
        ("short-unix", r"\d{10}\.\d{6} [\w-]+ systemd\[1\]: .*$"),
    ):
        sample = [
            line
            for line in samples.read("journalctl", "forms").out.splitlines()
            if re.match(pattern, line)
        ]
        ours = node.ok("journalctl", "_PID=1", "-n", "2", "--no-pager", "-o", form).splitlines()
        assert sample and all(re.match(pattern, line) for line in ours)


# virsh on a terminal, byte by byte


def test_session_on_a_terminal_as_recorded(running) -> None:
    recorded = _recorded_bytes()
    child = pexpect.spawn(
        running.world.programs + "/virsh",
        timeout=20,
        dimensions=(24, 250),
        env={"PATH": running.world.programs, "TERM": "xterm", "LC_ALL": "C", "HOME": "/root"},
    )
    typed = ["list --all", "vdsm@ovirt", "shibboleth", "list --all", "nosuchcommand", "quit"]
    for words, expected in zip(typed + [""], recorded):
        child.expect_exact(expected)
        assert child.before == b""
        if words == "shibboleth":
            assert child.waitnoecho()  # what comes before getpass is thrown away
        if words:
            child.sendline(words)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def _recorded_bytes() -> List[bytes]:
    """What the real one showed after each line typed, from the first recorded session."""
    text = samples.FOLDER + "/debian12/virsh/terminal.txt"
    with open(text) as source:
        session = source.read().split("###")[1]
    quoted = re.findall(r"(b'.*'|b\".*\")$", session, re.M)
    return [ast.literal_eval(one) for one in quoted]
