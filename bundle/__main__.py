# SPDX-License-Identifier: Apache-2.0
"""`python3 -m bundle`: build and check the archive, fill a USB stick, or rehearse."""

import argparse
import os
import sys
from pathlib import Path
from typing import List, NoReturn, Optional

from bundle import environment, interpreter, paths, program

BUILD = "build dist/ovirt-cert-recovery.pyz for every Python of a node (the default)"
CHECK = "say whether an archive, a stick or its image is whole, what is inside, and start it once"
USB = "fill a directory, or a vfat image FILE.img, with the archive and all that goes with it"
REHEARSE = "run `ovirt-cert-recovery rehearse` from this clone; all words are passed on"
MACHINES = ("x86_64", "aarch64", "ppc64le")
OLDEST = (3, 9)
TASKS = {
    "build": "build the archive",
    "usb": "fill the stick",
    "check": "check it",
    "rehearse": "rehearse",
}


def parse(argv: List[str]) -> argparse.Namespace:
    """The command line; `rehearse` never gets here, since all its words belong to the tool."""
    parser = argparse.ArgumentParser(prog="python3 -m bundle", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    build = commands.add_parser("build", help=BUILD)
    build.add_argument("archive", nargs="?", type=Path, default=paths.ARCHIVE)
    usb = commands.add_parser("usb", help=USB)
    usb.add_argument("stick", type=Path, metavar="DIR")
    for command in (build, usb):
        _options(command)
    check = commands.add_parser("check", help=CHECK)
    check.add_argument("archive", nargs="?", type=Path, default=paths.ARCHIVE)
    check.add_argument("--public-key", type=Path, metavar="FILE", help="verify the signature too")
    commands.add_parser("rehearse", help=REHEARSE)
    named = argv[:1] and argv[0] in tuple(TASKS) + ("-h", "--help")
    return parser.parse_args(argv if named else ["build"] + argv)


def _options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--machine",
        action="append",
        choices=MACHINES,
        help="an architecture to build for, may be given more than once (default: x86_64)",
    )
    command.add_argument(
        "--wheels",
        type=Path,
        metavar="DIR",
        help="take all wheels from there, those of the builder too; no package index is asked",
    )
    command.add_argument(
        "--key", type=Path, metavar="FILE", help="your private key, to sign the archive with"
    )


def rehearse(words: List[str]) -> NoReturn:
    """Become the tool, in an environment with the locked run-time packages."""
    become("run", ["recovery", "rehearse"] + words)


def become(lock: str, words: List[str], wheels: Optional[Path] = None) -> NoReturn:
    """Go on as a module in an environment with locked packages."""
    python = str(environment.ensure(interpreter.running(), lock, wheels))
    # By PYTHONPATH: the person may stand in any directory, and --keep DIR is theirs to name.
    environ = dict(os.environ, PYTHONPATH=str(paths.ROOT))
    os.execve(python, [python, "-m"] + words, environ)


def run(argv: List[str]) -> int:
    if argv[:1] == ["rehearse"]:
        rehearse(argv[1:])
    arguments = parse(argv)
    if arguments.command == "check":
        from bundle import check

        print("\n".join(check.check(arguments.archive, arguments.public_key)))
        return 0
    if sys.version_info < OLDEST:
        text = (
            "cannot build with Python %d.%d: building needs 3.9 or newer, the archive runs on 3.6"
        )
        raise program.Failed(text % sys.version_info[:2])
    if Path(sys.prefix).parent != paths.VENVS or not Path(sys.prefix).name.startswith("build-"):
        become("build", ["bundle"] + argv, arguments.wheels)
    return _make(arguments)


def _make(arguments: argparse.Namespace) -> int:
    from bundle import build, seal, usb

    machines = [name for name in MACHINES if name in (arguments.machine or ["x86_64"])]
    folder, offline = arguments.wheels or paths.WHEELS, arguments.wheels is not None
    if arguments.command == "usb":
        made = usb.fill(arguments.stick, machines, folder, offline, arguments.key)
        print("\n".join(made))
        return 0
    print(build.build(arguments.archive, machines, folder, offline))
    for path in seal.beside(arguments.archive, arguments.key):
        print(path)
    return 0


def main(argv: Optional[List[str]] = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    try:
        return run(words)
    except program.Failed as failure:
        print(failure, file=sys.stderr)
    except OSError as caught:  # a full disk, a read-only stick
        task = TASKS.get(words[0] if words else "", TASKS["build"])
        print("cannot {}: {}".format(task, caught), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
