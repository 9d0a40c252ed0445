# SPDX-License-Identifier: Apache-2.0
"""What the options mean: the node, the wishes, the password."""

import argparse
from typing import List, Optional, cast

from recovery import console as consoles
from recovery import errors, files, invocation, local_host
from recovery import moment as moments
from recovery import plan as plans
from recovery import secret as secrets


def node(arguments: argparse.Namespace) -> local_host.LocalHost:
    """Return the node that the command is about."""
    if not arguments.root:
        raise errors.UsageError("use --root ''", "an empty word is a variable that nobody set")
    ours = local_host.LocalHost if running(arguments) else local_host.AtRest
    make = getattr(arguments, "host", None) or ours
    if _root(arguments) != "/":
        invocation.of_another_root()
    node = make(_root(arguments), arguments.programs or local_host.SYSTEM_PROGRAMS)
    if not node.exists("/"):
        raise errors.UsageError("use --root %s" % arguments.root, "there is no such directory")
    return cast(local_host.LocalHost, node)


def _root(arguments: argparse.Namespace) -> str:
    return str(arguments.root).rstrip("/") or "/"


def running(arguments: argparse.Namespace) -> bool:
    """Tell whether the node lives; another root without programs is a disk at rest."""
    return bool(_root(arguments) == "/" or arguments.programs)


def wishes(arguments: argparse.Namespace, authority: str = "") -> plans.Wishes:
    """Return what the operator asked for; authority: the file of a CA that was brought along.

    Raises: errors.UsageError.
    """
    if not 2 <= arguments.days <= 7300:
        raise errors.UsageError("use --days %d" % arguments.days, "it must be 2 to 7300")
    if not 2 <= arguments.guard_minutes <= 240:
        raise errors.UsageError(
            "use --guard-minutes %d" % arguments.guard_minutes, "it must be 2 to 240"
        )
    return plans.Wishes(
        route=arguments.route,
        past=_date(arguments.to, "--to"),
        days=arguments.days,
        engine=arguments.engine,
        fingerprint=arguments.engine_fingerprint,
        api_user=arguments.api_user,
        api_ca=arguments.api_ca,
        guard_seconds=60 * arguments.guard_minutes,
        authority=authority,
        engine_setup=arguments.engine_setup,
        by_hand=arguments.sign_by_hand,
    )


def true_time(arguments: argparse.Namespace) -> Optional[float]:
    """Return the true time that the operator stated. Raises: errors.UsageError."""
    return _date(arguments.true_time, "--true-time")


def _date(text: Optional[str], option: str) -> Optional[int]:
    if text is None:
        return None
    try:
        return moments.parse(text)
    except ValueError as caught:
        raise errors.UsageError("understand %s '%s'" % (option, text), str(caught)) from caught


def password(
    arguments: argparse.Namespace, console: consoles.Console, engine: str
) -> Optional[secrets.Secret]:
    """Return the engine's password: from a file, a descriptor, or typed; None leaves it to keys.

    Raises: errors.UsageError.
    """
    path, descriptor = arguments.engine_password_file, arguments.engine_password_fd
    given = secret("the engine's password", path, descriptor)
    question = "Password of root@%s (empty: an ssh key is set up): " % engine
    return given or _typed(console, question)


def api_password(
    arguments: argparse.Namespace, console: consoles.Console, user: str
) -> Optional[secrets.Secret]:
    """Return the password of the engine's API, from the same places; None where nobody gave it.

    Raises: errors.UsageError.
    """
    path, descriptor = arguments.api_password_file, arguments.api_password_fd
    given = secret("the password of %s" % user, path, descriptor)
    return given or _typed(console, "Password of %s for the engine's API: " % user)


def _typed(console: consoles.Console, question: str) -> Optional[secrets.Secret]:
    """Return what a person types, None for nothing and where nobody can be asked.

    --yes agrees beforehand; no password is known by that.
    """
    if not console.interactive:
        return None
    typed = console.password(question)
    return typed if typed.reveal() else None


def secret(what: str, path: Optional[str], descriptor: Optional[int]) -> Optional[secrets.Secret]:
    """Return the first line of a file or a descriptor, None for neither. Raises: UsageError."""
    if descriptor is not None:
        path = "/dev/fd/%d" % descriptor
    return lines(path, what)[0] if path is not None else None


def lines(path: str, what: str) -> List[secrets.Secret]:
    """Return a file's secrets, one a line. Raises: errors.UsageError."""
    try:
        found = files.Files("/").read(path).decode("utf-8-sig").splitlines()
    except (errors.FileError, UnicodeDecodeError) as caught:
        raise errors.UsageError("read %s from %s" % (what, path), str(caught)) from caught
    if not found or not found[0]:
        raise errors.UsageError("read %s from %s" % (what, path), "it is empty")
    return [secrets.Secret(line) for line in found]
