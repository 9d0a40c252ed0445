# SPDX-License-Identifier: Apache-2.0
"""hwclock of util-linux: reads and writes the RTC."""

import time

from simulators import clock, timestamps
from simulators.entry import Call

COST = 0.2
FUNCTIONS = {
    "-r": "show",
    "--show": "show",
    "--get": "show",
    "-w": "systohc",
    "-s": "hctosys",
    "--systohc": "systohc",
    "--hctosys": "hctosys",
    "--set": "set",
}
UTC = ("UTC", "UTC", 0)


def main(call: Call) -> int:
    function, date, mode = "show", "", ""
    words = list(call.argv[1:])
    while words:
        word = words.pop(0)
        if word in FUNCTIONS:
            function = FUNCTIONS[word]
        elif word in ("-u", "--utc"):
            mode = "UTC"
        elif word in ("-l", "--localtime"):
            mode = "LOCAL"
        elif word.startswith("--date="):
            date = word[7:]
        elif word == "--date" and words:
            date = words.pop(0)
        elif word in ("-f", "--rtc") and words:
            words.pop(0)
        elif not word.startswith(("--rtc=", "--verbose", "-v", "--noadjfile", "--update-drift")):
            call.err("hwclock: unrecognized option '%s'\n" % word)
            call.err("Try 'hwclock --help' for more information.\n")
            return 1
    zone = UTC if call.env.get("TZ", "")[:3] == "UTC" else clock.zone(call.world)
    is_local = mode == "LOCAL" or not mode and clock.rtc_is_local(call.world)
    return ACTIONS[function](call, zone, zone[2] if is_local else 0, date, mode)


def show(call: Call, zone: tuple, shift: float, date: str, mode: str) -> int:
    value = call.world.rtc() - shift
    moment = time.gmtime(value + zone[2])
    if call.world.state["release"] == "el7":
        text = time.strftime("%a %d %b %Y %I:%M:%S %p ", moment) + zone[1]
        call.out("%s  -%.6f seconds\n" % (text, value % 1))
    else:
        text = time.strftime("%Y-%m-%d %H:%M:%S", moment)
        call.out("%s.%06d%s\n" % (text, int(value % 1 * 1000000), timestamps.offset(zone, True)))
    return 0


def write(call: Call, zone: tuple, shift: float, date: str, mode: str) -> int:
    if not date:
        call.err("hwclock: --date is required for --set or --predict\n")
        return 1
    try:
        value = timestamps.local(date.replace("T", " "), call.world.wall() + zone[2]) - zone[2]
    except ValueError:
        call.err("hwclock: invalid date '%s'\n" % date)
        return 1
    call.world.set_rtc(value + shift)
    _keep_mode(call, mode)
    return 0


def systohc(call: Call, zone: tuple, shift: float, date: str, mode: str) -> int:
    call.world.set_rtc(call.world.wall() + shift)
    _keep_mode(call, mode)
    return 0


def hctosys(call: Call, zone: tuple, shift: float, date: str, mode: str) -> int:
    call.world.step_clock(call.world.rtc() - shift)
    return 0


def _keep_mode(call: Call, mode: str) -> None:
    """An explicit mode is remembered in /etc/adjtime."""
    if mode and (mode == "LOCAL") != clock.rtc_is_local(call.world):
        with open(call.world.node("/etc/adjtime"), "w") as target:
            target.write("0.0 0 0.0\n0\n%s\n" % mode)


ACTIONS = {"show": show, "set": write, "systohc": systohc, "hctosys": hctosys}
