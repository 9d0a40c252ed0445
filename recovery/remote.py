# SPDX-License-Identifier: Apache-2.0
"""The engine, reached over one shared ssh connection. Imports context, host, journal, programs.

Host-shaped where it can be: run, read, replace, remove, exists, now.
"""

import shlex
from typing import Optional

from recovery import context as contexts
from recovery import errors, host, run_files
from recovery import journal as journals
from recovery import moment as moments
from recovery.programs import ssh

REACH = "reach-engine"  # the step that opens the connection


class Remote:
    """A machine on the other side of ssh; every call becomes one argv of the node's ssh."""

    def __init__(self, node: host.Host, target: ssh.Target) -> None:
        self.node = node
        self.target = target

    def run(self, script: str, input: Optional[bytes] = None, timeout: float = 60) -> host.Output:
        """Run a shell line. Raises: ProgramFailed with the remote status."""
        return ssh.run(self.node, self.target, script, input, timeout)

    def read(self, path: str) -> bytes:
        """Return a text file's content. Raises: FileMissing, ProgramFailed."""
        try:
            return self.run("cat %s" % shlex.quote(path)).stdout.encode("utf-8")
        except errors.ProgramFailed as caught:
            if "No such file" in caught.stderr:
                cause = "there is no such file on the engine"
                raise errors.FileMissing("read", path, cause) from caught
            raise

    def write(self, path: str, data: bytes) -> None:
        """Create or overwrite a file that only root may read."""
        self.run("umask 077 && cat > %s" % shlex.quote(path), input=data)

    def exists(self, path: str) -> bool:
        try:
            self.run("test -e %s" % shlex.quote(path))
        except errors.ProgramFailed as caught:
            if caught.exit_status == 1:
                return False
            raise
        return True

    def close(self) -> None:
        """End the shared connection. Raises: ProgramError."""
        ssh.close(self.node, self.target)

    def now(self) -> moments.Moment:
        """Return the wall clock of the other side; its uptime is nobody's business here."""
        order = "date +%s.%N"
        wall = host.seconds([order], self.run(order).stdout)
        return moments.Moment(wall, 0.0, "")

    def word(self, script: str) -> str:
        """Run a shell line and return its last line: a login script may have greeted before it."""
        return (self.run(script).stdout.splitlines() or [""])[-1].strip()


def engine(context: contexts.Context) -> Remote:
    """Return the engine of a run, reached from the node whose console we have."""
    return of(context.here, context.parameters.engine, context.trust)


def of(node: host.Host, address: str, directory: str) -> Remote:
    """Return the engine; host keys confirmed for this run lie in a file of the run's own."""
    confirmed = run_files.known_hosts(directory)
    if node.exists(confirmed):
        return Remote(node, ssh.Target(address, known_hosts=confirmed))
    return Remote(node, ssh.Target(address))


def was_open(journal: journals.Journal) -> bool:
    """Tell whether a run has spoken with the engine, and may have left something to take back."""
    if REACH not in [one.step for one in journal.plan.steps]:
        return False  # it goes on by hand
    spoken = journal.last(REACH, journals.VERIFIED) is not None
    return spoken and journal.state(REACH) not in journals.UNDO_EVENTS


def open_again(context: contexts.Context) -> None:
    """Open the connection for an undo: a boot has ended it. One that cannot be had is told."""
    if not was_open(context.journal):
        return
    try:
        ssh.connect(context.here, engine(context).target, context.password)
    except errors.Error as caught:
        how = " (--engine-password-file FILE)" * isinstance(caught, ssh.NotAdmitted)
        context.say("%s%s; what is to be taken back there stays" % (caught.lines()[0], how))
