# SPDX-License-Identifier: Apache-2.0
"""python -m simulators SCENARIO DIRECTORY [RELEASE]: make a world to type commands into."""

import sys

from simulators import install


def main(words: list) -> int:
    """Make the world and say how to use it."""
    if len(words) not in (2, 3):
        sys.stderr.write("usage: python -m simulators SCENARIO DIRECTORY [el7|el8|el9]\n")
        return 2
    world = install.create(words[1], words[0], *words[2:])
    sys.stdout.write("PATH=%s systemctl --failed\n" % world.programs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
