# SPDX-License-Identifier: Apache-2.0
"""timedatectl: status, show, set-time, set-ntp by release."""

from simulators import clock, timedate, timestamps
from simulators.entry import Call
from simulators.releases import RELEASES

COST = 0.1
TRUE, FALSE = ("1", "yes", "y", "true", "t", "on"), ("0", "no", "n", "false", "f", "off")


def main(call: Call) -> int:
    words, wanted, bare = [], [], False
    given = list(call.argv[1:])
    while given:
        word = given.pop(0)
        if word == "--":
            words += given
            break
        if word in ("-p", "--property") and given:
            wanted += given.pop(0).split(",")
        elif word.startswith("--property="):
            wanted += word[11:].split(",")
        elif word == "--value":
            bare = True
        elif word.startswith("-p"):
            wanted += word[2:].split(",")
        elif word.startswith("-") and word not in ("--no-pager", "--no-ask-password", "-a"):
            call.err("timedatectl: unrecognized option '%s'\n" % word)
            return 1
        elif not word.startswith("-"):
            words.append(word)
    verb = words[0] if words else "status"
    if verb == "show" and call.world.state["release"] != "el7":
        return show(call, wanted, bare)
    if verb not in VERBS:
        return _unknown(call, verb)
    return VERBS[verb](call, words[1:])


def _unknown(call: Call, verb: str) -> int:
    if verb == "timesync-status" and call.world.state["release"] != "el7":
        call.err(
            "Failed to query server: The name org.freedesktop.timesync1 was not provided by "
            "any .service files\n"
        )
    elif RELEASES[call.world.state["release"]]["systemd"] < 250:
        call.err("Unknown operation %s\n" % verb)
    else:
        call.err("Unknown command verb %s.\n" % verb)
    return 1


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def show(call: Call, wanted: list, bare: bool) -> int:
    world = call.world
    timedate.wake(world)
    zone = clock.zone(world)
    values = (
        ("Timezone", zone[0]),
        ("LocalRTC", _yes(clock.rtc_is_local(world))),
        ("CanNTP", _yes(timedate.can_ntp(world))),
        ("NTP", _yes(timedate.ntp_on(world))),
        ("NTPSynchronized", _yes(clock.synchronised(world))),
        ("TimeUSec", timestamps.stamp(world.wall(), zone)),
        ("RTCTimeUSec", timestamps.stamp(world.rtc(), zone)),
    )
    for key, value in values:
        if not wanted or key in wanted:
            call.out(value + "\n" if bare else "%s=%s\n" % (key, value))
    return 0


def status(call: Call, words: list) -> int:
    world = call.world
    timedate.wake(world)
    zone = clock.zone(world)
    rtc = timestamps.stamp(world.rtc(), ("", "", 0)).rstrip()
    rows = [
        ("Local time", timestamps.stamp(world.wall(), zone)),
        ("Universal time", timestamps.stamp(world.wall(), ("UTC", "UTC", 0))),
        ("RTC time", rtc),
    ]
    place = "%s (%s, %s)" % (zone[0], zone[1], timestamps.offset(zone))
    local_rtc = _yes(clock.rtc_is_local(world))
    synchronised = _yes(clock.synchronised(world))
    can, on = timedate.can_ntp(world), timedate.ntp_on(world)
    if world.state["release"] == "el7":
        rows += [
            ("Time zone", place),
            ("NTP enabled", _yes(on) if can else "n/a"),
            ("NTP synchronized", synchronised),
            ("RTC in local TZ", local_rtc),
            ("DST active", "n/a"),
        ]
        width = 16
    else:
        service = "n/a" if not can else "active" if on else "inactive"
        rows += [
            ("Time zone", place),
            ("System clock synchronized", synchronised),
            ("NTP service", service),
            ("RTC in local TZ", local_rtc),
        ]
        width = 25
    for label, value in rows:
        call.out("%s: %s\n" % (label.rjust(width), value))
    return 0


def set_time(call: Call, words: list) -> int:
    world = call.world
    version = RELEASES[world.state["release"]]["systemd"]
    if len(words) != 1:
        call.err(
            "Invalid number of arguments.\n"
            if version < 239
            else "Too %s arguments.\n" % ("few" if not words else "many")
        )
        return 1
    try:
        value = timestamps.systemd(words[0], world.wall(), clock.zone(world), version)
    except ValueError:
        form = (
            "Failed to parse time specification: %s\n"
            if version < 239
            else "Failed to parse time specification '%s': Invalid argument\n"
        )
        call.err(form % words[0])
        return 1
    timedate.wake(world)
    problem = timedate.refusal(world) or timedate.set_time(world, value)
    if problem:
        call.err(problem + "\n")
        return 1
    world.advance(0.02)
    return 0


def set_ntp(call: Call, words: list) -> int:
    if len(words) != 1 or words[0].lower() not in TRUE + FALSE:
        old = RELEASES[call.world.state["release"]]["systemd"] < 239
        form = "Failed to parse NTP setting: %s\n"
        if not old:
            form = "Failed to parse NTP setting '%s': Invalid argument\n"
        call.err(form % " ".join(words))
        return 1
    timedate.wake(call.world)
    problem = timedate.set_ntp(call.world, words[0].lower() in TRUE)
    if problem:
        call.err(problem + "\n")
    return 1 if problem else 0


def set_local_rtc(call: Call, words: list) -> int:
    mode = "LOCAL" if words and words[0].lower() in TRUE else "UTC"
    with open(call.world.node("/etc/adjtime"), "w") as target:
        target.write("0.0 0 0.0\n0\n%s\n" % mode)
    call.world.set_rtc(call.world.wall() + clock.rtc_zone(call.world))
    return 0


VERBS = {"status": status, "set-time": set_time, "set-ntp": set_ntp, "set-local-rtc": set_local_rtc}
