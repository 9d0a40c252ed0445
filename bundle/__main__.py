# SPDX-License-Identifier: Apache-2.0
"""`python3 -m bundle`: build the archive, check it, or rehearse from the clone."""

import argparse
import os
import sys
from pathlib import Path
from typing import List, NoReturn, Optional

from bundle import build, check, environment, interpreter, paths, program

BUILD = "build dist/ovirt-cert-recovery.pyz (the default)"
CHECK = "say what is inside a built archive, and start it once"
REHEARSE = "run `ovirt-cert-recovery rehearse` from this clone; all words are passed on"


def parse(argv: List[str]) -> argparse.Namespace:
    """The command line; `rehearse` never gets here, since all its words belong to the tool."""
    parser = argparse.ArgumentParser(prog="python3 -m bundle", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in (("build", BUILD), ("check", CHECK)):
        command = commands.add_parser(name, help=text)
        command.add_argument("archive", nargs="?", type=Path, default=paths.ARCHIVE)
    commands.add_parser("rehearse", help=REHEARSE)
    return parser.parse_args(argv or ["build"])


def rehearse(words: List[str]) -> NoReturn:
    """Become the tool, in an environment with the locked run-time packages."""
    python = str(environment.ensure(interpreter.running(), "run"))
    # By PYTHONPATH: the person may stand in any directory, and --keep DIR is theirs to name.
    environ = dict(os.environ, PYTHONPATH=str(paths.ROOT))
    os.execve(python, [python, "-m", "recovery", "rehearse"] + words, environ)


def run(argv: List[str]) -> int:
    if argv[:1] == ["rehearse"]:
        rehearse(argv[1:])
    arguments = parse(argv)
    if arguments.command == "check":
        print("\n".join(check.check(arguments.archive)))
    else:
        print(build.build(arguments.archive))
    return 0


def main(argv: Optional[List[str]] = None) -> int:
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except program.Failed as failure:
        print(failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
