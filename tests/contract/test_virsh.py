# SPDX-License-Identifier: Apache-2.0
"""virsh: the real one with libvirt's built-in test driver, and the simulated one."""

import re
import signal
from pathlib import Path
from typing import Any, Callable, List

import pexpect
import pytest

from recovery import dialogue, errors, host, local_host
from recovery.programs import virsh
from tests.contract import subjects
from tests.simulators import worlds

BANNER = """\
Welcome to virsh, the virtualization interactive terminal.

Type:  'help' for help with commands
       'quit' to quit

"""
# Where no polkit runs, the real one says so to whoever sits at a terminal.
POLKIT = re.compile(r"Authorization not available\. .*?\n")
UNKNOWN = "error: unknown command: 'nosuch'\n"
NO_DOMAIN = "error: failed to get domain 'nosuch'\n"


class Virsh:
    """One virsh with one running domain."""

    def __init__(self, node: host.Host, path: str, uri: str, domain: str) -> None:
        self.node = node
        self.path = path
        self.uri = uri
        self.domain = domain

    def run(self, *words: str, data: str = "") -> host.Output:
        """Run with standard input empty or given; DOMAIN stands for the domain's name."""
        named = [word.replace("DOMAIN", self.domain) for word in words]
        argv = ["virsh", "-c", self.uri] + named
        return subjects.run(self.node, *argv, data=data.replace("DOMAIN", self.domain).encode())

    def general(self, text: str) -> str:
        return text.replace(self.domain, "DOMAIN")

    def talk(self, *lines: str) -> str:
        exchanges = [dialogue.Exchange(virsh.PROMPT, line) for line in lines]
        argv = ["virsh", "-c", self.uri]
        shown = self.node.interact(argv, dialogue.Dialogue(tuple(exchanges)), timeout=30)
        return POLKIT.sub("", self.general(shown))

    def spawn(self, terminal: str = "dumb") -> Any:
        environment = {"PATH": "/nonexistent", "TERM": terminal, "LC_ALL": "C", "HOME": "/root"}
        child = pexpect.spawn(
            self.path,
            ["-c", self.uri],
            env=environment,
            encoding="utf-8",
            timeout=20,
            dimensions=(24, 250),
        )
        child.expect_exact("virsh # ")
        return child


@pytest.fixture(params=subjects.BOTH)
def subject(request: Any, tmp_path: Path, real_programs: Callable[..., Path]) -> Virsh:
    if request.param == subjects.REAL:
        programs = str(real_programs("virsh", "sleep"))
        node: host.Host = subjects.with_test_driver(programs)
        return Virsh(node, programs + "/virsh", "test:///default", "test")
    world = worlds.make(str(tmp_path / "w"), "still-running", "el9").world
    node = local_host.LocalHost(world.root, world.programs)
    return Virsh(node, world.programs + "/virsh", virsh.URI, "HostedEngine")


def table(name: str) -> str:
    """The table since libvirt 5 with one running domain."""
    width = len(name)
    head = " Id   %s   State" % "Name".ljust(width)
    return "\n".join([head, "-" * (18 + width), " 1    %s   running" % name]) + "\n\n"


def test_tool_reads_both(subject: Virsh) -> None:
    assert virsh.domain_state(subject.node, subject.domain) == "running"
    assert virsh.domain_state(subject.node, "nosuch") == virsh.ABSENT
    assert virsh.domains(subject.node) == {subject.domain: "running"}
    assert virsh.parse_list(subject.run("list", "--all").stdout) == {subject.domain: "running"}


def test_tool_refuses_what_it_does_not_know(subject: Virsh) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        virsh.parse_list(subject.run("domstate", "DOMAIN").stdout)


def test_tables(subject: Virsh) -> None:
    for words in (["list", "--all"], ["list"]):
        assert subjects.texts(subject.run(*words)) == (table(subject.domain), "", 0)
    empty = " Id   Name   State\n--------------------\n\n"
    assert subjects.texts(subject.run("list", "--inactive")) == (empty, "", 0)
    assert subjects.texts(subject.run("list", "--name")) == (subject.domain + "\n\n", "", 0)


@pytest.mark.parametrize(
    "words, out, err, status",
    [
        (["domstate", "DOMAIN"], "running\n\n", "", 0),
        (["domid", "DOMAIN"], "1\n\n", "", 0),
        (["domstate", "nosuch"], "\n", NO_DOMAIN, 1),
        (["domuuid", "nosuch"], "\n", NO_DOMAIN, 1),
        (["nosuch"], "", UNKNOWN, 1),
        (["domstate"], "", "error: command 'domstate' requires <domain> option\n", 1),
        (["list", "--nosuch"], "", "error: command 'list' doesn't support option --nosuch\n", 1),
        (["domstate", "DOMAIN", "b"], "", "error: unexpected data 'b'\n", 1),
        (["start", "DOMAIN"], "\n", "error: Domain is already active\n", 1),
        (["echo", "a", "b"], "a b\n", "", 0),
        (["quit"], "", "", 0),
        (["domstate nosuch; domid DOMAIN"], "\n1\n\n", NO_DOMAIN, 0),
        (["domid DOMAIN; domstate nosuch"], "1\n\n\n", NO_DOMAIN, 1),
        (["domid DOMAIN; quit; domid DOMAIN"], "1\n\n", "", 0),
        (["domid DOMAIN; nosuch"], "", UNKNOWN, 1),
    ],
)
def test_commands(subject: Virsh, words: List[str], out: str, err: str, status: int) -> None:
    assert subjects.texts(subject.run(*words)) == (out, err, status)


def test_information_about_a_domain_has_the_same_labels(subject: Virsh) -> None:
    labels = re.findall(r"^([A-Z][\w() ]+): +", subject.run("dominfo", "DOMAIN").stdout, re.M)
    for label in "Id Name UUID State CPU(s) Persistent Autostart".split() + ["OS Type"]:
        assert label in labels
    assert re.match(r"Compiled against library: libvirt 9\.0\.0\n", subject.run("version").stdout)


@pytest.mark.parametrize("last", ["domid DOMAIN\nquit\n", "domid DOMAIN\nexit\n", "domid DOMAIN\n"])
def test_session_without_a_terminal(subject: Virsh, last: str) -> None:
    output = subject.run(data="nosuch\ndomstate nosuch\n\n" + last)
    expected = BANNER + "virsh # nosuch\nvirsh # domstate nosuch\n\nvirsh # \n"
    expected += "virsh # domid DOMAIN\n1\n\nvirsh # %s\n" % last.partition("\n")[2]
    assert (subject.general(output.stdout), output.stderr, output.status) == (
        expected,
        UNKNOWN + NO_DOMAIN,
        0,
    )


def test_session_on_a_terminal(subject: Virsh) -> None:
    shown = subject.talk("  list --all", "nosuch", "domstate nosuch", "", "domstate", "quit")
    expected = BANNER + "virsh #   list --all\n" + table(subject.domain)
    expected += "virsh # nosuch\n" + UNKNOWN + "virsh # domstate nosuch\n" + NO_DOMAIN + "\n"
    expected += "virsh # \nvirsh # domstate\nerror: command 'domstate' requires <domain> option\n"
    assert shown == subject.general(expected) + "virsh # quit\n\n"


def test_several_commands_in_a_line(subject: Virsh) -> None:
    shown = subject.talk(
        "domstate DOMAIN; domid nosuch".replace("DOMAIN", subject.domain),
        "echo a 'b  c'",
        "domid %s; exit" % subject.domain,
    )
    assert shown == (
        BANNER
        + "virsh # domstate DOMAIN; domid nosuch\nrunning\n\n"
        + NO_DOMAIN
        + "\nvirsh # echo a 'b  c'\na b  c\nvirsh # domid DOMAIN; exit\n1\n\n\n"
    )


def test_end_of_input_at_the_prompt(subject: Virsh) -> None:
    for terminal, shown in (("dumb", "\r\n"), ("xterm", "\x1b[?2004l\r\r\n\r\n")):
        child = subject.spawn(terminal)
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        assert (child.before, child.exitstatus) == (shown, 0)


def test_brackets_of_a_terminal_that_has_them(subject: Virsh) -> None:
    child = subject.spawn("xterm")
    child.sendline("domid " + subject.domain)
    child.expect_exact("virsh # ")
    shown = "domid %s\r\n\x1b[?2004l\r1\r\n\r\n\x1b[?2004h" % subject.domain
    assert child.before == shown
    child.sendline("quit")
    child.expect(pexpect.EOF)
    child.close()
    assert child.before == "quit\r\n\x1b[?2004l\r\r\n"


def test_interrupt_at_the_prompt_ends_it(subject: Virsh) -> None:
    child = subject.spawn()
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert (child.before, child.signalstatus) == ("^C", signal.SIGINT)
