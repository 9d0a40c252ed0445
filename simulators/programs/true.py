# SPDX-License-Identifier: Apache-2.0
"""true."""

COST = 0.005


def main(call: object) -> int:
    return 0
