# SPDX-License-Identifier: Apache-2.0
"""The adapter of the port: the node whose files and programs we can reach ourselves.

With `files` and `terminal` the only module that has effects. A rehearsal is this very class
with another root and other programs.
"""

import contextlib
import os
import signal
import subprocess
from typing import Dict, Iterator, Optional, Sequence

from recovery import dialogue as dialogues
from recovery import errors, files, host, terminal
from recovery import moment as moments

KILLED = 2  # seconds in which the pipes of a killed program come to their end
SYSTEM_PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"


class LocalHost(host.Host):
    """The node whose files lie below `root` and whose programs lie in `programs` (like PATH)."""

    def __init__(self, root: str = "/", programs: str = SYSTEM_PROGRAMS) -> None:
        self.root = os.path.abspath(root)
        self.programs = ":".join(os.path.abspath(one) for one in programs.split(":"))
        self._files = files.Files(self.root)
        self._clock = terminal.Clock(self.uptime, self.sleep)

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        # A session of its own: Ctrl-C at our console must not cut a program off half-way, and
        # no program may ask its questions on our terminal.
        try:
            process = subprocess.Popen(
                [_word(one) for one in argv],
                executable=self._find(argv),
                stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(env),
                cwd="/",
                start_new_session=True,
            )
        except OSError as caught:
            raise errors.ProgramMissing(argv, "it cannot be started: %s" % caught) from caught
        try:
            # subprocess counts with CLOCK_MONOTONIC, so a clock step cannot cut this short.
            out, err = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise errors.ProgramTimeout(argv, "it did not end within %d s" % timeout) from None
        except BaseException:
            _kill(process)
            raise
        output = host.Output(_text(out), _text(err), process.returncode)
        if output.status not in ok:
            raise errors.ProgramFailed(argv, output.status, output.stdout, output.stderr)
        return output

    def interact(
        self,
        argv: Sequence[str],
        dialogue: dialogues.Dialogue,
        timeout: float = 60,
        progress: Optional[host.Progress] = None,
    ) -> str:
        environment = self._environment(())
        return terminal.converse(
            self._find(argv), argv, environment, dialogue, timeout, self._clock, progress
        )

    def _find(self, argv: Sequence[str]) -> str:
        for directory in self.programs.split(":"):
            path = os.path.join(directory, argv[0])
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                return path
        raise errors.ProgramMissing(argv, "there is no such program in %s" % self.programs)

    def _environment(self, env: host.Pairs) -> Dict[str, str]:
        chosen = {"PATH": self.programs, "LC_ALL": "C", "TERM": "dumb", "HOME": "/root"}
        chosen.update(env)
        return chosen

    def read(self, path: str) -> bytes:
        return self._files.read(path)

    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        self._files.replace(path, data, like, mode)

    def append(self, path: str, data: bytes) -> None:
        self._files.append(path, data)

    def remove(self, path: str) -> None:
        self._files.remove(path)

    def request(self, key: str) -> bytes:
        # Imported here, and with them a library that few commands need.
        from recovery import pem, requests
        from recovery.programs import openssl

        if pem.why():  # no library: the node's own program can do it too
            return openssl.request(self, key)
        return requests.make(key, self.read(key))

    def exists(self, path: str) -> bool:
        return self._files.exists(path)

    def now(self) -> moments.Moment:
        before = self.uptime()
        argv = ["date", "+%s.%N"]
        wall = host.seconds(argv, self.run(argv).stdout)
        middle = (before + self.uptime()) / 2
        return moments.Moment(wall, middle, self.boot_id())

    def sleep(self, seconds: float) -> None:
        self.run(["sleep", "%.3f" % seconds], timeout=seconds + 60)

    @contextlib.contextmanager
    def lock(self, path: str) -> Iterator[None]:
        with contextlib.ExitStack() as ends:
            try:
                taken = ends.enter_context(self._files.lock(path))
            except errors.FileError as caught:
                if isinstance(caught.__cause__, PermissionError):
                    raise _not_root(caught) from caught
                raise
            if not taken:
                raise host.Busy(
                    "start",
                    "another run on this node holds %s" % path,
                    unchanged="everything",
                    next_step="look at it with `ovirt-cert-recovery status`, or wait for its end",
                )
            yield


def _not_root(refused: errors.FileError) -> errors.Inhibited:
    return errors.Inhibited(
        refused.what,
        refused.cause,
        unchanged="everything",
        next_step="run the same command as root (`su -` or `sudo`)",
    )


class AtRest(LocalHost):
    """A disk that a rescue system mounted: nothing on it runs, time is the rescue system's own."""

    def uptime(self) -> float:
        return float(files.Files("/").read("/proc/uptime").split()[0])

    def boot_id(self) -> str:
        return files.Files("/").read(host.BOOT_ID).decode("ascii").strip()


def _word(text: str) -> bytes:
    # Python 3.6 in the C locale would take ASCII alone; what it could not decode comes back so.
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # What left the group may hold the pipes for ever; Python 3.6 refuses pipes half read before.
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
        process.communicate(timeout=KILLED)
    process.wait()
