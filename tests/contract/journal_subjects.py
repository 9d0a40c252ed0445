# SPDX-License-Identifier: Apache-2.0
"""One journal, asked by the real journalctl and by the simulated one."""

import atexit
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from recovery import host, local_host
from recovery.programs import journalctl
from tests.contract import journal_files, subjects
from tests.simulators import worlds

PAST = 1674000000
LAB = "SYSLOG_IDENTIFIER=lab"


class Story(NamedTuple):
    """A world with a journal, the same journal as files, and the moments of its clock steps."""

    node: worlds.Node
    directory: Path
    start: int  # wall seconds before the first entry, on the clock that was right
    end: int  # the same after the last entry before the step back


_stories: Dict[str, Story] = {}


def story(writer: str) -> Story:
    """Make it once a process; without events, no call of a simulated program adds an entry."""
    if not _stories:
        folder = Path(tempfile.mkdtemp(prefix="journals-"))
        atexit.register(shutil.rmtree, str(folder), True)
        node = worlds.make(str(folder / "w"), "bare", "el9")
        start, end = _live(node)
        journal_files.write(writer, node.world, folder / "journal")
        _stories["one"] = Story(node, folder / "journal", start, end)
    return _stories["one"]


def _live(node: worlds.Node) -> Any:
    """Entries a (true time), b (two months back), c (time restored), d (the next boot)."""
    with node.world.opened() as w:
        start = int(w.wall())
        for index in range(40):
            w.log("a%d" % index, identifier="lab", priority=3 + index % 2)
            w.advance(1)
        w.log("expired", "libvirtd.service", priority=3, LIBVIRT_DOMAIN="7")
        end = int(w.wall())
        w.step_clock(PAST)
        w.log("b0", identifier="lab")
        w.advance(5)
        w.log(b"b1 \xff\xfe", identifier="lab")
        w.log("\x1b[31mb2", identifier="lab", PAIR=["one", "two"])
        w.log("b3 " + "y" * 4096, identifier="lab")
        w.log("b4 ueber \u00e4 \u2028 tab\tline\nnext", identifier="lab")
        w.step_clock(w.true())
        w.advance(1)
        w.log("c0", identifier="lab")
    node.world.sim.power_cut()
    with node.world.opened() as w:
        w.log("d0", identifier="lab")
        w.log("d1", identifier="lab")
        w.state["queue"] = []
    return start, end


class Journal:
    """One way to ask for the journal."""

    def __init__(self, node: host.Host, words: List[str], told: Story) -> None:
        self.node = node
        self.words = words
        self.told = told

    def run(self, *words: str) -> host.Output:
        argv = ["journalctl", "--no-pager"] + self.words + list(words)
        return subjects.run(self.node, *argv, env=(("TZ", "UTC"),))

    def entries(self, *words: str) -> List[journalctl.Entry]:
        output = self.run("-o", "json", *words)
        assert (output.stderr, output.status) == ("", 0)
        found, garbage = journalctl.parse(output.stdout)
        assert garbage == 0
        return found

    def lab(self, *words: str) -> List[str]:
        """The messages of our own entries, in the order shown."""
        return [entry.message.split(" ")[0] for entry in self.entries(LAB, *words)]


def ask(kind: str, real_programs: Callable[..., Path]) -> Journal:
    programs = real_programs("journalctl", "systemd-journal-remote")
    told = story(str(programs / "systemd-journal-remote"))
    if kind == subjects.REAL:
        node = local_host.LocalHost("/", str(programs))
        return Journal(node, ["--directory", str(told.directory)], told)
    world = told.node.world
    return Journal(local_host.LocalHost(world.root, world.programs), [], told)


def letters(found: List[str]) -> str:
    """The letters of the messages, each run of the same once."""
    plain = [(message or "b3").replace("\x1b[31m", "") for message in found]
    return re.sub(r"(.)\1+", r"\1", "".join(message[0] for message in plain))
