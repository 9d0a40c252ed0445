# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from simulators import rehearse
from tests.procedures import watched


def test_nodes_expired_are_recovered_from_here_one_after_another(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "three-nodes")
    ended = node.recover()
    print(ended.output[-3500:])
    print("\n".join(rehearse.epilogue(node.world)))
    assert ended.status == 0
