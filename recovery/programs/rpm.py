# SPDX-License-Identifier: Apache-2.0
"""rpm: versions of installed packages (man rpm)."""

from typing import List, Sequence, Tuple

from recovery import host

FORMAT = "%{NAME} %{VERSION}-%{RELEASE}\\n"


def versions(node: host.Host, packages: Sequence[str]) -> List[Tuple[str, str]]:
    """Return name and version of those packages that are installed. Raises: ProgramError.

    rpm ends with the number of packages that are not, and says so on stdout.
    """
    argv = ["rpm", "-q", "--qf", FORMAT] + list(packages)
    text = node.run(argv, timeout=30, ok=range(len(packages) + 1)).stdout
    pairs = [line.split() for line in text.splitlines()]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in packages]
