# SPDX-License-Identifier: Apache-2.0
"""hostname: the node's name."""

from simulators.entry import Call

COST = 0.01


def main(call: Call) -> int:
    name = call.world.state["hostname"]
    short, _, domain = name.partition(".")
    shown = {"-s": short, "-d": domain, "-i": "192.0.2.11", "-I": "192.0.2.11 "}
    call.out(shown.get((call.argv[1:] or ["-f"])[0], name) + "\n")
    return 0
