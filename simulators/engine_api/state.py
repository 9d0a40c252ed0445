# SPDX-License-Identifier: Apache-2.0
"""What a world holds of the engine's web side. Imports `hosts` and `sso`."""

from simulators.engine_api import hosts, sso


def fresh(count: int) -> dict:
    """An engine with that many hosts, nobody logged in."""
    return {
        "hosts": hosts.fresh(count),
        "sso": sso.fresh(),
        "faults": [],
    }
