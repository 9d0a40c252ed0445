# SPDX-License-Identifier: Apache-2.0
"""Commands inside the machine, through qemu's guest agent.

No network, no terminal, and no clock of the machine has a part in it: it survives every jump.
"""

import base64
import time
from typing import Any, Dict, NamedTuple, Optional

from simulators.vm.failure import Failed
from simulators.vm.lines import Line, Silent

PORT = "org.qemu.guest_agent.0"
ENVIRONMENT = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
]
# Out of the agent's own control group, whose log level would swallow what commands log.
GROUP = "/sys/fs/cgroup/rehearsal"
OUT = "[ -d {0} ] || mkdir {0}; echo $$ > {0}/cgroup.procs; ".format(GROUP)
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.3


class Done(NamedTuple):
    """How a command ended; a signal's number is negative."""

    status: int
    out: str
    err: str


class Agent:
    """The guest agent of one machine."""

    def __init__(self, path: str) -> None:
        self._line = Line(path, "the guest agent")
        self._sync = 0

    def answers(self, timeout: float = 1) -> bool:
        """Whether it is there; what was asked before is forgotten."""
        self._sync += 1
        self._line.forget()
        message = {"execute": "guest-sync-delimited", "arguments": {"id": self._sync}}
        end = time.monotonic() + timeout
        try:
            self._line.send(message, b"\xff")
            while time.monotonic() < end:
                answer = self._line.receive(max(0.05, end - time.monotonic()))
                if answer.get("return") == self._sync:
                    return True
        except (Silent, ValueError):
            pass
        return False

    def run(self, command: str, timeout: float = 120, input: Optional[str] = None) -> Done:
        """Run a shell command as root and wait for it. Raises: Failed (no answer, no end)."""
        arguments: Dict[str, Any] = {
            "path": "/bin/bash",
            "arg": ["-c", OUT + command],
            "env": ENVIRONMENT,
            "capture-output": True,
        }
        if input is not None:
            arguments["input-data"] = base64.b64encode(input.encode()).decode()
        pid = self._line.ask("guest-exec", 30, **arguments)["pid"]
        end, pause = time.monotonic() + timeout, FIRST_PAUSE
        while time.monotonic() < end:
            told = self._line.ask("guest-exec-status", 30, pid=pid)
            if told["exited"]:
                status = told.get("exitcode", -told.get("signal", 0))
                return Done(status, _text(told, "out-data"), _text(told, "err-data"))
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        raise Failed("run %r in the machine" % command, "not ended in %d s" % timeout)

    def clock(self) -> float:
        """The machine's wall clock in seconds since 1970, read by the agent itself."""
        return int(self._line.ask("guest-get-time", 30)) / 1e9

    def close(self) -> None:
        self._line.close()


def _text(told: dict, key: str) -> str:
    return base64.b64decode(told.get(key, "")).decode("utf-8", "replace")
