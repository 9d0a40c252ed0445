# SPDX-License-Identifier: Apache-2.0
"""`python3 -m simulators.vm`: build the machine's image, or sit down at a broken node's console."""

import argparse
import sys
from typing import List, Optional

from simulators.vm.failure import Failed


def parse(argv: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m simulators.vm", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    commands.add_parser("build", help="build the image and the frozen nodes, if they are missing")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace) -> int:
    from simulators.vm import image

    print(image.ensure().folder)
    return 0


def main(argv: Optional[List[str]] = None) -> int:
    try:
        return run(parse(argv))
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
