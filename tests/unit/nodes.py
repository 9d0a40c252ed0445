# SPDX-License-Identifier: Apache-2.0
"""A node of shell scripts: a root with /proc, two clocks, timers; reached by a real LocalHost."""

from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence

from recovery import context as contexts
from recovery import journal as journals
from recovery import plan as plans
from recovery.local_host import LocalHost
from recovery.secret import Secret

NOW = 1676894400  # 2023-02-20 12:00:00 UTC
UPTIME = 5000
BOOT = "03aec8b0-3957-4c25-a50a-f761b03ea30b"
NEXT_BOOT = "7cc11a50-71a4-4b8c-8d90-3a5c1e3b4f21"
DAY = 86400

# A virsh that has no login.
ASKING = "printf 'Please enter your authentication name: '; read name\n"
# $ahead and $rtc are what wall clock and RTC show, minus the uptime.
HEAD = """#!/bin/sh
here=${0%/*}/..
echo "${0##*/} $*" >> "$here/calls"
read up rest < "$here/root/proc/uptime"
read ahead < "$here/ahead"
read rtc < "$here/rtc"
keep() {
    echo "$up 1.0" > "$here/root/proc/uptime"
    echo "$ahead" > "$here/ahead"
    echo "$rtc" > "$here/rtc"
    shown=$here/root/sys/class/rtc/rtc0/since_epoch
    [ ! -e "$shown" ] || echo $((${up%.*} + rtc)) > "$shown"
}
if [ -e "$here/refuse-${0##*/}" ]; then
    /bin/cat "$here/refuse-${0##*/}" >&2
    exit 1
fi
"""
PROGRAMS = {
    "date": """
case $1 in
-s) set=${2#@}; ahead=$((${set%.*} - ${up%.*})); keep ;;
-d) exec /bin/date -u -d "$2" "$3" ;;
*) echo $((${up%.*} + ahead)).${up#*.} ;;
esac
""",
    "sleep": """
whole=${1%.*}
[ "$whole" -gt 0 ] || whole=1
up=$((${up%.*} + whole)).${up#*.}
keep
""",
    "timedatectl": """
ahead=$((${2#@} - ${up%.*}))
rtc=$ahead
keep
""",
    "hwclock": """
rtc=$(($(/bin/date -u -d "${3#--date=}" +%s) - ${up%.*}))
keep
""",
    "systemd-run": """
: > "$here/${1#--unit=}.timer"
""",
    "systemctl": """
for unit; do :; done
case $1 in
show)
    echo LoadState=loaded
    [ -e "$here/$unit" ] && echo ActiveState=active || echo ActiveState=inactive ;;
stop)
    [ -e "$here/$unit" ] && exec /bin/rm "$here/$unit"
    echo "Failed to stop $unit: Unit $unit not loaded." >&2
    exit 5 ;;
esac
""",
}


class Node:
    """Files below `root`, scripts in `programs`, the calls made so far."""

    def __init__(self, folder: Path, wall: int = NOW) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        self.host = LocalHost(str(self.root), str(self.programs))
        (folder / "ahead").write_text("%d\n" % (wall - UPTIME))
        (folder / "rtc").write_text("%d\n" % (wall - UPTIME))
        self.write("/proc/uptime", "%d.25 1.0\n" % UPTIME)
        self.write("/proc/sys/kernel/random/boot_id", BOOT + "\n")
        self.write("/sys/class/rtc/rtc0/since_epoch", "%d\n" % wall)
        for name, text in PROGRAMS.items():
            self.script(name, HEAD + text)

    def script(self, name: str, text: str) -> None:
        """Put an executable on the node's PATH."""
        path = self.programs / name
        path.write_text(text if text.startswith("#!") else "#!/bin/sh\n" + text)
        path.chmod(0o755)

    def answers(self, name: str, stdout: str = "", stderr: str = "", status: int = 0) -> None:
        """Make a program say just this, whatever it is asked."""
        for stream, text in (("out", stdout), ("err", stderr)):
            (self.folder / ("%s.%s" % (name, stream))).write_text(text)
        here = 'here=${0%/*}/..\necho "${0##*/} $*" >> "$here/calls"\n'
        shown = '/bin/cat "$here/%s.out"\n/bin/cat "$here/%s.err" >&2\nexit %d\n'
        self.script(name, here + shown % (name, name, status))

    def refuse(self, name: str, text: str) -> None:
        """Make a program fail with this text on stderr."""
        (self.folder / ("refuse-" + name)).write_text(text)

    def write(self, path: str, text: str) -> Path:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def calls(self, program: str = "") -> List[str]:
        """Return the command lines so far, those of one program if it is named."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] == (program or line.split()[0])]

    def move_clock(self, seconds: int) -> None:
        ahead = int((self.folder / "ahead").read_text())
        (self.folder / "ahead").write_text("%d\n" % (ahead + seconds))

    def pass_time(self, seconds: int) -> None:
        self.host.sleep(seconds)

    def rtc(self) -> int:
        return int(self.place("/sys/class/rtc/rtc0/since_epoch").read_text())

    def power_cut(self, off: int = 60) -> None:
        """Boot again after `off` seconds without power; the wall clock comes from the RTC."""
        self.host.sleep(off)
        rtc = self.rtc()
        for name in ("ahead", "rtc"):
            (self.folder / name).write_text("%d\n" % (rtc - 10))
        self.write("/proc/uptime", "10.25 1.0\n")
        self.write("/proc/sys/kernel/random/boot_id", NEXT_BOOT + "\n")


def planned(step: str, need: str = "needed") -> plans.PlannedStep:
    return plans.PlannedStep(step, "do " + step, "it must be", need, ("true",), 1, "undone")


def plan(*steps: str, route: str = "rewind", **parameters: Any) -> plans.Plan:
    """Return a plan of needed steps."""
    chosen = tuple(planned(step) for step in steps)
    return plans.Plan(route, "a test", plans.Parameters(**parameters), chosen)


class Person:
    """Who reads along and answers."""

    def __init__(self, answer: bool = False) -> None:
        self.said: List[str] = []
        self.asked: List[str] = []
        self.answer = answer

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.answer


def context(
    node: Node,
    chosen: Optional[plans.Plan] = None,
    person: Optional[Person] = None,
    journal: Optional[journals.Journal] = None,
    stated_true: Optional[float] = None,
    password: Optional[Secret] = None,
    itself: Sequence[str] = ("ovirt-cert-recovery",),
) -> contexts.Context:
    """Return the context of a new run of this node, or of the run whose journal is given."""
    person = person or Person()
    if journal is None:
        journal = journals.create(node.host, chosen or plan(), {"version": "test"})
    say: Callable[[str], None] = person.said.append
    return contexts.Context(
        node.host, journal, say, person.ask, list(itself), password, stated_true
    )


def clock_back(context: contexts.Context, node: Node, seconds: int = 41 * DAY) -> None:
    """Do what the first steps of the main job do to the clock, with their records."""
    now = context.node.now()
    context.journal.anchor_at(now, now.wall)
    context.journal.write(journals.APPLYING, "clock-back", {})
    node.move_clock(-seconds)
    context.journal.write(journals.APPLIED, "clock-back")
    context.journal.write(journals.VERIFIED, "clock-back")
