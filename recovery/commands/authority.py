# SPDX-License-Identifier: Apache-2.0
"""The CA that the operator brought along: read, opened, and compared with the node's own.

Its files lie where the tool runs, on a stick for instance, not below --root.
"""

import argparse
from typing import Optional

from recovery import certificates, engine_backup, errors, files, host, inventory, pem, signing
from recovery import console as consoles
from recovery import moment as moments
from recovery.commands import options


def source(arguments: argparse.Namespace) -> str:
    """Return the file that the CA comes from, "" where none was given.

    Raises: errors.UsageError for half of a pair, or for two sources.
    """
    backup = getattr(arguments, "engine_backup", None)
    pair = (getattr(arguments, "ca_cert", None), getattr(arguments, "ca_key", None))
    if backup and any(pair):
        raise errors.UsageError("use --engine-backup and --ca-cert", "they are two CAs: give one")
    if any(pair) and not all(pair):
        raise errors.UsageError("use a CA", "--ca-cert and --ca-key are given together or not")
    return str(backup or pair[0] or "")


def load(
    arguments: argparse.Namespace, console: consoles.Console, node: host.Host
) -> Optional[signing.Authority]:
    """Return the CA, fit for this node; None where none was given. Raises: errors.UsageError."""
    path = source(arguments)
    if not path:
        return None
    found = _contents(arguments)
    key_path = arguments.ca_key or "%s: %s" % (path, engine_backup.KEY)
    try:
        authority = signing.Authority(
            pem.load(path, found.ca)[0],
            pem.load_key(key_path, found.key, _passphrase(arguments, console, found.key)),
            found.url,
        )
    except errors.FileError as caught:
        raise errors.UsageError(caught.what, caught.cause, unchanged="everything") from caught
    return fit(path, authority, node)


def fit(path: str, authority: signing.Authority, node: host.Host) -> signing.Authority:
    """Return the CA with the certificate of it that this node trusts.

    Raises: errors.UsageError for a key of another CA, a CA of another cluster, an expired CA.
    """
    if not signing.belong_together(authority):
        raise _unfit(path, "its key is not that of its certificate")
    trusted = signing.trusted(authority, inventory.NODE_CA, node.read(inventory.NODE_CA))
    if not trusted:
        seen = ["%s: %s" % (path, signing.described(authority.certificate))]
        for one in pem.load(inventory.NODE_CA, node.read(inventory.NODE_CA)):
            seen.append("%s: %s" % (inventory.NODE_CA, signing.described(one)))
        raise _unfit(path, "this node trusts another CA: is it of another cluster?", *seen)
    chosen = max(trusted, key=lambda one: certificates.validity(one)[1])
    start, end = certificates.validity(chosen)
    if not start <= node.now().wall < end:
        valid = "it is valid from %s to %s UTC" % (moments.utc(start), moments.utc(end))
        raise _unfit(path, "the CA is expired or not yet valid", valid)
    return authority._replace(certificate=chosen)


def _unfit(path: str, cause: str, *seen: str) -> errors.Error:
    what = "sign with the CA in %s" % path
    return errors.UsageError(what, cause, unchanged="everything", seen=seen)


def _contents(arguments: argparse.Namespace) -> engine_backup.Contents:
    here = files.Files("/")
    try:
        if not arguments.engine_backup:
            return engine_backup.Contents(
                here.read(arguments.ca_cert), here.read(arguments.ca_key), ""
            )
        with here.stream(arguments.engine_backup) as stream:
            return engine_backup.read(arguments.engine_backup, stream)
    except errors.FileError as caught:
        raise errors.UsageError(caught.what, caught.cause, unchanged="everything") from caught


def _passphrase(
    arguments: argparse.Namespace, console: consoles.Console, key: bytes
) -> Optional[str]:
    """Return the passphrase of an encrypted key; nothing is asked for one that is not."""
    if not pem.encrypted(key):
        return None
    given = options.secret(
        "the CA key's passphrase", arguments.ca_passphrase_file, arguments.ca_passphrase_fd
    )
    if given is None and console.interactive:
        given = console.password("Passphrase of the CA key: ")
    if given is None or not given.reveal():
        raise errors.UsageError(
            "open the CA key",
            "it is encrypted with a passphrase",
            unchanged="everything",
            next_step="give it with --ca-passphrase-file FILE or --ca-passphrase-fd N",
        )
    return given.reveal()
