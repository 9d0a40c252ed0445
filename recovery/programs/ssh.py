# SPDX-License-Identifier: Apache-2.0
"""ssh: one shared connection to the engine or to another node (OpenSSH 6.6 and newer).

Its password is typed once, host keys are never accepted silently.
"""

from typing import List, NamedTuple, Optional

from recovery import dialogue, errors, host
from recovery import secret as secrets

KNOWN_HOSTS = "/root/.ssh/known_hosts"
GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"
PASSWORD = r"(?i)password: ?$"
# Of a key that the other side would take: nobody gave that, so nothing is typed, and ssh goes on.
OTHER_METHODS = 2  # after the one that was answered: keyboard-interactive, password
PASSPHRASE = r"(?i)enter passphrase for .*: ?$"
LOST = 255  # its own exit status; every other one is that of the program over there
REFUSED = ("Permission denied", "Too many authentication failures")


class Target(NamedTuple):
    """Where the other side is, how its host key is known, and what our options call it.

    known_hosts: of a run's own, what somebody vouched for; then nothing else is trusted.
    """

    address: str
    user: str = "root"
    known_hosts: str = KNOWN_HOSTS
    control: str = "/run/ovirt-cert-recovery-engine.ssh"
    role: str = "engine"

    @property
    def destination(self) -> str:
        return "%s@%s" % (self.user, self.address)

    @property
    def vouched(self) -> bool:
        return self.known_hosts != KNOWN_HOSTS


class NotReachable(errors.Error):
    """Nothing answers at the address yet."""


class NotAdmitted(errors.Attention):
    """The other side refuses the password, or there is none to give."""


class UnknownHostKey(errors.Attention):
    """Nobody has confirmed that this is the other side's host key."""


def command(target: Target, *options: str) -> List[str]:
    """Return the ssh command up to the destination; host keys are never accepted silently."""
    argv = ["ssh", "-o", "ControlPath=%s" % target.control]
    if target.vouched:  # every ssh takes /dev/null; the word none came late
        argv += ["-o", "GlobalKnownHostsFile=/dev/null"]
    for option in (
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=%s" % target.known_hosts,
        "ConnectTimeout=10",
        "ServerAliveInterval=15",
    ) + options:
        argv += ["-o", option]
    return argv


def connect(node: host.Host, target: Target, password: Optional[secrets.Secret]) -> None:
    """Open the shared connection, by key or else by password.

    Raises: NotReachable, NotAdmitted, UnknownHostKey.
    """
    options = ["ControlMaster=auto", "ControlPersist=yes", "NumberOfPasswordPrompts=1"]
    if password is None:
        options.append("BatchMode=yes")
    argv = command(target, *options) + [target.destination, "true"]
    # One that refused it may ask for it again by its other method: no answer, then it says no.
    exchanges = (
        dialogue.Exchange(PASSPHRASE, "", optional=True),
        dialogue.Exchange(PASSWORD, password, optional=True),
        *(dialogue.Exchange(PASSWORD, "", optional=True) for _ in range(OTHER_METHODS)),
    )
    try:
        # On a terminal even where nothing is asked: the master that stays in the background
        # keeps our standard error open, and the end of a pipe would never come.
        node.interact(argv, dialogue.Dialogue(exchanges if password else ()), timeout=60)
    except errors.ProgramTimeout as caught:
        raise NotReachable("reach the %s" % target.role, caught.cause) from caught
    except errors.ProgramFailed as caught:
        raise _refusal(target, caught, password is not None) from caught


def _refusal(target: Target, failure: errors.ProgramFailed, typed: bool) -> errors.Error:
    text = failure.stdout + failure.stderr
    who = target.destination
    if "Host key verification failed" in text or "IDENTIFICATION HAS CHANGED" in text:
        return UnknownHostKey(
            "trust %s" % target.address,
            "its host key is not the one in %s" % target.known_hosts,
            seen=failure.seen,
            next_step="compare the fingerprint on the %s's console, then the same again with "
            "--%s-fingerprint SHA256:..." % (target.role, target.role),
        )
    if any(words in text for words in REFUSED):
        cause = "the %s %s" % (target.role, "refuses the password" if typed else "wants a password")
        return NotAdmitted(
            "log in as %s" % who,
            cause,
            seen=failure.seen,
            next_step="the same again, with the right one typed or in --%s-password-file FILE"
            % target.role,
        )
    return NotReachable("reach %s" % who, "ssh: %s" % "; ".join(failure.seen), seen=failure.seen)


def run(
    node: host.Host,
    target: Target,
    script: str,
    input: Optional[bytes] = None,
    timeout: float = 60,
) -> host.Output:
    """Run a shell line on the other side over the shared connection. Raises: ProgramFailed."""
    return node.run(line(target, script), input=input, timeout=timeout)


def line(target: Target, script: str) -> List[str]:
    """Return the ssh command that runs a shell line over the shared connection."""
    return command(target, "BatchMode=yes") + [target.destination, script]


def interact(
    node: host.Host,
    target: Target,
    script: str,
    spoken: dialogue.Dialogue,
    timeout: float,
    progress: Optional[host.Progress] = None,
) -> str:
    """Hold a dialogue with a program of the engine on a terminal there, as wide as ours.

    Raises: ProgramFailed (255: the connection was lost), ProgramTimeout, UnexpectedOutput.
    """
    argv = command(target, "BatchMode=yes") + ["-tt", "%s@%s" % (target.user, target.address)]
    return node.interact(argv + [script], spoken, timeout, progress)


def close(node: host.Host, target: Target) -> None:
    """End the shared connection; that there is none is no error."""
    argv = command(target) + ["-O", "exit", target.destination]
    node.run(argv, timeout=15, ok=(0, 255))


def knows(node: host.Host, target: Target) -> bool:
    """Tell whether some host key of the address is in a file that ssh reads (ssh-keygen -F).

    Hashed names are found too. Raises: ProgramError.
    """
    files = (target.known_hosts,) if target.vouched else (KNOWN_HOSTS, GLOBAL_KNOWN_HOSTS)
    for path in files:
        argv = ["ssh-keygen", "-F", target.address, "-f", path]
        if node.exists(path) and node.run(argv, ok=(0, 1)).status == 0:
            return True
    return False


def host_keys(node: host.Host, target: Target) -> bytes:
    """Return the host keys that answer at the address, as known_hosts lines (ssh-keyscan)."""
    return node.run(["ssh-keyscan", "-T", "10", target.address], ok=(0, 1)).stdout.encode("ascii")


def fingerprints(node: host.Host, keys: bytes) -> List[str]:
    """Return the SHA256 fingerprints of known_hosts lines (ssh-keygen -l)."""
    text = node.run(["ssh-keygen", "-l", "-f", "-"], input=keys).stdout
    return [
        word for line in text.splitlines() for word in line.split() if word.startswith("SHA256:")
    ]
