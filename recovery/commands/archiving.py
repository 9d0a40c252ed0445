# SPDX-License-Identifier: Apache-2.0
"""selfcheck, clean, version: about the tool's own file, not about a node."""

import argparse
import textwrap
from typing import Any, List

from recovery import __version__, errors
from recovery import console as consoles


def selfcheck(arguments: argparse.Namespace) -> int:
    """Compare every byte of the archive with what was built. Raises: errors.Attention."""
    archive, commands = _archive("check")
    good, bad = commands.selfcheck(archive)
    console = consoles.Console()
    console.show(["good: " + line for line in good])
    if bad:
        raise errors.Attention(
            "trust %s" % archive.path,
            "it is damaged",
            seen=bad,
            next_step="copy it anew from where `sha256sum -c SHA256SUMS` finds it good",
        )
    console.say("%s is what was built" % archive.path)
    return errors.DONE


def clean(arguments: argparse.Namespace) -> int:
    """Remove what the archive unpacked. Raises: errors.Attention where something stays."""
    _, commands = _archive("clean up after")
    removed, left = commands.clean()
    consoles.Console().show(["removed: " + line for line in removed] or ["nothing to remove"])
    if left:
        raise errors.Attention("remove everything", "%d remain" % len(left), seen=left)
    return errors.DONE


def version(arguments: argparse.Namespace) -> int:
    """Print the version, and with --verbose what is inside."""
    console = consoles.Console()
    console.say("ovirt-cert-recovery %s" % __version__)
    if arguments.verbose:
        archive, commands = _archive("look into")
        for line in commands.contents(archive):
            indent = line[: len(line) - len(line.lstrip())] + "  "
            console.show(_wrapped(line, indent))
    return errors.DONE


def _archive(verb: str) -> Any:
    try:
        import _archive
        from _archive import commands
    except ImportError:
        raise errors.UsageError(
            "%s the archive" % verb, "this is started from its sources: there is none"
        ) from None
    return _archive.opened, commands


def _wrapped(line: str, indent: str) -> List[str]:
    """Break a line at blanks; paths and versions are never cut inside."""
    return textwrap.wrap(
        line, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
