# SPDX-License-Identifier: Apache-2.0
"""date: step the wall clock and nothing else; read local time (coreutils)."""

from recovery import host


def set_time(node: host.Host, epoch: float) -> None:
    """Step the wall clock; NTP units are not asked and the RTC is left alone."""
    node.run(["date", "-s", "@%.2f" % epoch])


def local(node: host.Host, epoch: int) -> str:
    """Return an epoch as local time of the node, as `hwclock --localtime` reads it."""
    return node.run(["date", "-d", "@%d" % epoch, "+%Y-%m-%d %H:%M:%S"]).stdout.strip()
