# SPDX-License-Identifier: Apache-2.0
"""A command line as a person types it, on a node of scripts."""

from typing import List

import recovery.__main__
from tests.unit import nodes


def call(node: nodes.Node, *words: str) -> int:
    """Run the tool as a person types it; stdin is no terminal here."""
    place: List[str] = ["--root", str(node.root), "--programs", str(node.programs)]
    return recovery.__main__.main(place + list(words))
