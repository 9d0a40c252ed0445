# SPDX-License-Identifier: Apache-2.0
"""Log in to the engine's API and see that it knows the hosts, before any of them is touched."""

from typing import Tuple

from recovery import context as contexts
from recovery import engine_api, errors, moment, plan
from recovery.programs import curl
from recovery.step import Before, Step, Words

PAUSE = 10
TRIES = 6  # an engine that has just been set up anew needs a minute


class ReachApi(Step):
    """Changes nothing. The token that it gets lives in memory only."""

    id = "reach-api"

    def words(self, parameters: plan.Parameters) -> Words:
        url = "https://%s/ovirt-engine/sso/oauth/token" % parameters.web
        shown = " ".join(curl.command(curl.Request(url, "POST"), parameters.api_ca)[:7])
        return Words(
            "log in to the engine as %s" % parameters.api_user,
            "its web certificate, the password and every host are checked before anything begins",
            ("%s ... --config - %s" % (shown, url),),
            5,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        """Nothing is changed: verify looks."""

    def verify(self, context: contexts.Context, before: Before) -> None:
        version = _version(context)
        context.say("the engine answers: release %s" % ".".join(str(one) for one in version))
        for name in context.parameters.hosts:
            host = context.engine_api.host(name)
            context.say(
                "%s (%s): %s, %d VM%s"
                % (host.name, host.address, host.status, host.vms, "" if host.vms == 1 else "s")
            )
            _enrollable(host, version)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed; the token is forgotten with this process."""


def _version(context: contexts.Context) -> Tuple[int, ...]:
    for attempt in range(TRIES):
        try:
            return context.engine_api.version()
        except (curl.NotReached, engine_api.EngineFailed) as caught:
            if attempt == TRIES - 1:
                raise
            context.say("%s; again in %s" % (caught.lines()[0], moment.span(PAUSE)))
        except curl.NotTrusted as caught:
            raise _explained(caught) from caught
        context.node.sleep(PAUSE)
    raise AssertionError


def _explained(refused: curl.NotTrusted) -> curl.NotTrusted:
    """Say what leads on: an engine validates tokens by calling itself, so -k would not help."""
    if refused.expired:
        refused.cause = "the engine's own web certificate is expired: its API refuses everybody"
        refused.next_step = (
            "on the engine VM, in global maintenance: engine-setup --offline; then "
            "ovirt-cert-recovery resume"
        )
    else:
        refused.next_step = (
            "a certificate of another CA is in use there? ovirt-cert-recovery resume --api-ca "
            "FILE; this is another cluster's engine? ovirt-cert-recovery undo"
        )
    return refused


def _enrollable(host: engine_api.HostState, version: Tuple[int, ...]) -> None:
    if host.status != engine_api.NON_RESPONSIVE:
        return
    if version < engine_api.ENROLLS_NON_RESPONSIVE and host.vms:
        raise errors.Error(
            "enroll %s" % host.name,
            "it is %s with running VMs, and the engine enrolls such a host from 4.5.0.7 on only"
            % host.status,
            unchanged="every host",
            next_step="ovirt-cert-recovery undo; then on that node: "
            "ovirt-cert-recovery recover --route sign",
        )
