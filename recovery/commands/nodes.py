# SPDX-License-Identifier: Apache-2.0
"""The commands with --node: the same on other nodes, one after another, over ssh from here.

Only route sign is done from afar: a node whose clock moves wants somebody at its own console.
"""

import argparse
import contextlib
import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from recovery import console as consoles
from recovery import context as contexts
from recovery import (
    diagnosis,
    display,
    errors,
    host,
    reaching,
    remote,
    report,
    report_json,
    ssh_host,
)
from recovery import journal as journals
from recovery import plan as plans
from recovery import secret as secrets
from recovery import status as statuses
from recovery.commands import acting, amended, far, looking, node_options, opening, options
from recovery.programs import ssh


def diagnose(arguments: argparse.Namespace) -> int:
    """Print what was seen and judged of each node; 3 when an inhibitor stands on one."""
    with _reached(arguments, consoles.Console()) as (here, nodes):
        found = [far.look(arguments, here, name, node) for name, node in nodes]
    if arguments.json:
        _print({one.name: report_json.diagnosis_json(one.seen, one.judged) for one in found})
    for one in () if arguments.json else found:
        display.show(report.diagnosis_text(one.seen, one.judged) + [""], sys.stdout)
    return errors.INHIBITED if any(one.judged.inhibitors for one in found) else errors.DONE


def plan(arguments: argparse.Namespace) -> int:
    """Print for each node the plan that `recover` would carry out."""
    with _reached(arguments, consoles.Console()) as (here, nodes):
        found = [far.look(arguments, here, name, node) for name, node in nodes]
    chosen = {one.name: far.planned(one) for one in found}
    if arguments.json:
        _print({name: plans.to_json(one) for name, one in chosen.items()})
    for name, one in () if arguments.json else chosen.items():
        consoles.Console().show(["%s:" % name] + plans.lines(one) + [""])
    return errors.INHIBITED if any(one.judged.inhibitors for one in found) else errors.DONE


def status(arguments: argparse.Namespace) -> int:
    """Tell from each node's journal how far its last run came."""
    with _reached(arguments, consoles.Console()) as (_, nodes):
        told = {name: statuses.of_last_run(node) for name, node in nodes}
    if arguments.json:
        _print({name: statuses.to_json(one) for name, one in told.items()})
    for name, one in () if arguments.json else told.items():
        consoles.Console().show(["%s:" % name] + statuses.lines(one, name) + [""])
    return errors.DONE


def recover(arguments: argparse.Namespace) -> int:
    """Look at all nodes, ask once, then recover one after another; the first failure ends it."""
    console = consoles.Console(arguments.yes)
    with _reached(arguments, console, hold=True) as (here, nodes):
        opening.no_open_run(here)  # its clock may be back, and the engine's with it
        for name, node in nodes:
            opening.no_open_run(node, " --node %s" % name)
        found = [far.shown(far.look(arguments, here, name, node)) for name, node in nodes]
        to_do = far.to_do(console, found)
        if not to_do:
            return errors.DONE
        for one in to_do:
            far.clocks_agree(here, one.name, one.node)
        chosen = [far.planned(one) for one in to_do]
        acting.somebody_can_confirm(console, to_do[0].seen.engine)
        _agreed(console, to_do, chosen)
        password = options.password(arguments, console, chosen[0].parameters.engine)
        for number, one in enumerate(to_do):
            console.say("")
            console.say("%s (node %d of %d)" % (one.name, number + 1, len(to_do)))
            with _told(one.name, to_do[number + 1 :]):
                journal = journals.create(one.node, chosen[number], acting.facts(one.seen))
                context = _context(here, one.name, one.node, journal, console, password)
                acting.carry_out(context, console, last=number + 1 == len(to_do))
    return errors.DONE


def resume(arguments: argparse.Namespace) -> int:
    """Go on with the unfinished runs of the nodes, in their order."""

    password = _once(arguments)

    def go_on(context: contexts.Context, console: consoles.Console) -> int:
        amended.by(arguments, context)
        context.password = password(console, context.parameters.engine)
        return acting.carry_out(context, console)

    return _reopened(arguments, "resume", "Go on with %s on %s.", go_on)


def undo(arguments: argparse.Namespace) -> int:
    """Take the last run of each node back, from its journal alone."""
    password = _once(arguments)

    def take_back(context: contexts.Context, console: consoles.Console) -> int:
        if remote.was_open(context.journal):
            context.password = password(console, context.parameters.engine)
        return acting.take_back(context, console)

    return _reopened(arguments, "undo", "Undo %s on %s: files as before.", take_back)


Password = Callable[[consoles.Console, str], Optional[secrets.Secret]]


def _once(arguments: argparse.Namespace) -> Password:
    """Return what asks for the engine's password once: a descriptor can be read but one time."""
    known: Dict[str, Optional[secrets.Secret]] = {}

    def password(console: consoles.Console, engine: str) -> Optional[secrets.Secret]:
        if engine not in known:
            known[engine] = options.password(arguments, console, engine)
        return known[engine]

    return password


def _reopened(
    arguments: argparse.Namespace,
    verb: str,
    question: str,
    act: Callable[[contexts.Context, consoles.Console], int],
) -> int:
    console = consoles.Console(arguments.yes)
    passed: List[errors.Error] = []
    with _reached(arguments, console, hold=True) as (here, nodes):
        for name, node in nodes:
            try:
                journal = opening.open_run(node, verb)
            except errors.Inhibited as caught:
                passed.append(caught)
                console.say("%s: %s" % (name, caught.lines()[0]))
                continue
            _may_be_done_from_here(name, journal, verb)
            if not console.consent(question % (journal.run, name)):
                what = "%s %s on %s" % (verb, journal.run, name)
                raise errors.Inhibited(what, "it was not agreed to", unchanged="everything")
            console.say("%s:" % name)
            act(_context(here, name, node, journal, console), console)
    if len(passed) == len(arguments.node):
        raise passed[-1]
    return errors.DONE


def _may_be_done_from_here(name: str, journal: journals.Journal, verb: str) -> None:
    if journal.plan.route != diagnosis.SIGN:
        raise errors.Inhibited(
            "%s %s of %s over ssh" % (verb, journal.run, name),
            "its route is %s, which needs somebody at the node's own console" % journal.plan.route,
            unchanged="everything",
            next_step="on %s itself, with the stick there: %s" % (name, verb),
        )


# Reaching the nodes

Reached = Tuple[host.Host, List[Tuple[str, ssh_host.SshHost]]]


@contextlib.contextmanager
def _reached(
    arguments: argparse.Namespace, console: consoles.Console, hold: bool = False
) -> Iterator[Reached]:
    """Connect to all nodes before anything is done on one; the connections end with the context.

    hold: no other run may be alive on this node or on those.
    """
    here: host.Host = options.node(arguments)
    names = node_options.names(arguments, here)
    with contextlib.ExitStack() as ends:
        if hold:
            ends.enter_context(here.lock(journals.LOCK))
        nodes = []
        for name, by in zip(names, node_options.credentials(arguments, console)):
            node = reaching.connect(here, name, by)
            ends.callback(_close, here, node.target)
            if hold:
                ends.enter_context(node.lock(journals.LOCK))
            nodes.append((name, node))
        yield here, nodes


def _close(here: host.Host, target: ssh.Target) -> None:
    with contextlib.suppress(errors.Error):
        ssh.close(here, target)


def _agreed(console: consoles.Console, to_do: List[far.Looked], chosen: List[plans.Plan]) -> None:
    console.show([""] + plans.titles(chosen[0]) + ["On each of these nodes, in this order:"])
    for one in to_do:
        console.say("  %s%s" % (one.name, _guests(one.seen.running_vms)))
    if not console.consent("This changes the nodes as shown."):
        raise errors.Inhibited("go on", "it was not agreed to", unchanged="everything")


def _guests(number: Optional[int]) -> str:
    return " (%d running VMs, which keep running)" % number if number else ""


@contextlib.contextmanager
def _told(name: str, rest: List[far.Looked]) -> Iterator[None]:
    """Add to an error on which node it happened and which nodes were not begun."""
    try:
        yield
    except errors.Error as caught:
        caught.what += ", on %s" % name
        if rest:
            untouched = "not begun: %s" % ", ".join(one.name for one in rest)
            caught.unchanged = "; ".join(text for text in (caught.unchanged, untouched) if text)
        raise


def _context(
    here: host.Host,
    name: str,
    node: ssh_host.SshHost,
    journal: journals.Journal,
    console: consoles.Console,
    password: Optional[secrets.Secret] = None,
) -> contexts.Context:
    kept = "%s/%s" % (reaching.directory(name), journal.run)
    gateway = contexts.Gateway(here, kept, name)
    return contexts.Context(node, journal, console.say, console.ask, [], password, gateway=gateway)


def _print(values: Dict[str, Any]) -> None:
    looking.print_json({"nodes": values})
