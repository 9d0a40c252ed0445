# SPDX-License-Identifier: Apache-2.0
"""What the route `renew` needs beside the others: the API's password, the hosts in their order."""

import argparse
from typing import List, Optional, Tuple

from recovery import certificates, diagnosis, engine_api, errors, observe
from recovery import console as consoles
from recovery import host as hosts_
from recovery import observation as observations
from recovery import plan as plans
from recovery.commands import options


def api(
    arguments: argparse.Namespace,
    console: consoles.Console,
    node: hosts_.Host,
    parameters: plans.Parameters,
) -> Optional[engine_api.Api]:
    """Return the engine's API, None for a plan that never speaks with it.

    Raises: errors.UsageError.
    """
    if not parameters.hosts:
        return None
    secret = options.api_password(arguments, console, parameters.api_user)
    if secret is None:
        return None
    return engine_api.Api(node, parameters.web, parameters.api_ca, parameters.api_user, secret)


def required(found: Optional[engine_api.Api], parameters: plans.Parameters) -> None:
    """See, before anything begins, that a password was given where one is needed.

    Raises: errors.UsageError.
    """
    if parameters.hosts and found is None:
        raise errors.UsageError(
            "log in to the engine as %s" % parameters.api_user,
            "nobody gave the password",
            unchanged="everything",
            next_step="give it with --api-password-file FILE",
        )


def named(
    arguments: argparse.Namespace,
    console: consoles.Console,
    node: hosts_.Host,
    seen: observations.Observation,
    route: str,
    wishes: plans.Wishes,
) -> Tuple[plans.Wishes, Optional[engine_api.Api]]:
    """Ask the engine for the hosts that were named, so that the plan can show them in order.

    Without a name it is this node alone, and nobody needs to be asked before the plan.
    Raises: errors.UsageError, and what `engine_api` raises.
    """
    if not (arguments.node or arguments.all_nodes):
        return wishes, None
    if route != diagnosis.RENEW:
        raise errors.UsageError("choose nodes", "that belongs to the route %s" % diagnosis.RENEW)
    web = plans.Parameters(
        web=seen.engine.fqdn or wishes.engine,
        api_user=wishes.api_user,
        api_ca=wishes.api_ca,
        hosts=tuple(arguments.node) or ("all",),
    )
    found = api(arguments, console, node, web)
    required(found, web)
    assert found is not None
    chosen = found.hosts() if arguments.all_nodes else [found.host(one) for one in arguments.node]
    return _ordered(found, seen, chosen, wishes), found


def _ordered(
    found: engine_api.Api,
    seen: observations.Observation,
    chosen: List[engine_api.HostState],
    wishes: plans.Wishes,
) -> plans.Wishes:
    """Put this node first and the one that carries the engine VM last; each is there once."""
    here = _address(seen)
    carrier = found.engine_carrier()
    unique = {one.id: one for one in chosen}.values()
    order = sorted(unique, key=lambda one: (one.id == carrier, one.address != here, one.name))
    return wishes._replace(
        hosts=tuple(one.name for one in order),
        this_host="".join(one.name for one in order if one.address == here),
        carrier="".join(one.name for one in order if one.id == carrier),
    )


def _address(seen: observations.Observation) -> str:
    """Return the address by which the engine knows this node: its certificate's name."""
    certificate = observe.node_certificate(seen)
    return certificates.common_name(certificate.subject) if certificate else seen.hostname
