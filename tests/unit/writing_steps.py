# SPDX-License-Identifier: Apache-2.0
"""Steps that write files below /etc of a node of scripts, and what an executor test asks of it."""

from typing import Any, Callable, Dict, List, Sequence

from recovery import context as contexts
from recovery import errors, step
from recovery import journal as journals
from recovery import plan as plans
from tests.unit import nodes

JOURNAL = journals.STATE + "/run-1/journal"


class Write(step.Step):
    """Writes its name into a file of its own; the before-image is the former content."""

    def __init__(self, name: str, until: str = "", log: Any = None) -> None:
        self.id = name
        self.until = until
        self.log: List[str] = [] if log is None else log
        self.fail: Callable[[str], None] = lambda verb: None

    @property
    def path(self) -> str:
        return "/etc/" + self.id

    def did(self, verb: str) -> None:
        self.log.append("%s %s" % (verb, self.id))
        self.fail(verb)

    def words(self, parameters: plans.Parameters) -> step.Words:
        return step.Words("write " + self.id, "a test", (), 1, "the former content")

    def check(self, observation: Any) -> str:
        return step.NEEDED

    def capture(self, context: contexts.Context) -> step.Before:
        self.did("capture")
        present = context.node.exists(self.path)
        return {"text": context.node.read(self.path).decode() if present else None}

    def apply(self, context: contexts.Context, before: step.Before) -> None:
        self.did("apply")
        context.node.replace(self.path, self.id.encode())

    def verify(self, context: contexts.Context, before: step.Before) -> None:
        self.did("verify")
        if context.node.read(self.path) != self.id.encode():
            raise errors.Error("verify", self.id)

    def holds(self, context: contexts.Context, before: step.Before) -> bool:
        self.did("holds")
        here = context.node.exists(self.path)
        return here and context.node.read(self.path) == self.id.encode()

    def undo(self, context: contexts.Context, before: step.Before) -> None:
        self.did("undo")
        if before["text"] is None:
            context.node.remove(self.path)
        else:
            context.node.replace(self.path, before["text"].encode())


def three(log: Any = None) -> List[Write]:
    log = [] if log is None else log
    return [Write("a", "c", log), Write("b", "c", log), Write("c", "", log)]


def begin(node: nodes.Node, steps: Sequence[step.Step]) -> contexts.Context:
    return nodes.context(node, nodes.plan(*[one.id for one in steps]))


def go_on(node: nodes.Node) -> contexts.Context:
    return nodes.context(node, journal=journals.reopen(node.host, "run-1"))


def etc(node: nodes.Node) -> Dict[str, str]:
    return {path.name: path.read_text() for path in node.place("/etc").iterdir()}


def events(node: nodes.Node) -> List[str]:
    records = journals.load(node.host, "run-1").records
    return [" ".join(filter(None, (one.event, one.step))) for one in records]


DONE = {"a": "a", "b": "b", "c": "c"}
OLD = {"b": "the old b"}


def fail(text: str, verb: str, error: type = errors.Error) -> Callable[[str], None]:
    def failing(did: str) -> None:
        if did == verb:
            raise error(text, "it was told to") if error is errors.Error else error(text)

    return failing
