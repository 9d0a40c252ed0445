# SPDX-License-Identifier: Apache-2.0
"""The simulated world: one state file under a lock, one clock, one queue of due events.

Imports only the event table, and that lazily: every simulated program pays for what is here.
"""

import fcntl
import marshal
import os

_seen = {}  # type: dict  # directory: version, state


class World:
    """One world directory. `with world:` locks and loads it, and saves it atomically on exit.

    `state` is a plain dict (marshal-able values only). Hold no reference into it across
    `advance()`: a timer's command runs with the lock released, and the state is loaded again.
    An exception leaves the saved world as it was before the `with`.
    """

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(directory)
        self.state = {}  # type: dict
        self.new_entries = []  # type: list  # journal records not yet in the file
        self.cache = {}  # type: dict  # computed from release and state, valid until a reload
        self._lock = -1
        self._boot_id_on_disk = None  # type: object

    def __enter__(self) -> "World":
        if self._lock != -1:
            raise RuntimeError("the world is already open")
        self._lock = os.open(self.directory + "/lock", os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._load()
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        try:
            if kind is None:
                self.save()
        finally:
            os.close(self._lock)
            self._lock = -1

    # Loading and saving

    def _load(self) -> None:
        with open(self.directory + "/state", "rb") as source:
            self.state = marshal.loads(source.read())
        self.new_entries = []
        self.cache = {}
        self._boot_id_on_disk = self.state["boot_id"]

    def save(self) -> None:
        """Write journal, state and the clock's files; the rename of the state is the commit."""
        if self.new_entries:
            from simulators.journal import store

            store.append(self)
        temporary = self.directory + "/state.new"
        with open(temporary, "wb") as target:
            target.write(marshal.dumps(self.state))
        os.rename(temporary, self.directory + "/state")
        self._publish()

    def _publish(self) -> None:
        uptime = self.uptime
        _overwrite(self.node("/proc/uptime"), "%.2f %.2f\n" % (uptime, uptime * 1.7))
        if not self.state.get("no_rtc"):
            _overwrite(self.node("/sys/class/rtc/rtc0/since_epoch"), "%d\n" % self.rtc())
        if self._boot_id_on_disk != self.state["boot_id"]:
            raw = self.state["boot_id"]
            parts = (raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:])
            _overwrite(self.node("/proc/sys/kernel/random/boot_id"), "-".join(parts) + "\n")
            self._boot_id_on_disk = raw

    def released(self) -> "_Released":
        """Save and give the lock away inside `with world.released():`; load again at its end."""
        return _Released(self)

    # Clocks: `uptime` counts, everything else is an offset to it

    @property
    def uptime(self) -> float:
        """Seconds since boot: CLOCK_BOOTTIME and CLOCK_MONOTONIC (a node is never suspended)."""
        return self.state["uptime"]

    def wall(self) -> float:
        """The node's system clock, seconds since the epoch."""
        return self.state["uptime"] + self.state["wall_offset"]

    def true(self) -> float:
        """The time of the world outside."""
        return self.state["uptime"] + self.state["true_offset"]

    def rtc(self) -> float:
        """The hardware clock, seconds since the epoch, read as UTC."""
        return self.state["uptime"] * (1 + self.state["rtc_drift"]) + self.state["rtc_offset"]

    def set_rtc(self, value: float) -> None:
        """Write the hardware clock."""
        drifted = self.state["uptime"] * (1 + self.state["rtc_drift"])
        self.state["rtc_offset"] = value - drifted

    def step_clock(self, new_wall: float) -> None:
        """Set the node's system clock; the RTC stays. All consequences of a step happen here."""
        from simulators import clock

        clock.step(self, new_wall)

    # Paths

    def node(self, path: str) -> str:
        """Return the real path of the node's `path` (absolute); symbolic links stay inside."""
        return _inside(self.directory + "/root", path)

    def engine(self, path: str) -> str:
        """Return the real path of the engine VM's `path` (absolute); links stay inside."""
        return _inside(self.directory + "/engine", path)

    # Events

    def schedule(self, delay: float, kind: str, **data: object) -> int:
        """Queue an event `kind` (see `simulators.events`) in `delay` seconds; return its number."""
        self.state["seq"] += 1
        number = self.state["seq"]
        self.state["queue"].append((self.state["uptime"] + max(0.0, delay), number, kind, data))
        return number

    def cancel(self, kind: str, **match: object) -> int:
        """Drop the queued events of `kind` whose data holds all of `match`; return how many."""
        keep = [event for event in self.state["queue"] if not _matches(event, kind, match)]
        dropped = len(self.state["queue"]) - len(keep)
        self.state["queue"] = keep
        return dropped

    def scheduled(self, kind: str, **match: object) -> list:
        """Return the uptimes at which events of `kind` with `match` in their data are due."""
        return sorted(e[0] for e in self.state["queue"] if _matches(e, kind, match))

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: every event due on the way happens at its own uptime, in order."""
        target = self.state["uptime"] + seconds
        while self.state["queue"]:
            event = min(self.state["queue"])
            if event[0] > target:
                break
            self.state["queue"].remove(event)
            if event[0] > self.state["uptime"]:
                self.state["uptime"] = event[0]
            from simulators import events

            events.handle(self, event[2], event[3])
        # A command run by an event may have let more time pass than was asked for.
        if self.state["uptime"] < target:
            self.state["uptime"] = target

    # Journal and identities

    def log(
        self,
        message: object,
        unit: str = "",
        identifier: str = "",
        priority: int = 6,
        pid: int = 0,
        **fields: object,
    ) -> None:
        """Write an entry to the node's systemd journal, in the name of the process of `unit`.

        `message` is str, or bytes for a binary one. `unit` gives _SYSTEMD_UNIT, _COMM, _EXE,
        _CMDLINE, the invocation id and (unless `pid` is given) the main pid. `identifier` is
        SYSLOG_IDENTIFIER; identifier="" with a unit writes a native record without it, as
        libvirtd does. Other fields as keywords; a list value repeats the field.
        Messages of PID 1 about a unit: `units.note(world, unit, message, ...)`.
        """
        from simulators.journal import entries

        entries.add(self, message, unit, identifier, priority, pid, fields)

    def random(self) -> int:
        """Return the next number (31 bits) of the world's own seeded sequence."""
        value = (self.state["random"] * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        self.state["random"] = value
        return value >> 33

    def new_id(self) -> str:
        """Return a new 128-bit id in 32 hex digits."""
        return "".join("%08x" % (self.random() * 2 + self.random() % 2) for _ in range(4))

    def new_pid(self) -> int:
        """Return the pid of a new process of the node."""
        self.state["next_pid"] += 1 + self.random() % 3
        return self.state["next_pid"]


class _Released:
    def __init__(self, world: World) -> None:
        self.world = world

    def __enter__(self) -> None:
        self.world.__exit__(None, None, None)

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.world.__enter__()


def seen(world: World) -> dict:
    """Return a closed world's saved state, for a look that costs no lock; it is not to be changed.

    One process may look a thousand times: what has not been saved anew is not read anew.
    """
    with open(world.directory + "/state", "rb") as source:
        found = os.fstat(source.fileno())
        version = (found.st_ino, found.st_mtime_ns, found.st_size)
        if _seen.get(world.directory, (None, None))[0] != version:
            _seen[world.directory] = (version, marshal.loads(source.read()))
    state: dict = _seen[world.directory][1]
    return state


def opened(directory: str) -> World:
    """Return the world of `directory`, for `with world.opened(directory) as w:`."""
    return World(directory)


def _matches(event: tuple, kind: str, match: dict) -> bool:
    data = event[3]
    return event[2] == kind and all(data.get(key) == match[key] for key in match)


def _overwrite(path: str, text: str) -> None:
    """Replace a small file's content in one write, so that a reader never sees a torn one."""
    try:
        target = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path))
        target = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        data = text.encode()
        os.write(target, data)
        if os.fstat(target).st_size != len(data):
            os.ftruncate(target, len(data))
    finally:
        os.close(target)


def _inside(root: str, path: str) -> str:
    """Resolve `path` below `root` as a chroot would: absolute links and `..` stay inside."""
    done = ""
    todo = [part for part in path.split("/") if part and part != "."]
    links = 0
    while todo:
        part = todo.pop(0)
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        candidate = done + "/" + part
        try:
            target = os.readlink(root + candidate)
        except OSError:
            done = candidate
            continue
        links += 1
        if links > 40:
            raise OSError(40, "Too many levels of symbolic links", path)
        if target.startswith("/"):
            done = ""
        todo = [piece for piece in target.split("/") if piece and piece != "."] + todo
    return root + done
