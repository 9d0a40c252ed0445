# SPDX-License-Identifier: Apache-2.0
"""What a run was told about the engine, told anew at `resume`: a mistyped word needs no undo."""

import argparse
from typing import Any, Dict

from recovery import context as contexts
from recovery import journal as journals
from recovery import plan as plans

WORDS = (("fingerprint", "engine_fingerprint"), ("api_user", "api_user"), ("api_ca", "api_ca"))


def by(arguments: argparse.Namespace, context: contexts.Context) -> None:
    """Have the rest of a run believe what these options say, where the command has them."""
    given = {name: getattr(arguments, option, "") for name, option in WORDS}
    told: Dict[str, Any] = {name: value for name, value in given.items() if value}
    parameters = context.parameters._replace(**told)
    if parameters == context.parameters:
        return
    changed = context.journal.plan._replace(parameters=parameters)
    context.journal.write(journals.REPLANNED, data={"plan": plans.to_json(changed)})
    context.parameters = context.journal.plan.parameters
