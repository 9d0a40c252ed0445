# SPDX-License-Identifier: Apache-2.0
"""sleep: lets simulated time pass; what is due meanwhile happens."""

from simulators.entry import Call

COST = 0.0
SUFFIXES = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def main(call: Call) -> int:
    total = 0.0
    for word in call.argv[1:]:
        factor = SUFFIXES.get(word[-1:], 1)
        try:
            total += float(word.rstrip("smhd")) * factor
        except ValueError:
            call.err("sleep: invalid time interval '%s'\n" % word)
            call.err("Try 'sleep --help' for more information.\n")
            return 1
    if len(call.argv) < 2:
        call.err("sleep: missing operand\nTry 'sleep --help' for more information.\n")
        return 1
    call.world.advance(total)
    return 0
