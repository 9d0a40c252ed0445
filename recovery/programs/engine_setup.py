# SPDX-License-Identifier: Apache-2.0
"""engine-setup on the engine: its dialogue, its failures, what it told.

Questions, defaults and stages: ovirt-engine packaging/setup/plugins of 4.3 to 4.5, otopi
dialog/human.py. `--accept-defaults` is never given: the renewal's default is No, and No aborts
(older releases do not know the option at all).
"""

import re
from typing import List, NamedTuple, Optional, Tuple, Type

from recovery import dialogue, errors, host
from recovery.programs import ssh

# A large history database is dumped first, which engine-setup itself says may take hours.
LIMIT = 6 * 3600
# otopi ends every line but that of a question, and not each question ends in a colon.
PATIENCE = 5.0
RENEWAL = "renewal"
# The check reads the engine's database, which no expired node or engine can bring up to date
# (ovirt-engine-common/ovirt-engine/system/he.py).
BYPASS = "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True"


class Row(NamedTuple):
    """A question: the words at its end, our answer, the environment key that spares it.

    No key where the question itself tells something: without an offer of renewal nothing is
    stopped, and a key would keep engine-setup from saying whether there is one.
    """

    name: str
    expect: str
    answer: str
    key: str = ""


YES_NO = r" \(Yes, No\) \[%s\]:"
RENEW = r"Renew certificates\?" + YES_NO % "No"
# Only certificates are renewed: firewall, Apache and databases stay as they are.
ROWS = (
    Row(
        "firewall",
        r"Do you want Setup to configure the firewall\?" + YES_NO % "Yes",
        "No",
        "OVESETUP_CONFIG/updateFirewall=bool:False",
    ),
    # No means one more question, and no way back for the history if Setup fails.
    Row(
        "history backup",
        r"backup the existing database before upgrading it\?" + YES_NO % "Yes",
        "Yes",
        "OVESETUP_DWH_DB/performBackup=bool:True",
    ),
    Row(
        "history vacuum",
        r"full vacuum on the oVirt engine history database \S+\?[^?]*" + YES_NO % "No",
        "No",
        "OVESETUP_DB/dwhVacuumFull=bool:False",
    ),
    Row(
        "vacuum",
        r"full vacuum on the engine database \S+\?[^?]*" + YES_NO % "No",
        "No",
        "OVESETUP_DB/engineVacuumFull=bool:False",
    ),
    Row(RENEWAL, RENEW, "Yes"),
    Row("apache", r"changes are missing there\. Configure again\?" + YES_NO % "Yes", "No"),
    # It runs with that memory as it is.
    Row("memory", r"amount of memory less than recommended\?" + YES_NO % "No", "Yes"),
    Row(
        "stop",
        r"During execution engine service will be stopped \(OK, Cancel\) \[OK\]:",
        "OK",
    ),
    Row(
        "settings",
        r"Please confirm installation settings \(OK, Cancel\) \[OK\]:",
        "OK",
    ),
)
# Asked only after the renewal would have been: without it there is nothing to stop for.
LAST = ("stop", "settings")
# Yes to the first leaves the certificates to expire, to the second destroys the CA.
FATAL = (r"Skip PKI renewal process\?", r"overwrite existing PKI files\?")


class Ended(NamedTuple):
    """What a run that came to its good end told."""

    renewed: Tuple[str, ...]  # names of entities: engine, apache, ovn-ndb ...
    log: str  # its log on the engine, "" when it named none
    shown: str


class SetupFailed(errors.Error):
    """engine-setup did not come to its good end; `stopped`: the engine is down now."""

    def __init__(self, cause: str, shown: str, stopped: bool, next_step: str = "") -> None:
        super().__init__(
            "renew the engine's certificates by engine-setup",
            cause,
            seen=evidence(shown),
            unchanged="" if stopped else "the engine: it runs as it did",
            next_step="%s; to go on without it: resume --no-engine-setup"
            % (next_step or "ovirt-cert-recovery resume"),
        )
        self.shown = shown
        self.stopped = stopped


class GateClosed(SetupFailed):
    """The engine does not know of global maintenance."""

    status = errors.ATTENTION


class NotOffered(SetupFailed):
    """engine-setup sees no certificate that it would renew; it was cancelled."""


class Waits(SetupFailed):
    """It stopped at something that only a person can decide."""

    status = errors.ATTENTION


class Cause(NamedTuple):
    """A line of engine-setup's, what it means, and what a person does about it."""

    line: str
    cause: str
    next_step: str
    kind: Type[SetupFailed] = SetupFailed


BY_HAND = "on the engine: `engine-setup --offline`, answering yourself; then resume"
CAUSES = (
    Cause(
        "Global Maintenance is not set",
        "it does not see the global maintenance",
        "set it on a node of the engine VM (hosted-engine --set-maintenance --mode=global) and see "
        "it there (--vm-status); then resume; should the engine not see it for its expired "
        'certificates: engine-setup --offline --otopi-environment="%s" there, then resume' % BYPASS,
        GateClosed,
    ),
    Cause(
        "asynchronious tasks or commands or compensations are still running",
        "tasks of the engine are still running",
        "wait for them or end them (taskcleaner.sh on the engine), then resume",
        Waits,
    ),
    Cause(
        "database integrity cannot be established",
        "it finds its database inconsistent",
        BY_HAND,
        Waits,
    ),
    Cause("pki-enroll-pkcs12.sh' failed", "it could not sign a certificate", ""),
    Cause(
        "ovn-sdb.key.nopass", "it does not find a key that its own OVN step should have made", ""
    ),
    Cause("Aborted by user", "it took an answer for No", BY_HAND, Waits),
    Cause("End of file", "its terminal was closed at a question", ""),
)


def command(keys: Tuple[str, ...] = (), unattended: bool = False) -> str:
    """Return the shell line; `unattended` gives answers as environment keys beforehand."""
    given = tuple(row.key for row in ROWS if row.key) if unattended else ()
    words = "LC_ALL=C engine-setup --offline"
    if given + keys:
        words += ' --otopi-environment="%s"' % " ".join(given + keys)
    return words


def talk(only_with_renewal: bool) -> dialogue.Dialogue:
    """Return the dialogue; with the flag it is cancelled where no renewal was offered."""
    questions = tuple(
        dialogue.Question(
            row.name,
            row.expect,
            row.answer,
            needs=RENEWAL if only_with_renewal and row.name in LAST else "",
            otherwise="Cancel",
        )
        for row in ROWS
    )
    return dialogue.Dialogue(fatal=FATAL, questions=questions, patience=PATIENCE)


def run(
    node: host.Host,
    target: ssh.Target,
    keys: Tuple[str, ...] = (),
    unattended: bool = False,
    only_with_renewal: bool = True,
    progress: Optional[host.Progress] = None,
) -> Ended:
    """Run engine-setup to its end, over the shared connection, on a terminal.

    Raises: GateClosed, NotOffered, Waits (attention), SetupFailed.
    """
    order = command(keys, unattended)
    spoken = talk(only_with_renewal)
    try:
        shown = ssh.interact(node, target, order, spoken, LIMIT, progress)
    except errors.UnexpectedOutput as caught:
        raise _unanswered(caught.text) from caught
    except errors.ProgramTimeout as caught:
        cause = "it did not end within %d hours" % (LIMIT // 3600)
        raise SetupFailed(cause, "", True, _then(True)) from caught
    except errors.ProgramFailed as caught:
        raise _failure(caught.stdout, caught.exit_status) from caught
    if "Execution of setup completed successfully" not in shown:
        raise SetupFailed("it ended without a word of success", shown, stopped(shown))
    return Ended(tuple(re.findall(r"Renewing (\S+) certificate", shown)), log(shown), shown)


def _failure(shown: str, status: int) -> SetupFailed:
    """Return the error for a run that ended badly."""
    down = stopped(shown)
    if status == 255:  # of ssh itself
        return SetupFailed("the connection to the engine was lost", shown, down, _then(down))
    words = " ".join(shown.split())  # long lines are broken
    cancelled = "no approval to stop" in words or "rejected by user" in words
    if cancelled and not re.search(RENEW, words):
        return NotOffered("engine-setup does not offer to renew any certificate", shown, down)
    for one in CAUSES:
        if one.line in words:
            return one.kind(one.cause, shown, down, _then(down, one.next_step))
    return SetupFailed("it ended with status %d" % status, shown, down, _then(down))


def _unanswered(shown: str) -> SetupFailed:
    return Waits(
        "it asks what nobody planned for: %s" % dialogue.unfinished(shown.rstrip("\n")),
        shown,
        stopped(shown),
        BY_HAND,
    )


def _then(down: bool, mended: str = "") -> str:
    if mended or not down:
        return mended
    return (
        "ovirt-cert-recovery resume runs engine-setup again; to start the engine only: on the "
        "engine `systemctl start ovirt-engine`"
    )


def stopped(shown: str) -> bool:
    """Tell whether engine-setup has stopped the engine and not started it again."""
    return "Stage: Transaction setup" in shown and "Starting engine service" not in shown


def log(shown: str) -> str:
    """Return where engine-setup says that its log lies, "" when it did not."""
    found = re.findall(r"Log file(?: is located at|:) (/\S+)", shown)
    return str(found[-1]) if found else ""


def evidence(shown: str) -> List[str]:
    """Return the lines that tell most: errors, else the last that was shown; and the log."""
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("[ ERROR ]")][:3] or lines[-1:]
    return told + (["log on the engine: %s" % log(shown)] if log(shown) else [])
