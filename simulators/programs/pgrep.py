# SPDX-License-Identifier: Apache-2.0
"""pgrep -f: the virtual machines' processes, and state["processes"], more command lines.

Sources: man pgrep; the command lines: libvirt, src/qemu/qemu_command.c. Imports `engine_vm`.
"""

import re
from typing import List

from simulators import engine_vm, names
from simulators.entry import Call

COST = 0.05
QEMU = "/usr/libexec/qemu-kvm -name guest=%s,debug-threads=on -S -object secret,id=masterKey0"
NO_PATTERN = "pgrep: no matching criteria specified\nTry `pgrep --help' for more information.\n"


def main(call: Call) -> int:
    options = [word for word in call.argv[1:] if word.startswith("-")]
    patterns = [word for word in call.argv[1:] if not word.startswith("-")]
    if len(patterns) != 1:
        call.err(NO_PATTERN)
        return 2
    whole = "-f" in options
    found = [
        (pid, line)
        for pid, line in enumerate(_processes(call), 2101)
        if re.search(patterns[0], line if whole else _name(line))
    ]
    if "-c" in options:
        call.out("%d\n" % len(found))
    else:
        shape = "%d %s\n" if "-a" in options else "%d%.0s\n"
        call.out("".join(shape % one for one in found))
    return int(not found)


def _name(line: str) -> str:
    return line.split()[0].rpartition("/")[2][:15]


def _processes(call: Call) -> List[str]:
    state = call.world.state
    vms = [names.DOMAIN] if state["vm"]["where"] == "here" and engine_vm.exists(call.world) else []
    lines = [QEMU % name for name in vms + list(state.get("guests", ()))]
    return lines + list(state.get("processes", ()))
