# SPDX-License-Identifier: Apache-2.0
"""diagnose, plan, status: they change nothing."""

import argparse
import json
import sys
from typing import Any, Dict, Tuple

from recovery import console as consoles
from recovery import diagnose as diagnosing
from recovery import diagnosis, display, errors, local_host, observation, report, report_json
from recovery import observe as observing
from recovery import plan as plans
from recovery.commands import authority, options


def seen(
    arguments: argparse.Namespace, node: local_host.LocalHost
) -> Tuple[observation.Observation, diagnosis.Diagnosis]:
    """Observe and judge the node."""
    given = getattr(arguments, "engine", "")
    ca = getattr(arguments, "api_ca", "")
    looked = observing.observe(node, node.root, options.running(arguments), given, ca)
    looked = vouched(arguments, looked)
    judged = diagnosing.diagnose(
        looked,
        getattr(arguments, "route", ""),
        ca_given=bool(authority.source(arguments)),
        by_hand=getattr(arguments, "sign_by_hand", False),
    )
    return looked, judged


def vouched(
    arguments: argparse.Namespace, looked: observation.Observation
) -> observation.Observation:
    """Return what was seen with the engine's host key known, where its fingerprint was given."""
    if not getattr(arguments, "engine_fingerprint", ""):
        return looked
    # It stands above known_hosts.
    return looked._replace(engine=looked.engine._replace(host_key_known=True))


def diagnose(arguments: argparse.Namespace) -> int:
    """Print what was seen and judged; 3 when an inhibitor stands."""
    looked, judged = seen(arguments, options.node(arguments))
    if arguments.json:
        print_json(report_json.diagnosis_json(looked, judged))
    else:
        display.show(report.diagnosis_text(looked, judged), sys.stdout)
    return errors.INHIBITED if judged.inhibitors else errors.DONE


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan that `recover` would carry out."""
    # diagnose and status need no steps, and start sooner without them.
    from recovery import planner
    from recovery.commands import renewing

    node = options.node(arguments)
    looked, judged = seen(arguments, node)
    wishes = options.wishes(arguments, authority.source(arguments))
    if judged.route == diagnosis.NONE and not wishes.route and not judged.inhibitors:
        chosen = plans.Plan(diagnosis.NONE, judged.reason, plans.Parameters(), ())
    else:
        route = wishes.route or judged.route
        console = consoles.Console()
        wishes, _ = renewing.named(arguments, console, node, looked, route, wishes)
        chosen = planner.make(looked, judged, wishes)
        authority.load(arguments, consoles.Console(), node)
    if arguments.json:
        print_json(plans.to_json(chosen))
    else:
        consoles.Console().show(plans.lines(chosen))
    return errors.INHIBITED if judged.inhibitors else errors.DONE


def status(arguments: argparse.Namespace) -> int:
    """Tell from the journal alone how far the last run came."""
    from recovery import status as statuses

    told = statuses.of_last_run(options.node(arguments))
    if arguments.json:
        print_json(statuses.to_json(told))
    else:
        consoles.Console().show(statuses.lines(told))
    return errors.DONE


def print_json(value: Dict[str, Any]) -> None:
    """Print for a program: the same bytes for the same value."""
    print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))
