# SPDX-License-Identifier: Apache-2.0
"""rehearse: the very same commands against a simulated node in a directory of its own."""

import argparse
import contextlib
import shlex
import tempfile
from typing import Iterator, Sequence

from recovery import cli, errors
from recovery import console as consoles


def rehearse(arguments: argparse.Namespace) -> int:
    """Build the node, run the command on it, say what the simulated world itself tells."""
    # The only place where the product reaches its simulators; they never import us.
    try:
        from simulators import rehearse as simulated
        from simulators import scenarios
    except ImportError as caught:  # they make certificates, which plain Python cannot
        raise errors.Attention(
            "rehearse",
            "the cryptography library cannot be loaded (%s)" % caught,
            next_step="SHIV_ROOT=DIR, where programs may be run, or another machine",
        ) from caught

    console = consoles.Console()
    if arguments.scenario not in scenarios.NAMES:
        console.show(["%-20s %s" % (name, scenarios.SUMMARIES[name]) for name in scenarios.NAMES])
        if arguments.scenario:
            raise errors.UsageError(
                "rehearse %s" % arguments.scenario, "there is no such scenario; see the list above"
            )
        return errors.DONE
    with _directory(arguments.keep) as directory:
        prepared = simulated.prepare(arguments.scenario, arguments.release, directory)
        console.show(["Rehearsal of " + prepared.title] + prepared.intro_lines + [""])
        status = _run(console, prepared.arguments, arguments.instead)
        console.show(["", "The simulated world's own account:"])
        console.show(["  " + line for line in simulated.epilogue(prepared.world)])
    return status


@contextlib.contextmanager
def _directory(keep: str) -> Iterator[str]:
    if keep:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="ovirt-cert-recovery-") as directory:
        yield directory


def _run(console: consoles.Console, prepared: Sequence[str], instead: str) -> int:
    """Run the rehearsal's command; an error is part of what a rehearsal shows."""
    chosen = list(prepared)
    if instead:
        chosen = chosen[: chosen.index("recover")] + shlex.split(instead)
    try:
        return cli.run(chosen)
    except errors.Error as caught:
        console.complain(caught)
        return caught.status
