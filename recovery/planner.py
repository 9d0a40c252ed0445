# SPDX-License-Identifier: Apache-2.0
"""Make a plan from what was observed and judged: pure.

Imports certificates (text of subjects only), diagnosis, inventory, observation, plan, procedures.
"""

from typing import Any, Dict, List, Sequence, Tuple

from recovery import certificates, diagnosis, errors, inventory, plan, procedures
from recovery import moment as moments
from recovery import observation as observations
from recovery.judgements import engine as engine_judgements
from recovery.judgements import expiry, facts
from recovery.programs import hosted_engine
from recovery.step import DECLINED, NEEDED, Step
from recovery.steps import services

# From systemd 239 (EL8) on set-time looks at what runs, before that at what is enabled.
ENABLEMENT_COUNTS_BEFORE = 239
QUIET = ("inactive", "failed")


def make(
    observation: observations.Observation, judged: diagnosis.Diagnosis, wishes: plan.Wishes
) -> plan.Plan:
    """Return the plan of the chosen route.

    Raises: errors.Inhibited (nothing can or need be done), errors.UsageError (a wish that is
    not allowed).
    """
    route = wishes.route or judged.route
    _node_certificate(observation)
    possible = [name for name in judged.allowed if name in procedures.CARRIED_OUT]
    if wishes.route and wishes.route not in possible:
        raise errors.UsageError(
            "take the route %s" % wishes.route,
            "on this node it can be %s" % (" or ".join(possible) or "none"),
            unchanged="everything",
        )
    if route not in procedures.CARRIED_OUT:
        raise errors.Inhibited("recover by route %s" % route, judged.reason, unchanged="everything")
    _authority_fits(route, wishes)
    _hand_fits(route, wishes.by_hand)
    parameters = _parameters(observation, judged, wishes, route)
    if route == diagnosis.RENEW and not (parameters.renew_engine or parameters.hosts):
        raise errors.Inhibited(
            "recover by route %s" % route,
            "the engine's own certificates are all that is due, and engine-setup was declined",
            unchanged="everything",
        )
    needs = {
        step.id: _need(step, observation, wishes, route)
        for step in procedures.of(route, parameters)
    }
    return plan.Plan(route, judged.reason, parameters, _planned(route, parameters, needs))


def by_hand(former: plan.Plan) -> plan.Plan:
    """Return a run's plan, the rest of it without ssh. Raises: errors.UsageError."""
    _hand_fits(former.route, True)
    parameters = former.parameters._replace(by_hand=True)
    needs = {one.step: one.need for one in former.steps}
    return former._replace(parameters=parameters, steps=_planned(former.route, parameters, needs))


def _planned(
    route: str, parameters: plan.Parameters, needs: Dict[str, str]
) -> Tuple[plan.PlannedStep, ...]:
    steps = []
    for step in procedures.of(route, parameters):
        words = step.words(parameters)
        steps.append(
            plan.PlannedStep(
                step.id,
                words.title,
                words.reason,
                needs.get(step.id, NEEDED),
                words.commands,
                words.seconds,
                words.undo,
            )
        )
    return tuple(steps)


def _hand_fits(route: str, wanted: bool) -> None:
    if wanted and route not in diagnosis.BY_HAND:
        raise errors.UsageError(
            "sign by hand",
            "the route is %s; by hand it can be %s" % (route, " or ".join(diagnosis.BY_HAND)),
            unchanged="everything",
        )


def _authority_fits(route: str, wishes: plan.Wishes) -> None:
    """See that a CA is at hand where one is to sign, and only there."""
    if route == diagnosis.OFFLINE_CA and not wishes.authority:
        raise errors.UsageError(
            "take the route %s" % route,
            "no CA was given",
            unchanged="everything",
            next_step="add --engine-backup FILE, or --ca-cert FILE --ca-key FILE",
        )
    if route != diagnosis.OFFLINE_CA and wishes.authority:
        raise errors.UsageError(
            "use the CA in %s" % wishes.authority, "the route %s does not sign here" % route
        )


def _engine_part(observation: observations.Observation, wishes: plan.Wishes) -> bool:
    return wishes.engine_setup != "no" and engine_judgements.setup_due(observation)


def _need(
    step: Step, observation: observations.Observation, wishes: plan.Wishes, route: str
) -> str:
    """Return the step's need; those that serve engine-setup alone may be declined."""
    if wishes.engine_setup == "no" and step in procedures.ENGINE_PART:
        return DECLINED
    if route == diagnosis.REWIND:
        # Whoever names it says that no engine is alive, whatever the HA broker and the web say.
        nobody = observation.engine._replace(vm_health="", web=None)
        observation = observation._replace(engine=nobody)
    return step.check(observation)


def _parameters(
    observation: observations.Observation,
    judged: diagnosis.Diagnosis,
    wishes: plan.Wishes,
    route: str,
) -> plan.Parameters:
    node = _node_certificate(observation)
    name = certificates.common_name(node.subject)
    return plan.Parameters(
        past=_past(judged, wishes) if route == diagnosis.REWIND else 0,
        days=wishes.days,
        subject=certificates.subject_argument(node.subject),
        sans=node.sans or (_san(name),),
        engine=_engine(observation, wishes, route),
        fingerprint=wishes.fingerprint,
        sync_running=tuple(
            unit.name for unit in observation.sync.units if unit.active not in QUIET
        ),
        sync_masked=tuple(unit.name for unit in observation.sync.units),
        sync_by_enablement=0 < observation.systemd < ENABLEMENT_COUNTS_BEFORE,
        failed=_loaded(observation, services.LIMITED),
        services=_restarted(observation),
        copies=copies(observation),
        guard_seconds=wishes.guard_seconds,
        authority=wishes.authority,
        at_rest=not observation.running,
        interim=_interim(observation) if route == diagnosis.INTERIM else (),
        engine_setup=wishes.engine_setup,
        by_hand=wishes.by_hand,
        **_enrollment(observation, wishes, name) if route == diagnosis.RENEW else {},
    )


def _enrollment(
    observation: observations.Observation, wishes: plan.Wishes, name: str
) -> Dict[str, Any]:
    """Return what is renewed: the engine's own certificates, hosts through its API, or both.

    The name in the engine's web certificate is no address.
    """
    renew_engine = _engine_part(observation, wishes)
    hosts = wishes.hosts
    by_name = wishes.route == diagnosis.RENEW and not renew_engine
    if not hosts and (_enrollment_due(observation) or by_name):
        hosts = (name,)
    this = wishes.this_host if wishes.hosts else name
    here = observation.engine.domain_state == "running"
    return {
        "web": observation.engine.fqdn or wishes.engine,
        "api_user": wishes.api_user,
        "api_ca": wishes.api_ca,
        "renew_engine": renew_engine,
        "hosts": hosts,
        "this_host": this if hosts else "",
        "carrier": wishes.carrier or (this if here else ""),
    }


def _enrollment_due(observation: observations.Observation) -> bool:
    late = [one for one in observation.certificates if facts.expired(observation, one)]
    return bool(late or expiry.soon(observation))


def _interim(observation: observations.Observation) -> Tuple[str, ...]:
    """Return the certificates without which libvirtd, vdsm or the engine VM do not start."""
    paths = [inventory.NODE_CERTIFICATE]
    for entry in inventory.COPIES:
        if entry.kind == inventory.VNC and observation.vnc_tls:
            paths.append(entry.path)
    return tuple(paths)


def _engine(observation: observations.Observation, wishes: plan.Wishes, route: str) -> str:
    """Return where the engine answers ssh; without it the run would fail with the clock back."""
    address = wishes.engine or observation.engine.fqdn
    if not (address or wishes.by_hand or route == diagnosis.OFFLINE_CA):
        raise errors.Inhibited(
            "plan a recovery",
            "the engine's address is not known: %s names no fqdn" % hosted_engine.CONF,
            unchanged="everything",
            next_step="give it: ovirt-cert-recovery recover --engine HOST",
        )
    return address


def _node_certificate(observation: observations.Observation) -> observations.Certificate:
    for one in observation.certificates:
        if one.path == inventory.NODE_CERTIFICATE and one.state == "ok":
            return one
    raise errors.Inhibited(
        "plan a recovery",
        "the node certificate %s cannot be read, so its name is not known"
        % inventory.NODE_CERTIFICATE,
        unchanged="everything",
    )


def _past(judged: diagnosis.Diagnosis, wishes: plan.Wishes) -> int:
    window = judged.window
    if window.moment is None:
        raise errors.Inhibited(
            "choose a moment to go back to",
            "no moment lies in the validity of every certificate needed",
            seen=window.begins_last + window.ends_first,
            unchanged="everything",
        )
    if wishes.past is None:
        return window.moment
    if not window.start <= wishes.past <= window.end:
        raise errors.UsageError(
            "go back to %s UTC" % moments.utc(wishes.past),
            "every certificate is valid from %s to %s UTC only"
            % (moments.utc(window.start), moments.utc(window.end)),
        )
    return wishes.past


def _loaded(observation: observations.Observation, names: Sequence[str]) -> Tuple[str, ...]:
    loaded = {unit.name for unit in observation.units if unit.load == "loaded"}
    return tuple(name for name in names if name in loaded)


def _restarted(observation: observations.Observation) -> Tuple[str, ...]:
    """Return what is restarted: where no engine VM is deployed the HA services never come up.

    They are loaded there too; a condition on hosted-engine.conf in their unit files skips them.
    """
    names = _loaded(observation, services.ORDER)
    if observation.engine.deployed:
        return names
    active = {unit.name for unit in observation.units if unit.active == "active"}
    return tuple(name for name in names if name not in services.HA or name in active)


def _san(name: str) -> str:
    digits = name.replace(".", "").isdigit() or ":" in name
    return ("IP:%s" if digits else "DNS:%s") % name


def copies(observation: observations.Observation) -> Tuple[plan.Copy, ...]:
    """Return the places of the node certificate that are there; a damaged copy is one too."""
    present = {one.path for one in observation.certificates}
    chosen: List[plan.Copy] = []
    for entry in inventory.COPIES:
        if entry.path in present:
            chosen.append(plan.Copy(entry.path, entry.key_path))
    return tuple(chosen)
