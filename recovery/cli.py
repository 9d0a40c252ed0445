# SPDX-License-Identifier: Apache-2.0
"""The command line. Commands are imported when they run, so that --help is quick."""

import argparse
from typing import Any, Callable, List, Optional

from recovery import __version__, errors, invocation, usage


class _Parser(argparse.ArgumentParser):
    """The first page is written by hand; those of the commands are argparse's."""

    def format_help(self) -> str:
        return usage.TEXT if self.prog == PROGRAM else super().format_help()


PROGRAM = invocation.NAME


def run(words: List[str], host: Optional[Callable[[str, str], Any]] = None) -> int:
    """Parse the command line and run its command. Raises: errors.Error.

    host: makes the port from root and programs; the node itself unless a test watches it.
    """
    arguments = _parser().parse_args(words)
    arguments.host = host
    if getattr(arguments, "node", ()) and getattr(arguments, "route", "") != "renew":
        from recovery.commands import nodes as commands  # over ssh; renew asks the engine
    elif arguments.command in ("diagnose", "plan", "status"):
        from recovery.commands import looking as commands  # type: ignore[no-redef]
    elif arguments.command == "rehearse":
        from recovery.commands import rehearsing as commands  # type: ignore[no-redef]
    elif arguments.command in ("selfcheck", "clean", "version"):
        from recovery.commands import archiving as commands  # type: ignore[no-redef]
    elif arguments.command is not None:
        from recovery.commands import acting as commands  # type: ignore[no-redef]
    else:
        _parser().print_help()
        return errors.USAGE
    name = arguments.command.replace("-", "_")
    return int(getattr(commands, name)(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM)
    parser.add_argument("--version", action="version", version="%(prog)s " + __version__)
    _place(parser, "/", "")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _looking(commands)
    _acting(commands)
    for command in commands.choices.values():  # there too, where a tired person types it
        _place(command, argparse.SUPPRESS, argparse.SUPPRESS)
    _rehearsing(commands)
    _archiving(commands)
    return parser


def _place(parser: argparse.ArgumentParser, root: str, programs: str) -> None:
    parser.add_argument("--root", default=root, metavar="DIR", help="the node's root directory")
    parser.add_argument(
        "--programs",
        default=programs,
        metavar="DIR",
        help="run the node's programs from here; without it another root is a disk at rest",
    )


def _looking(commands: Any) -> None:
    for name, text in (
        ("diagnose", "look and judge; changes nothing"),
        ("plan", "show what recover would do; changes nothing"),
        ("status", "tell how far the last run came"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="for programs instead of people")
        if name == "plan":
            _wishes(command)
            _authority(command)
            _api_password(command)
            command.set_defaults(yes=False)
        _nodes(command)


def _acting(commands: Any) -> None:
    recover = commands.add_parser("recover", help="bring the node back")
    _wishes(recover)
    resume = commands.add_parser("resume", help="go on with a run that was cut off")
    undo = commands.add_parser("undo", help="take a run back")
    for command in (recover, resume, undo):
        command.add_argument(
            "--yes", action="store_true", help="agree beforehand, to engine-setup too"
        )
        _nodes(command)
    for command in (recover, resume):
        _authority(command)
    _without_engine_setup(resume)
    _by_hand(resume)
    _engine(resume)
    _api(resume, "", "")
    for command in (recover, resume, undo):
        _password(command)
        _api_password(command)
    for command in (resume, undo):
        command.add_argument(
            "--true-time", metavar="DATE", help="the true time now, in UTC, as you know it"
        )
    restore = commands.add_parser("restore-time", help="what the dead-man timer runs")
    restore.add_argument("--run", required=True, metavar="RUN")
    restore.add_argument("--at-boot", action="store_true")


def _wishes(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--route",
        default="",
        help="sign, offline-ca, rewind, interim or renew, instead of the one recommended",
    )
    add("--to", metavar="DATE", help="another moment to go back to, in UTC")
    add("--days", type=int, default=398, help="validity of the new certificate (default 398)")
    _engine(command)
    add("--all-nodes", action="store_true", help="every node that the engine knows")
    _api(command, "admin@internal", "/etc/pki/vdsm/certs/cacert.pem")
    add(
        "--engine-setup",
        default="dialogue",
        choices=("dialogue", "unattended"),
        help="answer its questions as they come (default), or beforehand, by environment keys, all "
        "but those about the renewal",
    )
    _without_engine_setup(command)
    _by_hand(command)
    add(
        "--guard-minutes",
        type=int,
        default=15,
        metavar="N",
        help="without a sign of life for so long the true time comes back by itself",
    )


def _engine(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--engine", default="", metavar="ADDRESS", help="where the engine answers ssh")
    add(
        "--engine-fingerprint",
        default="",
        metavar="SHA256:...",
        help="of the engine's host key, where known_hosts does not know it",
    )


def _api(command: argparse.ArgumentParser, user: str, authority: str) -> None:
    add = command.add_argument
    text = "of the engine's API: admin@internal, with Keycloak admin@ovirt@internalsso"
    add("--api-user", default=user, metavar="USER", help=text)
    text = "CA of the engine's web certificate, where it is not the engine's own"
    add("--api-ca", default=authority, metavar="FILE", help=text)


def _without_engine_setup(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-engine-setup",
        action="store_const",
        const="no",
        dest="engine_setup",
        help="leave the engine's own certificates as they are",
    )


def _by_hand(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sign-by-hand",
        action="store_true",
        help="nobody reaches the engine over ssh: you paste a script into its console instead",
    )


def _api_password(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--api-password-file", metavar="FILE", help="password of the API's user, one line")
    add("--api-password-fd", type=int, metavar="N", help="the same from a file descriptor")


def _password(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--engine-password-file", metavar="FILE", help="root's password on the engine, one line")
    add("--engine-password-fd", type=int, metavar="N", help="the same from a file descriptor")


def _authority(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--engine-backup", metavar="FILE", help="archive of engine-backup: sign here with its CA")
    add("--ca-cert", metavar="FILE", help="instead of an archive: the CA's certificate ...")
    add("--ca-key", metavar="FILE", help="... and its key")
    add("--ca-passphrase-file", metavar="FILE", help="of an encrypted CA key, one line")
    add("--ca-passphrase-fd", type=int, metavar="N", help="the same from a file descriptor")


def _nodes(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    again = "another node, over ssh from here (renew: a host by its name); may be given again"
    add("--node", action="append", default=[], metavar="HOST", help=again)
    known = "of a node's host key, where known_hosts does not know it"
    add("--node-fingerprint", action="append", default=[], metavar="HOST=SHA256:...", help=known)
    add(
        "--node-password-file",
        metavar="FILE",
        help="root's password on the nodes: one line for all, or one each in their order",
    )
    add("--node-password-fd", type=int, metavar="N", help="the same from a file descriptor")
    if command.get_default("yes") is None:
        command.set_defaults(yes=False)


def _rehearsing(commands: Any) -> None:
    command = commands.add_parser("rehearse", help="recover a simulated node")
    command.add_argument("scenario", nargs="?", default="", help="none: list them")
    command.add_argument("--release", default="el8", choices=("el7", "el8", "el9"))
    command.add_argument("--keep", metavar="DIR", help="leave the simulated node in DIR")
    command.add_argument(
        "--command", dest="instead", metavar="'COMMAND ...'", help="another one than recover"
    )


def _archiving(commands: Any) -> None:
    for name, text in (
        ("selfcheck", "compare every byte of this file with what was built"),
        ("clean", "remove what this file has unpacked; the records of recoveries stay"),
        ("version", "show the version, with --verbose what is inside"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        if name == "version":
            command.add_argument("--verbose", action="store_true", help="packages, hashes, CVEs")
