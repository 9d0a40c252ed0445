# SPDX-License-Identifier: Apache-2.0
"""What is pasted while a run waits for its certificate, and the script that makes it."""

import argparse
from pathlib import Path
from typing import List

import pytest

from recovery import certificates, errors, inventory, run_files, status
from recovery import context as contexts
from recovery import journal as journals
from recovery.commands import by_hand, node_options
from recovery.steps import sign_by_hand
from tests.unit import authority, nodes

NAME = "virt-host1.example.test"
SANS = ("DNS:" + NAME,)
CA = authority.issue("CA", is_ca=True, end=nodes.NOW + 3000 * nodes.DAY)
OLD = authority.issue(NAME, CA, end=nodes.NOW - nodes.DAY)
NEW = authority.issue(NAME, CA, nodes.NOW - nodes.DAY, nodes.NOW + 9 * nodes.DAY, OLD.private)
PROMPT = b"[root@virt-he ~]# "


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write(inventory.NODE_KEY, OLD.key.decode())
    node.write(inventory.NODE_CA, CA.certificate.decode())
    return node


def waiting(node: nodes.Node, pieces: List[bytes]) -> contexts.Context:
    """A run in whose terminal these pieces are pasted, one before each look."""
    seen = certificates.describe(inventory.COPIES[0], OLD.certificate)[0]
    subject = certificates.subject_argument(seen.subject)
    chosen = nodes.plan("sign-by-hand", subject=subject, sans=SANS, days=398, by_hand=True)
    context = nodes.context(node, chosen, nodes.Person())
    context.pasted = lambda: pieces.pop(0) if pieces else b""
    node.host.replace(run_files.request(context.directory), b"-----BEGIN CERTIFICATE REQUEST-----")
    return context


def perform(context: contexts.Context) -> None:
    step = sign_by_hand.SignByHand()
    before = step.capture(context)
    step.apply(context, before)
    step.verify(context, before)


def test_paste_in_pieces_with_what_a_console_adds_is_taken_and_kept_clean(node: nodes.Node) -> None:
    text = NEW.certificate.replace(b"\n", b"\r\n")
    lost = b"noise\n" + PROMPT + text[:300] + b"\n"
    pieces = [b"", lost, PROMPT + text[:200], text[200:] + PROMPT + b"\n"]
    context = waiting(node, pieces)
    perform(context)
    assert context.node.read(run_files.certificate(context.directory)) == NEW.certificate


def test_paste_of_the_wrong_is_told_why_and_the_next_one_counts(node: nodes.Node) -> None:
    person = nodes.Person()
    other = authority.issue(NAME, CA, nodes.NOW - nodes.DAY, nodes.NOW + 9 * nodes.DAY)
    late = OLD.certificate
    context = waiting(node, [other.certificate, late, NEW.certificate])
    context.say = person.said.append
    perform(context)
    told = [line for line in person.said if "is refused: " in line]
    assert len(told) == 2, told
    assert "it does not belong to the key" in told[0] and "not at " in told[1]
    assert context.node.read(run_files.certificate(context.directory)) == NEW.certificate


def test_nothing_in_time_asks_a_person_and_installs_nothing(
    node: nodes.Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_by_hand, "LIMIT", 20)
    context = waiting(node, [])
    with pytest.raises(errors.Attention, match="nothing changed for the better") as caught:
        perform(context)
    assert caught.value.status == errors.ATTENTION and "resume" in caught.value.next_step
    assert not context.node.exists(run_files.certificate(context.directory))
    sign_by_hand.SignByHand().undo(context, {})
    assert not context.node.exists(run_files.script(context.directory))


def test_script_is_for_root_alone_and_a_shell_takes_it_for_what_it_says(node: nodes.Node) -> None:
    context = waiting(node, [NEW.certificate])
    perform(context)
    path = node.host.root + run_files.script(context.directory)
    assert Path(path).stat().st_mode & 0o777 == 0o600
    text = Path(path).read_text()
    # A tab completes, an exclamation mark recalls; a terminal cuts lines at 4096 (man termios).
    assert "\t" not in text and "!" not in text and max(map(len, text.splitlines())) < 4000
    assert text.startswith("sh <<'SIGN'\n") and text.endswith("\nSIGN\n")


def test_run_that_has_its_certificate_over_ssh_is_not_begun_anew_by_hand(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("sign", route="rewind"))
    context.journal.write(journals.VERIFIED, "sign")
    with pytest.raises(errors.UsageError, match="has its certificate already"):
        by_hand.go_on(context)
    assert context.journal.of(journals.REPLANNED) == []


def test_run_by_hand_has_its_engine_part_named_by_status(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("reach-engine", "sign", route="sign"))
    by_hand.go_on(context)
    by_hand.go_on(context)  # said again at the next resume
    assert len(context.journal.of(journals.REPLANNED)) == 1 and context.parameters.by_hand
    context.journal.write(journals.FINISHED)
    told = status.lines(status.of_last_run(node.host))
    assert not [line for line in told if "ssh" in line]
    assert told[-1].startswith("next: by hand on the engine: its clock, engine-setup --offline")


def test_option_is_refused_for_another_node(node: nodes.Node) -> None:
    asked = argparse.Namespace(node=["virt-host2"], sign_by_hand=True)
    with pytest.raises(errors.UsageError, match="at the node's own console"):
        node_options.names(asked, node.host)
