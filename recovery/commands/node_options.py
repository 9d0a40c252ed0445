# SPDX-License-Identifier: Apache-2.0
"""What the options about other nodes mean: their names, host keys and passwords."""

import argparse
from typing import Dict, List, Optional, Sequence

from recovery import console as consoles
from recovery import diagnosis, errors, host, reaching
from recovery import secret as secrets
from recovery.commands import options
from recovery.observing import platform


def names(arguments: argparse.Namespace, here: host.Host) -> List[str]:
    """Return the nodes of --node in their order. Raises: errors.UsageError."""
    route = getattr(arguments, "route", "")
    if route not in ("", diagnosis.SIGN):
        what = "take the route %s on another node" % route
        raise errors.UsageError(what, "over ssh it can be sign only")
    if getattr(arguments, "sign_by_hand", False):
        what = "sign by hand for another node"
        raise errors.UsageError(what, "that is done at the node's own console")
    ourselves = platform.hostname(here)
    found: List[str] = []
    for name in arguments.node:
        what = "use --node %s" % name
        if not reaching.NAME.fullmatch(name):
            raise errors.UsageError(what, "it is neither a name nor an address")
        if name == ourselves or name in ("localhost", ourselves.partition(".")[0]):
            raise errors.UsageError(what, "that is this node: leave --node out for it")
        if name in found:
            raise errors.UsageError(what, "it was given twice")
        found.append(name)
    return found


def credentials(
    arguments: argparse.Namespace, console: consoles.Console
) -> List[reaching.Credentials]:
    """Return for each node of --node how to be let in. Raises: errors.UsageError."""
    known = _fingerprints(arguments)
    prompt = console.password if console.interactive else None
    return [
        reaching.Credentials(password, known.get(name, ""), console.ask, prompt)
        for name, password in zip(arguments.node, _passwords(arguments))
    ]


def _passwords(arguments: argparse.Namespace) -> Sequence[Optional[secrets.Secret]]:
    """Return the passwords in the order of the nodes: one line is for all of them."""
    path = arguments.node_password_file
    if arguments.node_password_fd is not None:
        path = "/dev/fd/%d" % arguments.node_password_fd
    if path is None:
        return [None] * len(arguments.node)
    lines = options.lines(path, "the nodes' passwords")
    if len(lines) == 1:
        return lines * len(arguments.node)
    if len(lines) != len(arguments.node):
        raise errors.UsageError(
            "read the nodes' passwords from %s" % path,
            "it has %d lines for %d nodes; one line is for all" % (len(lines), len(arguments.node)),
        )
    return lines


def _fingerprints(arguments: argparse.Namespace) -> Dict[str, str]:
    known: Dict[str, str] = {}
    for word in arguments.node_fingerprint:
        name, mark, value = word.partition("=")
        what = "use --node-fingerprint %s" % word
        if not (mark and value.startswith("SHA256:")):
            raise errors.UsageError(what, "HOST=SHA256:... is wanted")
        if name not in arguments.node:
            raise errors.UsageError(what, "%s is not given with --node" % name)
        known[name] = value
    return known
