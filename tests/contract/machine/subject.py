# SPDX-License-Identifier: Apache-2.0
"""The two that must behave alike: a simulated node and the one in the virtual machine.

Both have come into the same state by themselves: the node of `node-expired` has booted and failed,
that of `still-running` was never restarted. The simulated one is of el9, whose systemd (252) is
Debian 12's.
"""

import contextlib
import re
import time
from abc import ABC, abstractmethod
from typing import Callable, ContextManager, Iterator, Sequence, Tuple

from recovery import dialogue, host, local_host
from simulators import install
from simulators.vm import frozen, ntp
from simulators.vm.machine import Machine
from tests.contract import subjects
from tests.contract.machine.inside import MachineHost

RELEASE = "el9"
PROMPT = r"virsh [#>] $"
UTC = (("TZ", "UTC"),)
SERVER = "server 10.0.2.2 port %d iburst minpoll 2 maxpoll 4\n"


def untitled(text: str) -> str:
    """Without the unit's name that Debian's systemd, and not EL's, shows with its description."""
    return re.sub(r"\b\S+\.(service|socket|timer) - ", "", text)


class Subject(ABC):
    """One node, and how a test runs programs on it."""

    def __init__(self, node: host.Host) -> None:
        self.node = node

    def run(self, *words: str, data: bytes = b"", env: host.Pairs = UTC) -> host.Output:
        """Run a program, however it ends."""
        return self.node.run(words, input=data, timeout=120, ok=range(256), env=env)

    def texts(self, *words: str) -> Tuple[str, str, int]:
        return subjects.texts(self.run(*words))

    def ok(self, *words: str) -> str:
        """What a program prints that says nothing on standard error and ends well."""
        output = self.run(*words)
        assert (output.status, output.stderr) == (0, ""), (words, output)
        return output.stdout

    def talk(self, argv: Sequence[str], lines: Sequence[str], prompt: str = PROMPT) -> str:
        """Type a line at each prompt; all that was shown."""
        exchanges = tuple(dialogue.Exchange(prompt, line) for line in lines)
        return self.node.interact(list(argv), dialogue.Dialogue(exchanges), timeout=60)

    def until(self, seen: Callable[[], bool], seconds: int = 120) -> None:
        """Wait; in the simulated world that costs nothing."""
        for _ in range(seconds):
            if seen():
                return
            self.node.sleep(1)
        raise AssertionError("not within %d s" % seconds)

    @abstractmethod
    def be_patient(self) -> None:
        """Let five failures count as many in a row even where each one takes seconds."""

    @abstractmethod
    def offered_time(self, ahead: float = 0) -> ContextManager[None]:
        """The site's server answers and chronyd begins anew; its time is this much ahead."""


class Simulated(Subject):
    def __init__(self, world: install.World) -> None:
        super().__init__(local_host.LocalHost(world.root, world.programs))
        self.world = world

    def be_patient(self) -> None:
        pass  # no failure takes long here

    @contextlib.contextmanager
    def offered_time(self, ahead: float = 0) -> Iterator[None]:
        with self.world.opened() as world:
            world.state["ntp"] = {"reachable": True, "address": "10.0.2.2"}
            world.state["true_offset"] = world.state["wall_offset"] + ahead
        self.ok("systemctl", "restart", "chronyd.service")
        yield


class Real(Subject):
    def __init__(self, machine: Machine) -> None:
        super().__init__(MachineHost(machine))
        self.machine = machine

    def be_patient(self) -> None:
        self.machine.out(frozen.GIVE_UP_LATER.format(frozen.PATIENCE))
        self.ok("systemctl", "daemon-reload")

    @contextlib.contextmanager
    def offered_time(self, ahead: float = 0) -> Iterator[None]:
        right = self.machine.clock() + ahead - time.monotonic()
        server = ntp.Server(lambda: right + time.monotonic())
        try:
            self.node.replace(
                "/etc/chrony/conf.d/site.conf", (SERVER % server.port).encode(), mode=0o644
            )
            self.ok("systemctl", "restart", "chronyd.service")
            yield
        finally:
            server.close()
