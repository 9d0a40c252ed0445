# SPDX-License-Identifier: Apache-2.0
"""Open the connection to the engine, its host key confirmed, its password typed once."""

from typing import Optional

from recovery import context as contexts
from recovery import errors, plan, remote, run_files, waiting
from recovery import moment as moments
from recovery import observation as observations
from recovery.programs import ssh
from recovery.step import NEEDED, Before, Step, Words

BOOT_LIMIT = 1200  # a large engine checks its disks before it answers


class ReachEngine(Step):
    """One shared ssh connection; it is opened anew whenever it is gone."""

    id = "reach-engine"

    def __init__(self, until: str = "prove") -> None:
        self.until = until  # steps up to there speak with the engine

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "wait until the engine answers ssh",
            "its CA signs, engine-setup renews; the CA key never leaves it",
            ("ssh -o StrictHostKeyChecking=yes root@%s true" % parameters.engine,),
            180,
            "the connection is closed",
        )

    def check(self, observation: observations.Observation) -> str:
        return NEEDED

    def capture(self, context: contexts.Context) -> Before:
        return {}

    def apply(self, context: contexts.Context, before: Before) -> None:
        waiting.wait(context, "the engine's ssh", lambda: _connect(context), BOOT_LIMIT)

    def verify(self, context: contexts.Context, before: Before) -> None:
        engine = _engine(context)
        ahead = engine.now().wall - context.node.now().wall
        context.say("the engine answers; its clock %s" % _compared(ahead))

    def holds(self, context: contexts.Context, before: Before) -> bool:
        try:
            _engine(context).run("true")
        except errors.Error:
            return False
        return True

    def undo(self, context: contexts.Context, before: Before) -> None:
        _engine(context).close()


def _compared(ahead: float) -> str:
    if abs(ahead) < 2:
        return "agrees with the node's"
    word = "ahead of" if ahead > 0 else "behind"
    return "is %s %s the node's" % (moments.span(abs(ahead)), word)


def _engine(context: contexts.Context) -> remote.Remote:
    return remote.of(context.node, context.parameters.engine, context.directory)


def _connect(context: contexts.Context) -> waiting.Seen:
    if not _trust_stated(context):
        return waiting.Seen(False, "no host key of %s yet" % context.parameters.engine)
    try:
        ssh.connect(context.node, _engine(context).target, context.password)
    except ssh.NotReachable as caught:
        return waiting.Seen(False, caught.seen[-1] if caught.seen else caught.cause)
    except ssh.UnknownHostKey:
        if not _trust_asked(context):
            raise
        return waiting.Seen(False, "host key confirmed, connecting")
    return waiting.Seen(True, "connected")


def _trust_stated(context: contexts.Context) -> bool:
    """Where the operator gave a fingerprint, only the key with that fingerprint is trusted.

    False: no key was shown yet, so that there is nothing to compare and nothing to connect to.
    """
    wanted = context.parameters.fingerprint
    path = run_files.known_hosts(context.directory)
    if not wanted or context.node.exists(path):
        return True
    keys = ssh.host_keys(context.node, _engine(context).target)
    chosen = _line_with(context, keys, wanted)
    if chosen is not None:
        context.node.replace(path, chosen)
    elif keys.strip():
        raise ssh.UnknownHostKey(
            "trust %s" % context.parameters.engine,
            "none of its host keys has the fingerprint %s" % wanted,
            seen=ssh.fingerprints(context.node, keys),
            next_step="compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the "
            "engine's console",
        )
    return chosen is not None


def _line_with(context: contexts.Context, keys: bytes, wanted: str) -> Optional[bytes]:
    for line in keys.splitlines(True):
        if not line.startswith(b"#") and wanted in ssh.fingerprints(context.node, line):
            return line
    return None


def _trust_asked(context: contexts.Context) -> bool:
    keys = ssh.host_keys(context.node, _engine(context).target)
    if not keys.strip():
        return False
    shown = ", ".join(ssh.fingerprints(context.node, keys))
    if not context.ask("Is %s the host key of %s?" % (shown, context.parameters.engine)):
        return False
    context.node.replace(run_files.known_hosts(context.directory), keys)
    return True
