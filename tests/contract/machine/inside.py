# SPDX-License-Identifier: Apache-2.0
"""The port to the virtual machine: each call of a program goes through its guest agent."""

import base64
import json
import os
import shlex
import time
from typing import ContextManager, Optional, Sequence, Tuple

from recovery import dialogue as dialogues
from recovery import errors, host, secret
from recovery import moment as moments
from recovery.programs import openssl
from simulators.vm.agent import Done
from simulators.vm.failure import Failed
from simulators.vm.machine import Machine

# As the tool itself runs programs (recovery/local_host.py), so that both see the same.
ENVIRONMENT = (
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LC_ALL", "C"),
    ("TERM", "dumb"),
    ("HOME", "/root"),
)
NO_PROGRAM = 127
# How much longer things take in an emulated machine on a busy computer.
PATIENCE = 4
with open(os.path.join(os.path.dirname(__file__), "terminal_inside.py")) as source:
    TERMINAL = source.read()


class MachineHost(host.Host):
    """The node in the machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        done = self._ask(_command(argv, env), argv, timeout, (input or b"").decode())
        if done.status == NO_PROGRAM and "No such file" in done.err:
            raise errors.ProgramMissing(argv, done.err.strip())
        if done.status not in ok:
            raise errors.ProgramFailed(argv, done.status, done.out, done.err)
        return host.Output(done.out, done.err, done.status)

    def _ask(self, command: str, argv: Sequence[str], timeout: float, input: str) -> Done:
        try:
            return self.machine.run(command, timeout * PATIENCE, input)
        except Failed as caught:
            raise errors.ProgramTimeout(argv, str(caught)) from caught

    def interact(
        self,
        argv: Sequence[str],
        dialogue: dialogues.Dialogue,
        timeout: float = 60,
        progress: Optional[host.Progress] = None,
    ) -> str:
        asked = {
            "argv": list(argv),
            "environment": dict(ENVIRONMENT),
            "exchanges": [_exchange(one) for one in dialogue.exchanges],
            "fatal": dialogue.fatal,
            "control": dialogues.CONTROL.pattern,
            "timeout": timeout * PATIENCE,
        }
        command = "python3 -c " + shlex.quote(TERMINAL)
        done = self._ask(command, argv, timeout + 30, json.dumps(asked))
        if done.status != 0:
            raise Failed("hold a dialogue", done.err)
        told = json.loads(done.out)
        shown = dialogues.plain(base64.b64decode(told["shown"]).decode("utf-8", "replace"))
        if told["fatal"]:
            raise errors.UnexpectedOutput(argv, shown, "no question nobody planned for")
        if told["status"] is None:
            raise errors.ProgramTimeout(argv, "it did not end; it showed:\n" + shown)
        if told["status"] != 0:
            raise errors.ProgramFailed(argv, told["status"], shown, "")
        return shown

    def read(self, path: str) -> bytes:
        done = self.machine.run("base64 " + shlex.quote(path))
        if done.status != 0:
            raise errors.FileMissing("read", path, done.err.strip())
        return base64.b64decode(done.out)

    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        self._put(path, data, ">")
        self.machine.out("chmod %o %s" % (mode, shlex.quote(path)))

    def append(self, path: str, data: bytes) -> None:
        self._put(path, data, ">>")

    def _put(self, path: str, data: bytes, arrow: str) -> None:
        text = base64.b64encode(data).decode()
        done = self.machine.run("base64 -d %s %s" % (arrow, shlex.quote(path)), input=text)
        assert done.status == 0, done

    def remove(self, path: str) -> None:
        self.machine.out("rm -f " + shlex.quote(path))

    def request(self, key: str) -> bytes:
        return openssl.request(self, key)

    def exists(self, path: str) -> bool:
        return self.machine.run("test -e " + shlex.quote(path)).status == 0

    def now(self) -> moments.Moment:
        before = self.uptime()
        wall = self.machine.clock()
        return moments.Moment(wall, (before + self.uptime()) / 2, self.boot_id())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def lock(self, path: str) -> ContextManager[None]:
        raise host.Busy("lock %s" % path, "the machine is the test's alone")


def _command(argv: Sequence[str], env: host.Pairs) -> str:
    pairs = ["%s=%s" % pair for pair in list(ENVIRONMENT) + list(env)]
    words = ["env", "-i"] + pairs + list(argv)
    return "cd / && exec " + " ".join(map(shlex.quote, words))


def _exchange(one: dialogues.Exchange) -> Tuple[str, Optional[str], bool, bool]:
    """What to wait for, what to send, whether it is a secret, whether it may be passed over."""
    if isinstance(one.send, secret.Secret):
        return one.expect, one.send.reveal(), True, one.optional
    return one.expect, one.send, False, one.optional
