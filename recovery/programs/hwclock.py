# SPDX-License-Identifier: Apache-2.0
"""hwclock: the hardware clock (util-linux). Read through /sys, written by the program."""

from typing import Optional

from recovery import errors, host
from recovery import moment as moments
from recovery.programs import date

SINCE_EPOCH = "/sys/class/rtc/rtc0/since_epoch"
ADJTIME = "/etc/adjtime"


def read(node: host.Host) -> Optional[int]:
    """Return what the RTC shows, taken as UTC, in seconds since the epoch; None without an RTC."""
    try:
        text = node.read(SINCE_EPOCH).decode("ascii").strip()
    except errors.FileError:
        return None
    return int(text) if text.isdigit() else None


def is_local(node: host.Host) -> bool:
    """Tell whether the RTC keeps local time: third line of /etc/adjtime (man hwclock)."""
    try:
        lines = node.read(ADJTIME).decode("ascii", "replace").splitlines()
    except errors.FileError:  # UTC is what hwclock, too, goes by without it
        return False
    return len(lines) > 2 and lines[2].strip() == "LOCAL"


def write(node: host.Host, epoch: int) -> None:
    """Write a time into the RTC and leave the wall clock alone.

    `--date` takes plain local date and time only: with TZ=UTC that is unambiguous, and for an
    RTC in local time the node's own zone must be the one that reads it.
    """
    if is_local(node):
        shown = date.local(node, epoch)
        node.run(["hwclock", "--set", "--localtime", "--date=%s" % shown])
        return
    argv = ["hwclock", "--set", "--utc", "--date=%s" % moments.utc(epoch)]
    node.run(argv, env=(("TZ", "UTC"),))
