# SPDX-License-Identifier: Apache-2.0
"""Let engine-setup renew the engine's own certificates: the point of no return."""

from typing import List

from recovery import context as contexts
from recovery import (
    engine_certificates,
    engine_image,
    errors,
    plan,
    progress,
    remote,
    run_files,
    waiting,
)
from recovery import journal as journals
from recovery import moment as moments
from recovery.programs import engine_setup, hosted_engine
from recovery.step import Before, Step, Words

SERVICE = "ovirt-engine"
# Its Python is started with its plugin groups as a word; the bracket keeps pgrep's own shell out.
ALIVE = "pgrep -f 'ovirt-engine-common:[o]virt-engine-setup'"
ALONE_LIMIT = 3600
WEB_LIMIT = 300
BROKER_LIMIT = 180
BOOT_LIMIT = 600
QUESTION = (
    "engine-setup renews the engine's certificates (%s) now. It stops the engine for some minutes, "
    "and it cannot be undone. Any answer but yes leaves them as they are, and the run goes on."
)


class EngineSetup(Step):
    """Run once: what it has renewed is seen by the certificates' dates, not by what it said."""

    id = "engine-setup"

    def words(self, parameters: plan.Parameters) -> Words:
        unattended = parameters.engine_setup == "unattended"
        return Words(
            "renew the engine's own certificates, if they are due (POINT OF NO RETURN)",
            "an expired engine cannot reach its nodes, nor anybody its web UI; engine-setup stops "
            "the engine for some minutes; where it cannot see global maintenance it is told, once "
            "this node has seen it",
            (
                "ssh root@%s" % parameters.engine,
                "pgrep -f ...   (no other engine-setup)",
                engine_image.command(engine_image.path(parameters.subject, "run-N")),
                engine_setup.command(unattended=unattended),
                "openssl s_client -connect %s:%d ..."
                % (parameters.engine, engine_certificates.WEB_PORT),
            ),
            300,
            "cannot be undone; a copy of the engine's files from before is left on the engine",
        )

    def capture(self, context: contexts.Context) -> Before:
        due = engine_certificates.found_due(context.journal)
        if not due:
            return {"due": [], "image": ""}
        image = engine_image.path(context.parameters.subject, context.journal.run)
        engine_image.save(remote.engine(context), image)
        return {"due": due, "image": image}

    def apply(self, context: contexts.Context, before: Before) -> None:
        if not before["due"]:
            if not _left(context):
                context.say("none of the engine's own certificates ends within 60 days")
            return
        engine = remote.engine(context)
        if _left(context):  # when the run was resumed
            _started(context)
            _drop_unused(context, before)
            return
        waiting.wait(context, "engine-setup to be alone", lambda: _alone(engine), ALONE_LIMIT)
        if not context.journal.of(journals.AGREED):
            _booted(context, engine)
        renewed = not _still_due(context, engine)
        if renewed and _runs(engine):
            return  # by this run before it was cut off, or by somebody
        if not _agreed(context, before):
            return
        try:
            ended = _set_up(context, only_with_renewal=not renewed)
        except engine_setup.NotOffered as caught:
            _leave(context, caught.cause)
            return
        except engine_setup.SetupFailed as caught:
            _keep(context, caught.shown)
            raise
        _keep(context, ended.shown)
        context.say("engine-setup is done, renewed: %s" % (", ".join(ended.renewed) or "nothing"))
        context.say("its log on the engine: %s" % ended.log)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if not before["due"] or _left(context):
            return
        engine = remote.engine(context)
        known = engine_certificates.read(engine)
        late = engine_certificates.due(known, context.true_at(context.node.instant()))
        if late:
            raise errors.Error(
                "renew the engine's certificates",
                "engine-setup has ended, and these are as they were: %s" % ", ".join(late),
                next_step="look into its log on the engine: what was put there by hand is not its "
                "own, and it leaves that alone; then resume, or resume --no-engine-setup",
            )
        waiting.wait(context, SERVICE, lambda: _up(engine), WEB_LIMIT)
        web = known[engine_certificates.WEB]
        waiting.wait(
            context,
            "the engine's web certificate",
            lambda: _served(context, web["fingerprint"]),
            WEB_LIMIT,
        )
        context.journal.write(journals.RENEWED, data={"known": known})

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Refuse where engine-setup has changed anything; the engine must not stay stopped."""
        left = context.journal.of(journals.LEFT)
        if not context.journal.of(journals.AGREED) or (left and left[-1].data.get("untouched")):
            _drop_unused(context, before)
            return
        if _untouched(context):
            context.say("engine-setup has changed nothing on the engine")
            return
        orders = ["nothing" if _started(context) else "on the engine: systemctl start %s" % SERVICE]
        orders.append("the engine's files from before lie in %s on the engine" % before["image"])
        raise errors.PointOfNoReturn(
            "take back what engine-setup did on the engine",
            "it changes databases and services too, and its certificates are good ones",
            unchanged="the engine, as engine-setup left it; the rest of the run is undone",
            next_step="; ".join(orders),
        )


def _alone(engine: remote.Remote) -> waiting.Seen:
    """See that no engine-setup runs, such as one whose connection broke."""
    try:
        engine.run(ALIVE)
    except errors.ProgramFailed as caught:
        if caught.exit_status == 1:  # no process has these words (man pgrep)
            return waiting.Seen(True, "none runs")
        raise
    return waiting.Seen(False, "one is still running on the engine")


def _booted(context: contexts.Context, engine: remote.Remote) -> None:
    """Give a VM that has just booted the time to have its database up; an engine may be stopped."""
    try:
        waiting.wait(context, SERVICE, lambda: _up(engine), BOOT_LIMIT, pause=20)
    except waiting.TooLong as caught:
        context.say("%s; engine-setup can do without it" % caught.lines()[0])


def _still_due(context: contexts.Context, engine: remote.Remote) -> List[str]:
    true = context.true_at(context.node.instant())
    return engine_certificates.due(engine_certificates.read(engine), true)


def _runs(engine: remote.Remote) -> bool:
    # Its status is 3 for a unit that does not run, which is an answer too.
    return engine.word("systemctl is-active %s || true" % SERVICE) == "active"


def _untouched(context: contexts.Context) -> bool:
    """Tell whether the engine runs with the very certificates that this run has found."""
    engine = remote.engine(context)
    try:
        found = (context.journal.before(engine_certificates.LOOK) or {}).get("known")
        return engine_certificates.read(engine) == found and _runs(engine)
    except errors.Error:  # not known is not untouched
        return False


def _started(context: contexts.Context) -> bool:
    """Start the engine, should it have been left stopped; tell whether it could be asked to."""
    try:
        remote.engine(context).run("systemctl start %s" % SERVICE, timeout=WEB_LIMIT)
    except errors.Error:
        return False
    return True


def _up(engine: remote.Remote) -> waiting.Seen:
    up = _runs(engine)
    return waiting.Seen(up, "active" if up else "not active yet")


def _agreed(context: contexts.Context, before: Before) -> bool:
    """Ask once in a run, and write down what was answered before anything is done."""
    if context.journal.of(journals.AGREED):
        return True
    if not context.agree(QUESTION % ", ".join(before["due"])):
        _leave(context, "it was not agreed to")
        _drop_unused(context, before)
        return False
    engine_image.save(remote.engine(context), before["image"])  # an undo may have dropped it
    context.journal.write(journals.AGREED, data={"due": before["due"]})
    return True


def _drop_unused(context: contexts.Context, before: Before) -> None:
    """Leave no copy of the CA's key where nobody has agreed to a change."""
    if context.journal.of(journals.AGREED) or not before.get("image"):
        return
    try:
        engine_image.drop(remote.engine(context), before["image"])
    except errors.Error as caught:
        context.say("%s; on the engine: rm %s" % (caught.lines()[0], before["image"]))


def _leave(context: contexts.Context, why: str) -> None:
    context.journal.write(journals.LEFT, data={"why": why, "untouched": True})
    context.say("the engine's certificates stay as they are: %s" % why)


def _left(context: contexts.Context) -> bool:
    return bool(context.journal.of(journals.LEFT))


def _set_up(context: contexts.Context, only_with_renewal: bool) -> engine_setup.Ended:
    """Run engine-setup, past its check of global maintenance only when this node vouches for it."""
    blind = _expired(context) and _vouched(context)
    keys = (engine_setup.BYPASS,) if blind else ()
    if blind:
        context.say("the engine cannot see global maintenance, this node can: engine-setup is told")
    told = progress.Told(context, "engine-setup")

    def start() -> engine_setup.Ended:
        return engine_setup.run(
            context.node,
            remote.engine(context).target,
            keys,
            context.parameters.engine_setup == "unattended",
            only_with_renewal,
            told.line,
        )

    try:
        return start()
    except engine_setup.GateClosed:
        if keys or not _vouched(context):
            raise
    context.say("engine-setup does not see global maintenance, this node does: once more, told so")
    keys = (engine_setup.BYPASS,)
    return start()


def _expired(context: contexts.Context) -> bool:
    """Tell whether the engine itself is expired: then no node lets it in to ask."""
    known = (context.journal.before(engine_certificates.LOOK) or {}).get("known", {})
    true = context.true_at(context.node.instant())
    return "engine" in known and bool(known["engine"]["not_after"] < true)


def _vouched(context: contexts.Context) -> bool:
    """Tell whether this node's HA broker, which reads the shared storage, sees the maintenance.

    Its services may have been restarted a moment ago, so an answer is waited for.
    """
    answers: List[bool] = []

    def look() -> waiting.Seen:
        try:
            answers.append(hosted_engine.vm_status(context.node).global_maintenance)
        except errors.ProgramMissing:
            return waiting.Seen(True, "not known: this node has no HA services")
        except errors.Error as caught:
            return waiting.Seen(False, caught.seen[0] if caught.seen else caught.cause)
        return waiting.Seen(True, "on" if answers[-1] else "off")

    try:
        waiting.wait(context, "global maintenance, as this node sees it", look, BROKER_LIMIT)
    except waiting.TooLong as caught:
        context.say(caught.lines()[0])
    return answers[-1:] == [True]


def _keep(context: contexts.Context, shown: str) -> None:
    """Keep what engine-setup showed; it shows no secrets."""
    path = run_files.engine_setup(context.directory)
    context.node.replace(path, shown.encode("utf-8", "replace"))
    context.say("what it showed: %s" % path)


def _served(context: contexts.Context, wanted: str) -> waiting.Seen:
    address = context.parameters.engine
    shown, problem = engine_certificates.served(context.node, address)
    if shown is None:
        return waiting.Seen(False, problem)
    if shown.chain is False:
        return waiting.Seen(True, "of another CA; engine-setup does not renew it")
    if shown.fingerprint != wanted:
        return waiting.Seen(False, "the old one is still served")
    return waiting.Seen(not problem, problem or "valid until %s UTC" % moments.utc(shown.not_after))
