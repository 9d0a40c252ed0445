# SPDX-License-Identifier: Apache-2.0
"""What a run was told about the engine, told anew at `resume`: a mistyped word needs no undo."""

import argparse
import contextlib
from typing import Any, Dict

from recovery import context as contexts
from recovery import errors, remote, run_files
from recovery import journal as journals
from recovery import plan as plans

WORDS = (
    ("engine", "engine"),
    ("fingerprint", "engine_fingerprint"),
    ("api_user", "api_user"),
    ("api_ca", "api_ca"),
)


def told(arguments: argparse.Namespace, parameters: plans.Parameters) -> plans.Parameters:
    """Return the parameters as these options have them, where the command takes them."""
    given = {name: getattr(arguments, option, "") for name, option in WORDS}
    new: Dict[str, Any] = {name: value for name, value in given.items() if value}
    return parameters._replace(**new)


def by(arguments: argparse.Namespace, context: contexts.Context) -> None:
    """Have the rest of a run go by what these options say."""
    parameters = told(arguments, context.parameters)
    if parameters == context.parameters:
        return
    if parameters.engine != context.parameters.engine:
        _forget(context)
    changed = context.journal.plan._replace(parameters=parameters)
    context.journal.write(journals.REPLANNED, data={"plan": plans.to_json(changed)})
    context.parameters = context.journal.plan.parameters


def _forget(context: contexts.Context) -> None:
    """ssh takes a living connection whatever address is named, and host keys go by address."""
    with contextlib.suppress(errors.Error):
        remote.engine(context).close()
    context.here.remove(run_files.known_hosts(context.trust))
