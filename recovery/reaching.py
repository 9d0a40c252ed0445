# SPDX-License-Identifier: Apache-2.0
"""Open the connection from the node we sit at to another one.

Host keys confirmed on the way are kept until the next boot only: looking must leave nothing
behind. Imports host, observing, programs, ssh_host, trust.
"""

import re
from typing import Callable, NamedTuple, Optional

from recovery import errors, host, ssh_host, trust
from recovery import secret as secrets
from recovery.observing import platform
from recovery.programs import ssh

DIRECTORY = "/run/ovirt-cert-recovery-nodes"
CONTROL = "/run/ovirt-cert-recovery-%C.ssh"  # %C: a digest, for the path of a socket is short
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


class Credentials(NamedTuple):
    """How we are let in and how the other side is known; each may be missing.

    fingerprint: given beforehand, no other key is trusted then. ask: puts a question that is
    answered with yes. prompt: asks for a password where no key is set up.
    """

    password: Optional[secrets.Secret]
    fingerprint: str
    ask: Callable[[str], bool]
    prompt: Optional[Callable[[str], secrets.Secret]]


def directory(name: str) -> str:
    """Return where host keys that were confirmed for a node lie, the engine's among them."""
    return "%s/%s" % (DIRECTORY, name)


def connect(here: host.Host, name: str, by: Credentials) -> ssh_host.SshHost:
    """Return the node behind an open connection.

    Raises: NotReachable, NotAdmitted, UnknownHostKey.
    """
    try:
        return _connected(here, name, by)
    except ssh.NotReachable as caught:
        caught.unchanged = "everything, on every node"
        caught.next_step = "see to the way there, or leave it out: only the other nodes with --node"
        raise


def _connected(here: host.Host, name: str, by: Credentials) -> ssh_host.SshHost:
    confirmed = directory(name) + "/node"
    if not trust.stated(here, _target(here, name), by.fingerprint, confirmed):
        raise ssh.NotReachable("reach root@%s" % name, "it shows no host key on port 22")
    try:
        _let_in(here, name, by)
    except ssh.UnknownHostKey:
        if by.fingerprint or not trust.asked(here, _target(here, name), by.ask, confirmed):
            raise
        _let_in(here, name, by)
    return ssh_host.SshHost(here, _target(here, name), _ourselves(here))


def _target(here: host.Host, name: str) -> ssh.Target:
    target = ssh.Target(name, control=CONTROL, role="node")
    confirmed = directory(name) + "/node"
    return target._replace(known_hosts=confirmed) if here.exists(confirmed) else target


def _let_in(here: host.Host, name: str, by: Credentials) -> None:
    target = _target(here, name)
    try:
        ssh.connect(here, target, by.password)
    except ssh.NotAdmitted:
        if by.password is not None or by.prompt is None:
            raise
        ssh.connect(here, target, by.prompt("Password of root@%s: " % name))


def _ourselves(here: host.Host) -> str:
    """Return the name under which we hold another node: ours, and what no other node has."""
    try:
        machine = here.read("/etc/machine-id").decode("ascii", "replace").strip()
    except errors.FileError:
        machine = "-"
    return "%s %s" % (platform.hostname(here) or "-", machine)
