# SPDX-License-Identifier: Apache-2.0
"""Step the node's clock and bring the true time back. Imports host, moment, programs.

The wall clock and the RTC are two clocks: `timedatectl set-time` drags the RTC along, `date -s`
does not (facts measured on systemd 252; same in 219-257: src/timedate/timedated.c).
"""

from typing import Callable, Optional

from recovery import errors, host
from recovery import moment as moments
from recovery.programs import date, hwclock, timedatectl

# On EL8 timedatex writes the RTC by a program of its own, up to 2 s after set-time returned.
RTC_SETTLES = 3
RTC_TOLERANCE = 2.5
FINE = 0.3  # seconds of deviation not worth another step
FINE_TRIES = 3
TOLERANCE = 1.0
BUSY_TRIES = 10

True_at = Callable[[moments.AnyMoment], float]


def step_to(node: host.Host, epoch: int) -> None:
    """Step the wall clock to an epoch; where timedatectl refuses for its own reasons, by date."""
    for _ in range(BUSY_TRIES):
        try:
            timedatectl.set_time(node, epoch)
            return
        except errors.ProgramFailed as caught:
            if not timedatectl.refused_as_busy(caught):
                break
            node.sleep(1)
        except (errors.ProgramMissing, errors.ProgramTimeout):
            break
    date.set_time(node, epoch)


def restore(node: host.Host, true_at: True_at) -> float:
    """Make the wall clock and the RTC show the true time; return the deviation left, in seconds.

    Idempotent: a clock that is right already is not stepped. The target is absolute, computed
    from uptime at each try, so two restores at the same time do no harm.
    Raises: errors.Error when the clock does not follow.
    """
    now = node.now()
    if abs(now.wall - true_at(now)) > TOLERANCE:
        step_to(node, int(round(true_at(now))))
        now = node.now()
    for _ in range(FINE_TRIES):  # on a busy node a program starts late, and its time is past
        if abs(now.wall - true_at(now)) <= FINE:
            break
        date.set_time(node, true_at(node.instant()))
        now = node.now()
    deviation = now.wall - true_at(now)
    if abs(deviation) > TOLERANCE:
        raise errors.Error(
            "restore the true time",
            "the clock is still %.1f s off after it was set" % deviation,
            next_step="date -s @%d" % true_at(now),
        )
    keep_rtc(node, true_at)
    return deviation


def keep_rtc(node: host.Host, true_at: True_at) -> Optional[float]:
    """Make the RTC show the true time, whatever the wall clock says; None without an RTC.

    Returns its deviation in seconds. Raises: errors.Error when the RTC does not follow.
    """
    if hwclock.read(node) is None:
        return None
    if not hwclock.is_local(node) and _right(node, true_at):
        node.sleep(RTC_SETTLES)  # it may be about to be dragged along
        if _right(node, true_at):
            return _rtc_deviation(node, true_at)
    try:
        hwclock.write(node, int(round(true_at(node.instant()))))
    except errors.ProgramError:
        node.sleep(RTC_SETTLES)  # what cannot be written may be dragged along to the true time
        if not _right(node, true_at):
            raise
    node.sleep(RTC_SETTLES)
    if not _right(node, true_at):
        hwclock.write(node, int(round(true_at(node.instant()))))
    deviation = _rtc_deviation(node, true_at)
    if not hwclock.is_local(node) and abs(deviation) > RTC_TOLERANCE:
        raise errors.Error("write the hardware clock", "it is %.0f s off" % deviation)
    return deviation


def _rtc_deviation(node: host.Host, true_at: True_at) -> float:
    return (hwclock.read(node) or 0) - true_at(node.instant())


def _right(node: host.Host, true_at: True_at) -> bool:
    return abs(_rtc_deviation(node, true_at)) <= RTC_TOLERANCE
