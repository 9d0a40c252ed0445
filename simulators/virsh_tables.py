# SPDX-License-Identifier: Apache-2.0
"""What virsh prints, in the shapes of each release. Imports `names` only."""

from typing import List, Tuple

from simulators import names

LIBVIRT = {"el7": "4.5.0", "el8": "8.0.0", "el9": "9.0.0"}
QEMU = {"el7": "2.12.0", "el8": "6.2.0", "el9": "7.2.0"}
HEAD = ("Id", "Name", "State")

BANNER = """\
Welcome to virsh, the virtualization interactive terminal.

Type:  'help' for help with commands
       'quit' to quit

"""


def table(release: str, rows: List[Tuple[str, str, str]]) -> str:
    if release == "el7":
        shape = " %-5s %-30s %s\n"
        return shape % HEAD + "-" * 52 + "\n" + "".join(shape % row for row in rows) + "\n"
    return dynamic(rows)


def dynamic(rows: List[Tuple[str, str, str]]) -> str:
    """The table since libvirt 5: a column is as wide as its widest cell."""
    cells = [HEAD] + rows
    widths = [max(len(row[at]) for row in cells) for at in range(3)]
    lines = []
    for row in cells:
        line = "".join(" %-*s  " % (widths[at], row[at]) for at in range(3))
        lines.append(line.rstrip())
    lines.insert(1, "-" * sum(width + 3 for width in widths))
    return "\n".join(lines) + "\n\n"


def dominfo(vm: dict) -> str:
    live = vm["state"] != "shut off"
    rows = [
        ("Id", str(vm["id"]) if live else "-"),
        ("Name", names.DOMAIN),
        ("UUID", names.VM_ID),
        ("OS Type", "hvm"),
        ("State", vm["state"]),
        ("CPU(s)", "4"),
        ("CPU time", "33.4s"),
        ("Max memory", "16777216 KiB"),
        ("Used memory", "16777216 KiB"),
        ("Persistent", "yes"),
        ("Autostart", "disable"),
        ("Managed save", "no"),
        ("Security model", "selinux"),
        ("Security DOI", "0"),
    ]
    return "".join("%-15s %s\n" % (name + ":", value) for name, value in rows) + "\n"


def version(release: str) -> str:
    number = LIBVIRT[release]
    return (
        "Compiled against library: libvirt %s\nUsing library: libvirt %s\n"
        "Using API: QEMU %s\nRunning hypervisor: QEMU %s\n\n"
        % (number, number, number, QEMU[release])
    )
