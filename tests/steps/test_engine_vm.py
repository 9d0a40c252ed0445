# SPDX-License-Identifier: Apache-2.0
"""The start of the engine VM where virsh is of no use; vdsm is asked by hosted-engine."""

from pathlib import Path

import pytest

from recovery import context as contexts
from recovery import waiting
from recovery.programs import virsh
from recovery.steps import engine_vm
from tests.unit import nodes

STEP = engine_vm.StartEngineVm()


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.script("virsh", nodes.HEAD + nodes.ASKING)
    node.answers("journalctl")
    return node


@pytest.mark.parametrize(
    "said, status", [("", 0), ("VM exists and its status is Up\n", 1)], ids=["started", "runs"]
)
def test_apply_where_virsh_only_asks_starts_it_all_the_same(
    node: nodes.Node, said: str, status: int
) -> None:
    node.answers("hosted-engine", said, status=status)
    context: contexts.Context = nodes.context(node, nodes.plan(STEP.id))
    STEP.apply(context, {})
    assert node.calls("hosted-engine") == ["hosted-engine --vm-start"]


def test_verify_where_virsh_only_asks_names_the_file_of_its_login(node: nodes.Node) -> None:
    node.write(virsh.AUTH_FILE, "")
    context = nodes.context(node, nodes.plan(STEP.id))
    with pytest.raises(waiting.TooLong) as caught:
        STEP.verify(context, {})
    assert "libvirt does not answer: Please enter your" in caught.value.seen[-1]
    assert virsh.AUTH_FILE in caught.value.seen[-1]
