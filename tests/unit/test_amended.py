# SPDX-License-Identifier: Apache-2.0
"""What is given anew at resume: another address of the engine is another machine."""

import argparse
from pathlib import Path

import pytest

from recovery import context as contexts
from recovery import journal as journals
from recovery import remote, run_files
from recovery.commands import amended
from tests.unit import nodes

WRONG, RIGHT = "wrong.example.test", "192.0.2.10"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.answers("ssh")
    return node


def run(node: nodes.Node, web: str = "") -> contexts.Context:
    """A run that has spoken with somebody, whose host key was confirmed."""
    plan = nodes.plan(remote.REACH, engine=WRONG, web=web)
    context = nodes.context(node, plan)
    context.journal.write(journals.VERIFIED, remote.REACH)
    node.write(run_files.known_hosts(context.trust), "%s ssh-rsa AAAA\n" % WRONG)
    return context


def test_another_engine_is_asked_anew_and_its_key_is_to_be_confirmed(node: nodes.Node) -> None:
    context = run(node)
    amended.by(argparse.Namespace(engine=RIGHT), context)
    (call,) = node.calls("ssh")
    assert call.endswith("-O exit root@%s" % WRONG)
    assert not node.host.exists(run_files.known_hosts(context.trust))
    assert context.parameters.engine == RIGHT
    assert journals.load(node.host, "run-1").plan.parameters.engine == RIGHT
    assert remote.engine(context).target.known_hosts == "/root/.ssh/known_hosts"


@pytest.mark.parametrize("engine", ["", WRONG])
def test_the_same_engine_keeps_its_connection_and_its_key(node: nodes.Node, engine: str) -> None:
    context = run(node)
    amended.by(argparse.Namespace(engine=engine, engine_fingerprint="SHA256:x"), context)
    assert node.calls("ssh") == []
    assert node.host.exists(run_files.known_hosts(context.trust))
    assert context.parameters.fingerprint == "SHA256:x"


def test_name_of_the_api_stays_for_its_certificate_has_no_address(node: nodes.Node) -> None:
    context = run(node, WRONG)
    amended.by(argparse.Namespace(engine=RIGHT), context)
    assert context.parameters.web == WRONG


def test_engine_was_spoken_with_only_when_it_was(node: nodes.Node) -> None:
    assert remote.was_open(run(node).journal)
    context = nodes.context(node, nodes.plan(remote.REACH, engine=WRONG))
    assert not remote.was_open(context.journal)
    context.journal.write(journals.APPLYING, remote.REACH)
    assert not remote.was_open(context.journal)
    context.journal.write(journals.VERIFIED, remote.REACH)
    assert remote.was_open(context.journal)
    context.journal.write(journals.UNDONE, remote.REACH)
    assert not remote.was_open(context.journal)


def test_run_that_goes_on_by_hand_speaks_with_nobody(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("sign-by-hand", engine=WRONG))
    context.journal.write(journals.VERIFIED, remote.REACH)
    assert not remote.was_open(context.journal)
    remote.open_again(context)
    assert node.calls("ssh") == []
