# SPDX-License-Identifier: Apache-2.0
"""recover, resume, undo, restore-time: they change the node, under one lock."""

import argparse
import sys
from typing import Any, Callable, Dict, List, Optional

from recovery import (
    anchoring,
    diagnosis,
    display,
    errors,
    executable,
    executor,
    local_host,
    observation,
    others,
    outcome,
    planner,
    procedures,
    remote,
    report,
    restoring,
    run_files,
)
from recovery import console as consoles
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments
from recovery import plan as plans
from recovery import secret as secrets
from recovery.commands import amended, authority, by_hand, looking, opening, options, renewing

Act = Callable[[contexts.Context, consoles.Console], int]


def recover(arguments: argparse.Namespace) -> int:
    """Observe, judge, plan, ask, act. Raises: errors.Error."""
    console = consoles.Console(arguments.yes)
    node = options.node(arguments)
    wishes = options.wishes(arguments, authority.source(arguments))
    if not options.running(arguments) and not wishes.authority:
        raise errors.UsageError(
            "recover a disk at rest",
            "the node's programs are not running",
            next_step="with the engine's CA at hand: --engine-backup FILE",
        )
    with node.lock(journals.LOCK):
        opening.nobody_from_elsewhere(node)
        opening.no_open_run(node)
        seen, judged = looking.seen(arguments, node)
        display.show(report.summary(judged, wishes.route), sys.stdout)
        if not _can_go_on(console, judged, wishes):
            return errors.INHIBITED if judged.inhibitors else errors.DONE
        route = wishes.route or judged.route
        wishes, api = renewing.named(arguments, console, node, seen, route, wishes)
        chosen = planner.make(seen, judged, wishes)
        if wishes.authority:
            console.say("reading %s" % wishes.authority)  # of gigabytes it takes minutes
        ca = authority.load(arguments, console, node)
        if _asks_the_engine(chosen):
            somebody_can_confirm(console, seen.engine)
        console.show([""] + plans.titles(chosen) + [""])
        if not console.consent("This changes the node as shown."):
            raise errors.Inhibited("go on", "it was not agreed to", unchanged="everything")
        api = api or renewing.api(arguments, console, node, chosen.parameters)
        renewing.required(api, chosen.parameters)
        password = _password(arguments, console, chosen)
        journal = journals.create(node, chosen, facts(seen))
        context = _context(node, journal, console, password=password)
        context.authority, context.api = ca, api
        return carry_out(context, console)


def resume(arguments: argparse.Namespace) -> int:
    """Go on where the journal ends. Raises: errors.Error."""

    def go_on(context: contexts.Context, console: consoles.Console) -> int:
        _ca_is_wanted(arguments, context.journal.plan)
        context.authority = authority.load(arguments, console, context.node)
        if arguments.sign_by_hand:
            by_hand.go_on(context)
        if arguments.engine_setup == "no" and not context.journal.of(journals.RENEWED):
            context.journal.write(journals.LEFT, data={"why": "so it was said at resume"})
        return carry_out(context, console)

    question = "Go on with %s (the clock may be set back again)."
    return _reopened(arguments, "resume", question, go_on)


def undo(arguments: argparse.Namespace) -> int:
    """Take the last run back, from the journal alone. Raises: errors.UndoFailed."""
    question = "Undo %s: files, services and true time as before."
    return _reopened(arguments, "undo", question, take_back)


def _reopened(arguments: argparse.Namespace, verb: str, question: str, act: Act) -> int:
    """Do something with the last run, once it is agreed to and the true time is known.

    Asked without the lock: the dead-man timer takes a run that holds it for one at work.
    """
    console = consoles.Console(arguments.yes)
    node = options.node(arguments)
    stated, stated_at = options.true_time(arguments), node.instant()
    with node.lock(journals.LOCK):
        opening.nobody_from_elsewhere(node)
        journal = opening.open_run(node, verb)
    lasting = "\nWhat engine-setup did stays." if journal.of(journals.AGREED) else ""
    if not console.consent(question % journal.run + lasting * (verb == "undo")):
        what = "%s %s" % (verb, journal.run)
        raise errors.Inhibited(what, "it was not agreed to", unchanged="everything")
    told = journal.plan._replace(parameters=amended.told(arguments, journal.plan.parameters))
    api = renewing.api(arguments, console, node, told.parameters)
    password = None
    if verb == "resume" or remote.was_open(journal):
        password = _password(arguments, console, told)
    with node.lock(journals.LOCK):
        console.survive_hangup()
        opening.nobody_from_elsewhere(node)
        journal = opening.open_run(node, verb)
        if stated is not None:  # who is asked for a password may have to look for it first
            stated += moments.elapsed(stated_at, node.instant())
        context = _context(node, journal, console, password, stated)
        anchoring.renew(context, verb)
        amended.by(arguments, context)
        context.api = api
        return act(context, console)


def restore_time(arguments: argparse.Namespace) -> int:
    """Bring the true time back for a recovery that is gone."""
    console = consoles.Console(True)
    node = options.node(arguments)
    journal = journals.load(node, arguments.run)
    context = _context(node, journal, console)
    console.say(restoring.restore(context, arguments.at_boot))
    return errors.DONE


def _asks_the_engine(chosen: plans.Plan) -> bool:
    return remote.REACH in [one.step for one in chosen.steps]


def _password(
    arguments: argparse.Namespace, console: consoles.Console, chosen: plans.Plan
) -> Optional[secrets.Secret]:
    """Return the engine's password, where the engine is asked over ssh at all."""
    if not _asks_the_engine(chosen) or getattr(arguments, "sign_by_hand", False):
        return None
    return options.password(arguments, console, chosen.parameters.engine)


def _ca_is_wanted(arguments: argparse.Namespace, chosen: plans.Plan) -> None:
    if authority.source(arguments) and chosen.route != diagnosis.OFFLINE_CA:
        what = "use the CA in %s" % authority.source(arguments)
        raise errors.UsageError(what, "this run goes by the route %s" % chosen.route)


def _can_go_on(
    console: consoles.Console, judged: diagnosis.Diagnosis, wishes: plans.Wishes
) -> bool:
    """Tell whether there is anything to do that may be done; say why not."""
    if judged.inhibitors:
        console.say("Nothing was changed: %d finding(s) forbid it." % len(judged.inhibitors))
        return False
    if (wishes.route or judged.route) == diagnosis.NONE:
        console.say("Nothing was changed: %s" % judged.reason)
        return False
    return True


def somebody_can_confirm(console: consoles.Console, engine: observation.Engine) -> None:
    """See that an unknown host key does not end the run where the clock is back."""
    if engine.host_key_known is False and not console.interactive:
        raise errors.Inhibited(
            "trust %s" % engine.ssh_address,
            "its host key is not in known_hosts, and nobody is here to compare it",
            unchanged="everything",
            next_step="give it with --engine-fingerprint SHA256:... (where it is known: "
            "ssh-keygen -lF %s)" % engine.ssh_address,
        )


def facts(seen: observation.Observation) -> Dict[str, Any]:
    """Return what the first record says beside the plan."""
    from recovery import __version__

    return {"version": __version__, "node": seen.hostname, "boot_id": seen.moment.boot_id}


def _context(
    node: local_host.LocalHost,
    journal: journals.Journal,
    console: consoles.Console,
    password: Optional[secrets.Secret] = None,
    stated_true: Optional[float] = None,
) -> contexts.Context:
    itself: List[str] = executable.argv(node, journal.directory)
    return contexts.Context(
        node,
        journal,
        console.say,
        console.ask,
        itself,
        password,
        stated_true,
        console.consent,
        pasted=console.pasted,
    )


def _steps(context: contexts.Context) -> procedures.Procedure:
    return procedures.of(context.journal.plan.route, context.parameters)


def take_back(context: contexts.Context, console: consoles.Console) -> int:
    """Undo a run. Raises: errors.UndoFailed, errors.Attention."""
    console.survive_hangup()
    kept = run_files.before(context.directory)
    try:
        remote.open_again(context)
        failed = executor.undo(context, _steps(context))
    except KeyboardInterrupt:
        cause, order = "it was interrupted at the console", context.order("undo")
        stopped = errors.Attention("undo everything", cause, next_step=order)
        raise outcome.explained(context, stopped) from None
    finally:
        _log_out(context)
    if failed:
        raise errors.UndoFailed(
            "undo everything",
            "%d steps could not be undone" % len(failed),
            seen=failed,
            unchanged=outcome.still_guarded(context),
            next_step="the before-images lie in %s; mend the cause, then: %s"
            % (kept, context.order("undo")),
        )
    lasting = context.journal.of(journals.KEPT)
    console.say("undone%s; the before-images stay in %s" % (outcome.but_for(lasting), kept))
    return errors.BY_HAND if lasting else errors.DONE


def _log_out(context: contexts.Context) -> None:
    if context.api is not None:
        context.api.close()


def carry_out(context: contexts.Context, console: consoles.Console, last: bool = True) -> int:
    """Bring a run to its end. Raises: errors.Error, with what to do now.

    last: no other node follows, so that those that remain are told.
    """
    console.survive_hangup()
    try:
        executor.run(context, _steps(context))
    except errors.Error as caught:
        raise outcome.explained(context, caught) from caught
    except KeyboardInterrupt:
        stopped = errors.Attention("go on", "it was interrupted at the console")
        raise outcome.explained(context, stopped) from None
    finally:
        _log_out(context)
    console.show(outcome.lines(context))
    connected = _asks_the_engine(context.journal.plan)
    chosen = context.parameters
    alone = context.journal.plan.route == diagnosis.OFFLINE_CA and not chosen.at_rest
    if last and (connected or alone or chosen.by_hand):
        console.show(others.lines(context, connected))
    if connected:
        remote.engine(context).close()
    return errors.BY_HAND if chosen.by_hand else errors.DONE
