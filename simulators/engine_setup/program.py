# SPDX-License-Identifier: Apache-2.0
"""engine-setup's own start and end: command line, configuration, log file, exit status.

Imports `environment`, `dialogue`, `sequence`, `engine_terminal` and `engine_vm`.
"""

import os
from typing import Any, Dict, List, Tuple

from simulators import engine_terminal, engine_vm
from simulators.engine_programs import Done, Session
from simulators.engine_setup import dialogue, environment, sequence

USAGE = """\
Usage: /usr/bin/engine-setup
    --log=file
        write log to this file.
    --config=file
        Load configuration files.
    --config-append=file
        Load extra configuration files or answer file.
    --offline
        Offline mode.
    --generate-answer=file
        Generate answer file.
    --reconfigure-optional-components
        Ask again about components that were disabled in previous run.
    --jboss-home=dir
        Use this jboss.
    --reconfigure-dwh-scale
        If DWH is configured, allow changing its scale.
    --accept-defaults
        Automatically use default answers in questions that have them.
    --show-environment-documentation
        Show documentation about used environment keys.

"""


def main(session: Session) -> Done:
    if "--help" in session.words:
        return 0, USAGE.encode(), b""
    try:
        told = environment.of_words(session.words)
    except environment.Wrong as wrong:
        return 1, b"", ("FATAL: %s\n" % wrong).encode()
    except environment.Unreadable as wrong:
        return 1, ("FATAL Internal error (main): %s\n" % wrong).encode(), b""
    terminal, direct = engine_terminal.opened(session.shell, session.data)
    terminal.attend()
    try:
        status, gone = _run(session, terminal, told)
    finally:
        terminal.leave()
    if gone and direct:
        raise engine_terminal.Gone
    return status, b"" if direct else bytes(terminal.output), b""


def _run(session: Session, terminal: Any, told: Dict[str, Any]) -> Tuple[int, bool]:
    """Exit status, and whether the terminal has gone away meanwhile."""
    run = _prepared(session, terminal, told)
    if isinstance(run, str):
        terminal.write("[ ERROR ] %s\n" % run)
        return 1, False
    return run.run(), run.gone


def _prepared(session: Session, terminal: Any, told: Dict[str, Any]) -> Any:
    """The run, or why it cannot begin."""
    world = session.shell.world
    try:
        known, files = _configured(session, told)
    except environment.Unreadable as wrong:
        return "Failed to execute stage 'Booting': %s" % wrong
    log = known.get("CORE/logFileName") or dialogue.log_name(world, engine_vm.wall(world))
    if not engine_vm.disk_full(world):
        os.makedirs(os.path.dirname(world.engine(log)), exist_ok=True)
    say = dialogue.Dialogue(world, terminal, known, log)
    return sequence.Sequence(session, say, known, files)


def _configured(session: Session, told: Dict[str, Any]) -> Tuple[Dict[str, Any], List[str]]:
    """What the files say, and over it what the command line says."""
    found: Dict[str, Any] = {}
    files = environment.files(told)
    for path in files:
        try:
            with open(session.shell.path(path)) as file:
                found.update(environment.of_file(file.read(), path))
        except FileNotFoundError:
            continue
    found.update(told)
    return found, files
