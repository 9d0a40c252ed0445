# SPDX-License-Identifier: Apache-2.0
"""Simulated programs without a new interpreter for each: the same modules, run by the tool.

Most run to their end in the tool's own process. What talks while it runs, reads its input or
meets a fault runs in a child, in which the program takes the place of an exec. What a timer of
the simulated systemd starts is executed as ever.
"""

import functools
import gc
import importlib
import marshal
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pexpect

import recovery
import simulators
from simulators import entry
from simulators import world as world_module

DESCRIPTORS = 256
# `lean` stands in for the standard library's typing where starting is what costs.
NOT_IMPORTED = ("__main__", "lean", "vm")
OF_THEIR_OWN = ("env", "openssl")  # one becomes another program, one looks at its descriptors
EXECUTED = subprocess.Popen
SPAWNED = pexpect.spawn
_preloaded: List[str] = []


class Answered:
    """What Popen gives its caller, of a program that runs to its end once its input is there."""

    def __init__(self, executable: str, words: Sequence[str], env: Dict[str, str]) -> None:
        self.returncode = 0
        self.pid = os.getpid()
        self._name = os.path.basename(executable)
        world = world_module.World(_directory(executable))
        self._call = entry.Call(world, [self._name] + list(words))
        self._call.env = dict(env)  # type: ignore[assignment]

    def communicate(
        self, input: Optional[bytes] = None, timeout: Optional[float] = None
    ) -> Tuple[bytes, ...]:
        call = self._call
        call.stdin = lambda: input or b""  # type: ignore[method-assign]
        try:
            self.returncode = entry.run(call, self._name)
        except Exception:
            trace = traceback.format_exc().encode("utf-8", "replace")
            call.output, self.returncode = [(2, trace)], 1
        return tuple(_said(call, descriptor) for descriptor in (1, 2))


def preload() -> None:
    """Import once what every tool and every program would import after each fork."""
    if _preloaded:
        return
    for package in (recovery, simulators):
        for name in _modules(package.__name__, list(package.__path__)):
            importlib.import_module(name)
            _preloaded.append(name)


def _modules(package: str, places: List[str]) -> List[str]:
    found = []
    for one in pkgutil.iter_modules(places):
        if one.name in NOT_IMPORTED:
            continue
        name = "%s.%s" % (package, one.name)
        found.append(name)
        if one.ispkg:
            found += _modules(name, [os.path.join(place, one.name) for place in places])
    return found


def install(programs: str) -> None:
    """From here on this process, which is the tool, does not execute that directory's programs."""

    def start(argv: Any, *rest: Any, **named: Any) -> Any:
        executable = named.get("executable") or ""
        if os.path.dirname(executable) == programs:
            words = [os.fsdecode(one) for one in argv[1:]]
            quiet = named["stdin"] == subprocess.DEVNULL or _is_silent(words) or _is_told(words)
            if quiet and _is_plain(executable, words):
                return Answered(executable, words, named["env"])
            named["preexec_fn"] = _becoming(executable, words, named["env"])
        return EXECUTED(argv, *rest, **named)

    def spawn(executable: str, words: Sequence[str], **named: Any) -> Any:
        if os.path.dirname(executable) == programs:
            named["preexec_fn"] = _becoming(executable, words, named["env"])
        return SPAWNED(executable, words, **named)

    if hasattr(gc, "freeze"):
        gc.freeze()  # a child that collects would copy all our memory
    subprocess.Popen = start  # type: ignore[assignment, misc]
    pexpect.spawn = spawn


def _is_plain(executable: str, words: Sequence[str]) -> bool:
    name = os.path.basename(executable)
    module = importlib.import_module("simulators.programs." + name.replace("-", "_"))
    talks = getattr(module, "INTERACTIVE", False) and not _is_silent(words)
    if name in OF_THEIR_OWN or talks:
        return False
    return not any(_has_faults(place) for place in _worlds(_directory(executable)))


def _is_silent(words: Sequence[str]) -> bool:
    """Of those that may talk: ssh that was told not to, and ssh-keyscan."""
    return "BatchMode=yes" in words or "-T" in words


def _is_told(words: Sequence[str]) -> bool:
    """Of those that read their input: curl, which reads all of it before it does anything."""
    return "--config" in words


def _worlds(directory: str) -> List[str]:
    """The node's world and those of the further nodes that it reaches."""
    nodes = directory + "/nodes"
    names = os.listdir(nodes) if os.path.isdir(nodes) else []
    return [directory] + [os.path.join(nodes, name) for name in names]


def _has_faults(directory: str) -> bool:
    with open(directory + "/state", "rb") as source:
        return bool(marshal.loads(source.read())["faults"])


def _directory(executable: str) -> str:
    return os.path.dirname(os.path.dirname(executable))


def _said(call: entry.Call, descriptor: int) -> bytes:
    return b"".join(data for where, data in call.output if where == descriptor)


def _becoming(executable: str, words: Sequence[str], env: Dict[str, str]) -> Callable[[], None]:
    return functools.partial(_become, executable, list(words), dict(env))


def _become(executable: str, words: List[str], env: Dict[str, str]) -> None:
    """Be that program, in the child and with everything an exec would have made of it."""
    try:
        os.closerange(3, DESCRIPTORS)  # which tells the parent that we have started
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = [executable] + words
        subprocess.Popen = EXECUTED  # type: ignore[misc]
        entry.main(os.path.basename(executable))
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(1)
