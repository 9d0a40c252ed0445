# SPDX-License-Identifier: Apache-2.0
"""Asks the policy at every exec, connection and open of this process. Imports the policy only."""

import builtins
import ctypes
import io
import os
import socket
import subprocess
import sys
import time
from typing import Any, Callable, Dict, Sequence, Tuple

from tests.guard import policy

CLOCK_FUNCTIONS = "clock_settime settimeofday adjtimex clock_adjtime ntp_adjtime stime".split()
PR_CAPBSET_DROP = 24
CAP_SYS_BOOT = 22
CAP_SYS_TIME = 25


class Refused(BaseException):
    """A test reached for the real machine. No Exception, so that no code under test swallows it."""


class Hooks:
    """Refuses, records, and stays for the life of the process: an audit hook cannot be removed."""

    def __init__(self, record: Callable[[str], None]) -> None:
        self._record = record
        self._pid = os.getpid()
        self._events: Dict[str, Callable[..., None]] = {
            "subprocess.Popen": self._popen,
            "os.exec": self._exec,
            "os.posix_spawn": self._exec,
            "os.system": self._system,
            "socket.connect": self._connect,
            "open": self._open,
            "ctypes.dlsym": self._dlsym,
        }

    def install(self) -> None:
        """From here on every event of this process passes the policy."""
        drop_capabilities()
        if hasattr(time, "clock_settime"):
            time.clock_settime = self._clock
        if sys.version_info >= (3, 8):
            sys.addaudithook(self.event)
        else:
            _patch(self.event)

    def event(self, name: str, arguments: Tuple[Any, ...]) -> None:
        """Called by the interpreter for each audit event; most are none of ours."""
        judge = self._events.get(name)
        if judge is not None:
            judge(*arguments)

    def _popen(self, executable: Any, argv: Any, cwd: Any, env: Any) -> None:
        words = [argv] if isinstance(argv, (str, bytes, os.PathLike)) else list(argv)
        self._start(executable or words[0], words, env)

    def _exec(self, path: Any, argv: Any, env: Any) -> None:
        self._start(path, argv, env)

    def _system(self, command: Any) -> None:
        self._start("/bin/sh", ["sh", "-c", command], None)

    def _start(self, program: Any, argv: Sequence[Any], env: Any) -> None:
        words = [os.fsdecode(word) for word in argv]
        path = policy.resolve(os.fsdecode(program), os.get_exec_path(env))
        if path is not None:
            self._judge(policy.program(path, words), " ".join(words))

    def _connect(self, connection: socket.socket, where: Any) -> None:
        unix = connection.family == socket.AF_UNIX
        self._judge(policy.address(unix, where), "connect {}".format(where))

    def _open(self, path: Any, mode: Any, flags: Any) -> None:
        writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writing and isinstance(path, (str, bytes, os.PathLike)):
            self._judge(policy.write(os.fsdecode(path)), "open {!r}".format(path))

    def _dlsym(self, library: Any, name: Any) -> None:
        reason = "it sets the clock" if name in CLOCK_FUNCTIONS else None
        self._judge(reason, "ctypes {}".format(name))

    def _clock(self, *arguments: Any) -> None:
        self._judge("it sets the clock", "time.clock_settime")

    def _judge(self, reason: Any, what: str) -> None:
        if reason is None:
            return
        text = "{} refused: {}".format(what, reason)
        self._record(text)
        if os.getpid() != self._pid:
            # Between fork and exec: an exception would run the test's remainder a second time.
            os._exit(126)
        raise Refused(text)


def drop_capabilities() -> None:
    """Ask the kernel too: no descendant, root or not, can set the clock or the RTC, or reboot."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_SYS_TIME, CAP_SYS_BOOT):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def _patch(event: Callable[[str, Tuple[Any, ...]], None]) -> None:
    """Python 3.6 and 3.7 have no audit hooks: the same events from wrapped functions."""

    def popen(self: Any, args: Any, *rest: Any, **named: Any) -> None:
        argv = ["/bin/sh", "-c", args] if named.get("shell") else args
        event("subprocess.Popen", (named.get("executable"), argv, None, named.get("env")))
        start(self, args, *rest, **named)

    def opened(path: Any, mode: str) -> None:
        event("open", (path, mode, _flags(mode)))

    start = subprocess.Popen.__init__
    subprocess.Popen.__init__ = popen  # type: ignore[method-assign]
    _wrap(os, "execv", lambda path, argv: event("os.exec", (path, argv, None)))
    _wrap(os, "execve", lambda path, argv, env: event("os.exec", (path, argv, env)))
    _wrap(os, "system", lambda command: event("os.system", (command,)))
    for name in ("connect", "connect_ex"):
        _wrap(socket.socket, name, lambda self, where: event("socket.connect", (self, where)))
    _wrap(os, "open", lambda path, flags, *rest, **named: event("open", (path, None, flags)))
    for module in (builtins, io):
        _wrap(module, "open", lambda path, mode="r", *rest, **named: opened(path, mode))


def _wrap(owner: Any, name: str, before: Callable[..., None]) -> None:
    wrapped = getattr(owner, name)

    def asking_first(*arguments: Any, **named: Any) -> Any:
        before(*arguments, **named)
        return wrapped(*arguments, **named)

    setattr(owner, name, asking_first)


def _flags(mode: str) -> int:
    return os.O_RDONLY if set(mode) <= set("rbtU") else os.O_RDWR
