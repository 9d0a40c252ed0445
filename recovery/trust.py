# SPDX-License-Identifier: Apache-2.0
"""Host keys that somebody vouches for: by a fingerprint given beforehand, or when shown.

Imports host and programs.
"""

from typing import Callable, Optional

from recovery import host
from recovery.programs import ssh

CONSOLE = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
QUESTION = (
    "%s shows the host keys %s. On the %s's own console `%s` tells what it has. Is it one of them?"
)


def stated(node: host.Host, target: ssh.Target, wanted: str, path: str) -> bool:
    """Where a fingerprint was given, write the key that has it to `path`, and trust no other.

    False: no key was shown yet, so that there is nothing to compare and nothing to connect to.
    Raises: UnknownHostKey.
    """
    if not wanted:
        return True
    if node.exists(path):
        if _line_with(node, node.read(path), wanted) is not None:
            return True
        node.remove(path)  # confirmed before another one was given
    keys = ssh.host_keys(node, target)
    chosen = _line_with(node, keys, wanted)
    if chosen is not None:
        node.replace(path, chosen)
    elif keys.strip():
        raise ssh.UnknownHostKey(
            "trust %s" % target.address,
            "none of its host keys has the fingerprint %s" % wanted,
            seen=ssh.fingerprints(node, keys),
            next_step="compare with `%s` on the %s's console, then the same again with the right "
            "--%s-fingerprint" % (CONSOLE, target.role, target.role),
        )
    return chosen is not None


def _line_with(node: host.Host, keys: bytes, wanted: str) -> Optional[bytes]:
    for line in keys.splitlines(True):
        if not line.startswith(b"#") and wanted in ssh.fingerprints(node, line):
            return line
    return None


def asked(node: host.Host, target: ssh.Target, ask: Callable[[str], bool], path: str) -> bool:
    """Show the fingerprints; write the keys to `path` once somebody has said yes."""
    keys = ssh.host_keys(node, target)
    if not keys.strip():
        return False
    shown = ", ".join(ssh.fingerprints(node, keys))
    if not ask(QUESTION % (target.address, shown, target.role, CONSOLE)):
        return False
    node.replace(path, keys)
    return True
