# SPDX-License-Identifier: Apache-2.0
"""Does what is issued in the past survive the return of the true time? Pure arithmetic.

The fallback where nobody can reach the engine over ssh: the engine renews while the clock is back,
with dates counted from its own clock. Imports nothing of ours.
"""

from typing import Tuple

DAY = 86400
# What browsers see, on every release from 4.4.3.8 on; all else lives as long or longer (engine:
# CertificateUtils, pki-enroll-pkcs12.sh). notAfter is so many days after the engine's now.
WEB_DAYS = 398
MARGIN = 7 * DAY  # to be done with the next stage, or with everything, before the certificates end
MOST = 12


def survives(past: float, true: float, days: int = WEB_DAYS, margin: float = MARGIN) -> bool:
    """Tell whether what is issued at `past` for so many days still is valid at the true time."""
    return past + days * DAY - margin >= true


def stages(
    past: float, true: float, days: int = WEB_DAYS, margin: float = MARGIN
) -> Tuple[int, ...]:
    """Return the moments at which to renew, the first being `past`: what the last issues survives.

    From each to the next the clock goes forward by less than a lifetime, to where the certificates
    are so near to their end that renewal is offered. Empty where that leads nowhere: certificates
    too short for their margin, or too many stages.
    """
    stride = days * DAY - margin
    moments = [int(past)]
    while not survives(moments[-1], true, days, margin):
        if stride <= 0 or len(moments) == MOST:
            return ()
        moments.append(moments[-1] + int(stride))
    return tuple(moments)
