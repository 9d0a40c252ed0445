# SPDX-License-Identifier: Apache-2.0
"""What a step is given to work with.

Imports engine_api, host, journal, moment, plan, secret and signing.
"""

from typing import Callable, List, NamedTuple, Optional

from recovery import engine_api, errors, host, journal, plan, signing
from recovery import moment as moments
from recovery import secret as secrets


class Gateway(NamedTuple):
    """The node we sit at, when the node to repair is another one: from here the engine is reached.

    directory: where host keys confirmed for the run are kept here. name: of the other node, as
    the operator gave it.
    """

    here: host.Host
    directory: str
    name: str


class Context:
    """The node, the run's journal and the person at the console.

    say: shows one line of progress. ask: puts a question that is answered with yes, or returns
    False where nobody can answer. agree: the same before a point of no return; it may have been
    answered beforehand. itself: argv that starts this tool again. gateway: None where the node is
    the one that we run on. pasted: returns what was typed or pasted at the console since.
    """

    def __init__(
        self,
        node: host.Host,
        journal: journal.Journal,
        say: Callable[[str], None],
        ask: Callable[[str], bool],
        itself: List[str],
        password: Optional[secrets.Secret] = None,
        stated_true: Optional[float] = None,
        agree: Optional[Callable[[str], bool]] = None,
        authority: Optional[signing.Authority] = None,
        api: Optional[engine_api.Api] = None,
        gateway: Optional[Gateway] = None,
        pasted: Callable[[], bytes] = bytes,
    ) -> None:
        self.node = node
        self.journal = journal
        self.say = say
        self.ask = ask
        self.agree = agree or ask
        self.itself = itself
        self.password = password
        self.api = api
        self.stated_true = stated_true  # what the operator says the true time is
        self.authority = authority  # the CA that the operator brought along
        self.gateway = gateway
        self.pasted = pasted
        self.parameters: plan.Parameters = journal.plan.parameters

    @property
    def directory(self) -> str:
        return self.journal.directory

    @property
    def engine_api(self) -> engine_api.Api:
        """Return the engine's API. Raises: errors.Error where nobody gave its password."""
        if self.api is None:
            raise errors.Attention(
                "ask the engine's API",
                "nobody gave the password of %s" % self.parameters.api_user,
                next_step="the same again with --api-password-file FILE",
            )
        return self.api

    @property
    def here(self) -> host.Host:
        """Return the node that reaches the engine: the one whose console we have."""
        return self.gateway.here if self.gateway else self.node

    @property
    def trust(self) -> str:
        """Return the directory, on the node that reaches the engine, of confirmed host keys."""
        return self.gateway.directory if self.gateway else self.directory

    def order(self, command: str) -> str:
        """Return what to type to go on with this run, on its own node or from here."""
        option = " --node %s" % self.gateway.name if self.gateway else ""
        return "ovirt-cert-recovery %s%s" % (command, option)

    def true_at(self, now: moments.AnyMoment) -> float:
        """Return the true time at a moment of this boot.

        A run that never anchored has not touched the clock: its wall time counts.
        Raises: errors.Error when the anchor is of an earlier boot.
        """
        anchor = self.journal.anchor()
        if anchor is None:
            return (now if isinstance(now, moments.Moment) else self.node.now()).wall
        true = anchor.true_at(now)
        if true is None:
            raise errors.Error(
                "compute the true time", "the node was booted since the true time was anchored"
            )
        return true

    def deviation(self, now: moments.Moment) -> float:
        """Return by how many seconds the wall clock is ahead of the true time."""
        return now.wall - self.true_at(now)
