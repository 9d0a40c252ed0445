# SPDX-License-Identifier: Apache-2.0
"""uname: the kernel of the release."""

from simulators.entry import Call
from simulators.releases import RELEASES

COST = 0.005


def main(call: Call) -> int:
    kernel = RELEASES[call.world.state["release"]]["kernel"]
    host = call.world.state["hostname"]
    parts = {"-r": kernel, "-n": host, "-m": "x86_64", "-s": "Linux", "-o": "GNU/Linux"}
    if call.argv[1:] == ["-a"]:
        call.out("Linux %s %s #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n" % (host, kernel))
    else:
        call.out(" ".join(parts.get(word, "Linux") for word in call.argv[1:] or ["-s"]) + "\n")
    return 0
