# SPDX-License-Identifier: Apache-2.0
"""Configuration files of the form `key = value`, as libvirt and hosted-engine keep them."""

from typing import Dict, List


def read(path: str) -> Dict[str, str]:
    """The settings of a file, without quotes; none when it is missing."""
    found = {}
    for line in lines(path):
        key, mark, value = line.partition("=")
        if mark and not line.lstrip().startswith("#"):
            found[key.strip()] = value.strip().strip('"')
    return found


def lines(path: str) -> List[str]:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def write(path: str, changes: Dict[str, str]) -> None:
    """Set some keys of a file and keep the others."""
    present = read(path)
    present.update(changes)
    with open(path, "w") as file:
        file.write("".join("%s=%s\n" % pair for pair in present.items()))
