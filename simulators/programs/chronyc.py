# SPDX-License-Identifier: Apache-2.0
"""chronyc: asks and steers the simulated chronyd."""

import time

from simulators import chronyd
from simulators.entry import Call
from simulators.world import World

COST = 0.05
SYNC_ENDLESS = 7200.0


def main(call: Call) -> int:
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    options = [word for word in call.argv[1:] if word.startswith("-")]
    csv = any("c" in word[1:] for word in options if not word.startswith("--"))
    if options[:1] == ["-h"]:
        words = words[1:]
    if words[:1] == ["waitsync"]:
        return waitsync(call, words[1:])
    if not words or words[0] not in COMMANDS:
        call.out("Unrecognized command\n")
        return 1
    if "chronyd" not in call.world.state:
        call.out("506 Cannot talk to daemon\n")
        return 1
    return COMMANDS[words[0]](call, csv)


def _values(world: World) -> dict:
    """Return what tracking reports."""
    daemon, ntp = world.state.get("chronyd"), world.state["ntp"]
    if not daemon or daemon["ref"] is None:
        return {
            "id": "00000000",
            "name": "",
            "stratum": 0,
            "ref": 0.0,
            "system": 0.0,
            "last": 0.0,
            "rms": 0.0,
            "frequency": 0.0,
            "residual": 0.0,
            "skew": 0.0,
            "delay": 1.0,
            "dispersion": 1.0,
            "interval": 0.0,
            "leap": "Not synchronised",
        }
    numbers = [int(part) for part in ntp["address"].split(".")]
    first = daemon["updates"] <= 1
    return {
        "id": "%02X%02X%02X%02X" % tuple(numbers),
        "name": ntp["address"],
        "stratum": 3,
        "ref": daemon["ref"],
        "system": -0.000104730 if abs(daemon["last"]) < 1 else 0.0,
        "last": -daemon["last"],
        "rms": abs(daemon["last"]),
        "frequency": -17.552,
        "residual": 0.006,
        "skew": 1000000.0 if first else 0.186,
        "delay": 0.001360366,
        "dispersion": 0.000966411,
        "interval": 0.0 if first else 64.2,
        "leap": "Normal",
    }


def tracking(call: Call, csv: bool) -> int:
    v = _values(call.world)
    if csv:
        call.out(
            "%s,%s,%d,%.9f,%.9f,%.9f,%.9f,%.3f,%.3f,%.3f,%.9f,%.9f,%.1f,%s\n"
            % (
                v["id"],
                v["name"],
                v["stratum"],
                v["ref"],
                v["system"],
                v["last"],
                v["rms"],
                v["frequency"],
                v["residual"],
                v["skew"],
                v["delay"],
                v["dispersion"],
                v["interval"],
                v["leap"],
            )
        )
        return 0
    moment = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(v["ref"]))
    side = "fast" if v["system"] >= 0 and v["ref"] == 0 else "slow"
    for label, value in (
        ("Reference ID", "%s (%s)" % (v["id"], v["name"])),
        ("Stratum", str(v["stratum"])),
        ("Ref time (UTC)", moment),
        ("System time", "%.9f seconds %s of NTP time" % (abs(v["system"]), side)),
        ("Last offset", "%+.9f seconds" % v["last"]),
        ("RMS offset", "%.9f seconds" % v["rms"]),
        ("Frequency", "%.3f ppm slow" % abs(v["frequency"])),
        ("Residual freq", "%+.3f ppm" % v["residual"]),
        ("Skew", "%.3f ppm" % v["skew"]),
        ("Root delay", "%.9f seconds" % v["delay"]),
        ("Root dispersion", "%.9f seconds" % v["dispersion"]),
        ("Update interval", "%.1f seconds" % v["interval"]),
        ("Leap status", v["leap"]),
    ):
        call.out("%-16s: %s\n" % (label, value))
    return 0


def sources(call: Call, csv: bool) -> int:
    world = call.world
    daemon, ntp = world.state["chronyd"], world.state["ntp"]
    heard = daemon["ref"] is not None
    age = int(world.uptime - daemon["at"])
    if csv:
        tail = "2,6,377,%d,-0.000043992,-0.000381191,0.004370210" % age
        call.out(
            "^,%s,%s,%s\n"
            % (
                "*" if heard else "?",
                ntp["address"],
                tail if heard else "0,6,0,4294967295,0.000000000,0.000000000,0.000000000",
            )
        )
        return 0
    if world.state["release"] == "el7":
        call.out("210 Number of sources = 1\n")
    call.out("MS Name/IP address         Stratum Poll Reach LastRx Last sample               \n")
    call.out("=" * 79 + "\n")
    row = (
        "2   6   377  %4d   +179us[ +618us] +/- 5269us" % age
        if heard
        else "0   6     0     -     +0ns[   +0ns] +/-    0ns"
    )
    call.out("^%s %-30s%s\n" % ("*" if heard else "?", ntp["address"], row))
    return 0


def activity(call: Call, csv: bool) -> int:
    call.out(
        "200 OK\n1 sources online\n0 sources offline\n"
        "0 sources doing burst (return to online)\n"
        "0 sources doing burst (return to offline)\n0 sources with unknown address\n"
    )
    return 0


def makestep(call: Call, csv: bool) -> int:
    chronyd.makestep(call.world)
    call.out("200 OK\n")
    return 0


def okay(call: Call, csv: bool) -> int:
    call.out("200 OK\n")
    return 0


def waitsync(call: Call, words: list) -> int:
    """Try until synchronised; without a number of tries it never gives up."""
    world = call.world
    numbers = [float(word) for word in words] + [0.0] * 4
    tries, correction, interval = int(numbers[0]), numbers[1], max(0.1, numbers[3] or 10.0)
    done, began = 0, world.uptime
    while tries == 0 or done < tries:
        done += 1
        v = _values(world)
        call.out(
            "try: %d, refid: %s, correction: %.9f, skew: %.3f\n"
            % (done, v["id"], abs(v["system"]), v["skew"])
        )
        if v["ref"] and (not correction or abs(v["system"]) <= correction):
            return 0
        if tries == 0 and world.uptime - began > SYNC_ENDLESS:
            from simulators import faults

            world.__exit__(None, None, None)
            faults.hang()
        if done != tries:
            world.advance(interval)
    return 1


COMMANDS = {
    "tracking": tracking,
    "sources": sources,
    "activity": activity,
    "makestep": makestep,
    "online": okay,
    "offline": okay,
    "burst": okay,
}
