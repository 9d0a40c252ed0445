# SPDX-License-Identifier: Apache-2.0
"""A node whose effects are counted, and worlds that can be put back to any of them."""

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

from recovery import cli, errors, local_host
from simulators import further, rehearse
from tests.procedures import inside
from tests.simulators import worlds

# Programs that only look; whatever else runs is an effect, and so is every durable file.
LOOKING = ("date", "id", "df", "rpm", "journalctl", "chronyc", "sleep", "ssh-keyscan", "pgrep")
LOOKING_WORDS = (
    ("systemctl", "show"),
    ("systemctl", "--version"),
    ("hosted-engine", "--vm-status"),
    ("openssl", "s_client"),
    ("ssh-keygen", "-l"),
    ("openssl", "req"),
    ("ssh-keygen", "-F"),
)

Point = Callable[[int, str, str], None]


def is_effect(argv: Sequence[str]) -> bool:
    """Whether running this changes anything that a kill could leave half-done."""
    if argv[0] == "curl":
        return "POST" in argv
    if argv[0] == "ssh":
        return _is_effect_over_there(argv[-1])
    if argv[0] in LOOKING:
        return argv[:2] == ["date", "-s"]
    return tuple(argv[:2]) not in LOOKING_WORDS


# How the lines begin that only read on the engine or on another node.
READING_LINES = ("true", "test -e ", "cat /", "ls ", "date +", "systemctl is-active ")
READING_FILES = ("base64 ", "sha256sum ", "openssl pkey ")
RUN_THERE = re.compile(r"cd / && LC_ALL=C .*? timeout -k \d+ \d+ (.*)", re.DOTALL)


def _is_effect_over_there(line: str) -> bool:
    ran = RUN_THERE.match(line)
    if ran:
        return is_effect(shlex.split(ran.group(1)))
    reading = line.startswith("export LC_ALL=C; ") and line[17:].startswith(READING_FILES)
    return not (reading or line.startswith(READING_LINES))


class WatchedHost(local_host.LocalHost):
    """The adapter itself; it tells its watcher before and after each effect, and while it waits."""

    def __init__(self, root: str, programs: str, point: Point) -> None:
        super().__init__(root, programs)
        self._point = point
        self._number = 0

    @contextlib.contextmanager
    def _effect(self, what: str) -> Iterator[None]:
        self._number += 1
        number = self._number
        self._point(number, "before", what)
        try:
            yield
        finally:
            # A call that failed may have had its effect, and is over all the same.
            self._point(number, "after", what)

    def run(self, argv: Sequence[str], *args: Any, **kwargs: Any) -> Any:
        if not is_effect(list(argv)):
            return super().run(argv, *args, **kwargs)
        with self._effect(" ".join(argv)):
            return super().run(argv, *args, **kwargs)

    def sleep(self, seconds: float) -> None:
        self._point(self._number, "during", "sleep")
        super().sleep(seconds)

    def interact(self, argv: Sequence[str], *args: Any, **kwargs: Any) -> Any:
        with self._effect("dialogue " + " ".join(argv)):
            return super().interact(argv, *args, **kwargs)

    def replace(self, path: str, *args: Any, **kwargs: Any) -> None:
        with self._effect("replace " + path):
            super().replace(path, *args, **kwargs)

    def append(self, path: str, data: bytes) -> None:
        with self._effect("append " + path):
            super().append(path, data)

    def remove(self, path: str) -> None:
        with self._effect("remove " + path):
            super().remove(path)


class Ended(NamedTuple):
    """How a run of the tool ended: exit status, or minus the signal."""

    status: int
    output: str


class Node:
    """A world to recover, and the tool run against it in processes of its own."""

    def __init__(
        self, directory: str, scenario: str, release: str = "el8", executed: bool = False
    ) -> None:
        self.directory = directory
        self.release = release
        self.world = worlds.make(directory, scenario, release).world
        rehearse.remember(self.world)
        self.log = directory + ".log"
        # Whether each simulated program is a new interpreter, as in a rehearsal; slow.
        self.executed = executed
        inside.preload()

    def tool(self, *words: str, point: Optional[Point] = None) -> Ended:
        """Run the tool in a inside process, so that it can be killed for real."""
        arguments = rehearse.arguments(self.world)
        base = arguments[: arguments.index("recover")]
        pid = os.fork()
        if pid == 0:
            if not self.executed:
                inside.install(self.world.programs)
            _become_the_tool(base + list(words), point, self.log)
        _, status = os.waitpid(pid, 0)
        with open(self.log, errors="replace") as stream:
            output = stream.read()
        if os.WIFSIGNALED(status):
            return Ended(-os.WTERMSIG(status), output)
        return Ended(os.WEXITSTATUS(status), output)

    def recover(self, point: Optional[Point] = None) -> Ended:
        return self._rehearsed(rehearse.arguments(self.world), "recover", point)

    def resume(self) -> Ended:
        return self._rehearsed(rehearse.resume_arguments(self.world), "resume")

    def _rehearsed(self, words: List[str], command: str, point: Optional[Point] = None) -> Ended:
        return self.tool(*words[words.index(command) :], point=point)

    def undo(self) -> Ended:
        return self.tool(*rehearse.undo_arguments(self.world))

    def save(self, place: str) -> None:
        """Copy all that a kill of the tool leaves: everything but the simulators themselves."""
        os.mkdir(place)
        for name in os.listdir(self.directory):
            if name not in ("lib", "bin"):
                _copy(os.path.join(self.directory, name), os.path.join(place, name))

    def fresh(self, seen: Set[str]) -> bool:
        """Whether this state was not seen yet, time aside; remembers it."""
        digest = hashlib.sha256()
        for world in [self.world] + further.of(self.world):
            digest.update(_but_for_time(world.sim.state()))
            for top in (world.root, world.engine):
                for folder, _, names in sorted(os.walk(top)):
                    for name in sorted(names):
                        digest.update(_content(os.path.join(folder, name)))
        new = digest.hexdigest() not in seen
        seen.add(digest.hexdigest())
        return new

    def put_back(self, place: str) -> None:
        """Make the world what it was when it was saved, at the same path."""
        _put_back(place, self.directory, spared=("lib", "bin"))


TIME = ("uptime", "queue", "seq", "journal", "random", "last_use", "next_pid")
CLOCKS = ("/proc/uptime", "/since_epoch")


def _but_for_time(state: Dict[str, Any]) -> bytes:
    lasting = {name: value for name, value in state.items() if name not in TIME}
    kinds = sorted(event[2] for event in state["queue"])
    return repr((sorted(lasting.items()), kinds)).encode("utf-8")


def _content(path: str) -> bytes:
    if path.endswith(CLOCKS):
        return b""
    if os.path.islink(path):
        return os.fsencode(path + "->" + os.readlink(path))
    with open(path, "rb") as stream:
        return os.fsencode(path) + hashlib.sha256(stream.read()).digest()


def kill_at(number: int, side: str) -> Point:
    """A watcher that ends its own process there, as a power cut of the tool would."""

    def point(seen: int, seen_side: str, what: str) -> None:
        if (seen, seen_side) == (number, side):
            os.kill(os.getpid(), signal.SIGKILL)

    return point


def _become_the_tool(words: List[str], point: Optional[Point], log: str) -> None:
    status = errors.BUG
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = os.fdopen(1, "w", 1)
        sys.stderr = os.fdopen(2, "w", 1)
        sys.stdin = open(os.devnull)
        status = _run(words, point)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def _run(words: List[str], point: Optional[Point]) -> int:
    def make(root: str, programs: str) -> local_host.LocalHost:
        if point is None:
            return local_host.LocalHost(root, programs)
        return WatchedHost(root, programs, point)

    try:
        return cli.run(words, make)
    except errors.Error as caught:
        print("\n".join(caught.lines()), flush=True)
        return caught.status


def _put_back(source: str, target: str, spared: Sequence[str] = ()) -> None:
    """Make one directory hold what the other holds; what nobody has written to stays."""
    with os.scandir(source) as entries:
        wanted = {entry.name: entry for entry in entries}
    with os.scandir(target) as entries:
        there = {entry.name: entry for entry in entries if entry.name not in spared}
    for name, entry in there.items():
        if name not in wanted or not _is_same(wanted[name], entry):
            _remove(entry.path)
    for name, entry in wanted.items():
        path = os.path.join(target, name)
        if not os.path.lexists(path):
            _copy(entry.path, path)
        elif entry.is_dir(follow_symlinks=False):
            _put_back(entry.path, path)


def _is_same(one: "os.DirEntry[str]", other: "os.DirEntry[str]") -> bool:
    """Whether the second is the copy that was made of the first, or a directory for its copies."""
    seen = [entry.stat(follow_symlinks=False) for entry in (one, other)]
    kinds = [(stat.st_mode, stat.st_uid, stat.st_gid) for stat in seen]
    if one.is_dir(follow_symlinks=False):
        return kinds[0] == kinds[1]
    return (
        kinds[0] == kinds[1]
        and seen[0].st_mtime_ns == seen[1].st_mtime_ns
        and seen[0].st_size == seen[1].st_size
    )


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _copy(source: str, target: str) -> None:
    if os.path.isdir(source) and not os.path.islink(source):
        shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)
    else:
        _copy_file(source, target)


def _copy_file(source: str, target: str, follow_symlinks: bool = False) -> str:
    shutil.copy2(source, target, follow_symlinks=False)
    seen = os.lstat(source)
    if (seen.st_uid, seen.st_gid) != (os.geteuid(), os.getegid()):
        os.lchown(target, seen.st_uid, seen.st_gid)
    return target
