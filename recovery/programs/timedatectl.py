# SPDX-License-Identifier: Apache-2.0
"""timedatectl: the wall clock (man timedatectl)."""

from recovery import errors, host

# EL9 while a job of set-ntp still runs.
BUSY_REFUSAL = "Previous request is not finished, refusing."


def set_time(node: host.Host, epoch: int) -> None:
    """Step the wall clock; the RTC is dragged along (systemd: src/timedate/timedated.c).

    @EPOCH is the only form that means the same on every release. Raises: ProgramFailed.
    """
    node.run(["timedatectl", "set-time", "@%d" % epoch])


def set_ntp(node: host.Host, wanted: bool) -> None:
    """Enable and start, or stop and disable, the node's NTP unit."""
    node.run(["timedatectl", "set-ntp", "yes" if wanted else "no"])


def refused_as_busy(failure: errors.ProgramFailed) -> bool:
    return BUSY_REFUSAL in failure.stderr
