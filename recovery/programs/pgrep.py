# SPDX-License-Identifier: Apache-2.0
"""pgrep: how many processes have a command line like this (procps, man pgrep)."""

from recovery import errors, host

# As libvirt starts a virtual machine, on EL and elsewhere (libvirt: qemuBuildNameCommandLine).
# The anchor and the bracket keep a shell out that has our own words on its command line.
QEMU = "^[^ ]*/qemu-(kvm|system-[^ ]+) -name guest="
# The lease of storage domains of the first versions (vdsm: spmprotect.sh.in).
SPM_PROTECT = "/[s]pmprotect"


def count(node: host.Host, pattern: str) -> int:
    """Return how many there are. Raises: ProgramError, UnexpectedOutput."""
    argv = ["pgrep", "-c", "-f", pattern]
    text = node.run(argv, timeout=30, ok=(0, 1)).stdout  # 1: none
    # The last line: a login script on another node may have greeted before it.
    last = (text.split() or [""])[-1]
    if not last.isdigit():
        raise errors.UnexpectedOutput(argv, text, "a number")
    return int(last)
