# SPDX-License-Identifier: Apache-2.0
"""Host keys that somebody vouches for: by a fingerprint given beforehand, or when shown.

Imports host and programs.
"""

from typing import Callable, Optional, Tuple

from recovery import host
from recovery.programs import ssh

CONSOLE = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
QUESTION = "%s shows the host key %s. Does `%s` on the %s's own console tell the same?"
# The first that it has is shown, and trusted alone: a person compares one.
KINDS = (b"ed25519", b"ecdsa", b"rsa")


def stated(node: host.Host, target: ssh.Target, wanted: str, path: str) -> bool:
    """Where a fingerprint was given, write the key that has it to `path`, and trust no other.

    False: no key was shown yet, so that there is nothing to compare and nothing to connect to.
    Raises: UnknownHostKey.
    """
    if not wanted:
        return True
    if node.exists(path):
        kept = _line_with(node, node.read(path), wanted)
        if kept is None:
            node.remove(path)  # confirmed before another one was given
        elif kept != node.read(path):
            node.replace(path, kept)
        if kept is not None:
            return True
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
    """Show a fingerprint; add its key to `path`, and no other, once somebody has said yes.

    Asked again, it shows the next kind: this node's ssh may not take the first.
    """
    known = node.read(path) if node.exists(path) else b""
    kind, line = _best(ssh.host_keys(node, target), known)
    if not line:
        return False
    shown = ", ".join(ssh.fingerprints(node, line))
    console = CONSOLE.replace(KINDS[0].decode(), kind.decode())
    if not ask(QUESTION % (target.address, shown, console, target.role)):
        return False
    node.replace(path, known + line)
    return True


def _best(keys: bytes, known: bytes) -> Tuple[bytes, bytes]:
    """Return the kind and the line of the key to compare, of those shown and not known yet."""
    lines = [line for line in keys.splitlines(True) if line.strip() and line[:1] != b"#"]
    for kind in KINDS:
        for line in lines:
            if line not in known and any(kind in word for word in line.split(b" ")[1:2]):
                return kind, line
    return b"", b""
