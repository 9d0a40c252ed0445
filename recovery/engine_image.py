# SPDX-License-Identifier: Apache-2.0
"""The before-image of the engine's files: one tar on the engine itself. Imports errors, remote."""

import re
import shlex
from typing import Sequence

from recovery import errors, remote

# Beside the engine's own directories, and of this name on it whichever node ran the tool.
DIRECTORY = "/var/lib/ovirt-cert-recovery"
MUST = "etc/pki/ovirt-engine"
# Where engine-setup writes certificates, keys and what it remembers; not each engine has all.
ALSO = ("etc/pki/ovirt-vmconsole", "etc/ovirt-engine", "etc/ovirt-engine-setup.conf.d")


def path(subject: str, run: str) -> str:
    """Return where the image of a run of the node with this certificate subject lies."""
    name = re.sub(r"[^\w.-]", "_", subject.rsplit("CN=", 1)[-1])
    return "%s/%s-%s-engine.tar" % (DIRECTORY, name, run)


def command(image: str, names: Sequence[str] = (MUST,) + ALSO) -> str:
    """Return the shell line; the image has its name only when it is whole and on the disk."""
    new = shlex.quote(image + ".new")
    return "cd / && umask 077 && mkdir -p %s && tar -cf %s %s && sync && mv -f %s %s && sync" % (
        DIRECTORY,
        new,
        " ".join(names),
        new,
        shlex.quote(image),
    )


def save(engine: remote.Remote, image: str) -> None:
    """Save the files, unless that was done before. Raises: errors.Error (disk full ...)."""
    if engine.exists(image):
        return
    listed = engine.run("cd / && ls -d %s || true" % " ".join(ALSO)).stdout.split()
    try:
        engine.run(command(image, [MUST] + [name for name in ALSO if name in listed]), timeout=300)
    except errors.ProgramFailed as caught:
        raise errors.Error(
            "save the engine's files before engine-setup",
            "tar ended with status %d" % caught.exit_status,
            seen=caught.seen,
            unchanged="the engine",
            next_step="make room in %s on the engine, then ovirt-cert-recovery resume" % DIRECTORY,
        ) from caught


def drop(engine: remote.Remote, image: str) -> None:
    """Remove an image that nobody needs. Raises: errors.ProgramError."""
    engine.run("rm -f %s" % shlex.quote(image))
