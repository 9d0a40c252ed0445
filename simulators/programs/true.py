# SPDX-License-Identifier: Apache-2.0
"""true."""

from simulators.entry import Call

COST = 0.005


def main(call: Call) -> int:
    return 0
