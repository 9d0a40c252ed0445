# SPDX-License-Identifier: Apache-2.0
"""systemd-run: transient timers that count uptime (man systemd-run)."""

from typing import Sequence

from recovery import host


def after(node: host.Host, unit: str, seconds: int, argv: Sequence[str]) -> None:
    """Run argv as root in `seconds` of uptime unless UNIT.timer is stopped before.

    --on-active counts CLOCK_MONOTONIC, so a clock step does not move it (measured: samples of
    timers); the default accuracy would be a minute. A name can be used once only.
    """
    node.run(
        [
            "systemd-run",
            "--unit=%s" % unit,
            "--on-active=%ds" % seconds,
            "--timer-property=AccuracySec=1s",
        ]
        + list(argv)
    )
