# SPDX-License-Identifier: Apache-2.0
"""engine-setup's dialogue against a script that asks as it does, over an ssh that is a script too.

Texts and order: ovirt-engine 4.3 to 4.5 (packaging/setup/plugins), otopi (dialog/human.py).
"""

from pathlib import Path
from typing import Any, List

import pytest

from recovery import errors
from recovery.local_host import LocalHost
from recovery.programs import engine_setup, ssh

HEAD = r"""#!/bin/sh
for order; do :; done
echo "$order" >> "$0.orders"
info() { printf '\033[32m[ INFO  ]\033[0m %s\n' "$1"; }
error() { printf '\033[31m[ ERROR ]\033[0m %s\n' "$1"; }
note() { printf '          %s\n' "$1"; }
ask() { printf '          %s' "$1"; read answer || exit 1; [ "$answer" ] || answer=$2; }
must() { ask "$1" "$2"; [ "$answer" = "$3" ] || { error "Invalid value $answer for $1"; exit 1; }; }
fail() {
    error "Failed to execute stage '$1': $2"
    info 'Stage: Clean up'
    note 'Log file is located at /var/log/ovirt-engine/setup/ovirt-engine-setup-1-a.log'
    error 'Execution of setup failed'
    exit 1
}
log=/var/log/ovirt-engine/setup/ovirt-engine-setup-20230220120311-abc123.log
info 'Stage: Initializing'
info 'Stage: Environment setup'
note "Log file: $log"
info 'Stage: Environment customization'
"""
FIREWALL = """
note 'Setup can automatically configure the firewall on this system.'
must 'Do you want Setup to configure the firewall? (Yes, No) [Yes]:' Yes No
"""
HISTORY = """
note 'The detected DWH database size is 385.6336507797241 MB.'
must 'Would you like to backup the existing database before upgrading it? (Yes, No) [Yes]:' Yes Yes
note 'Perform full vacuum on the oVirt engine history'
note 'database ovirt_engine_history@localhost?'
note 'This operation may take a while depending on this setup health and the'
note 'configuration of the db vacuum process.'
note 'See https://www.postgresql.org/docs/12/sql-vacuum.html'
must '(Yes, No) [No]:' No No
"""
VACUUM = """
note 'Perform full vacuum on the engine database engine@localhost?'
note 'This operation may take a while depending on this setup health and the'
note 'configuration of the db vacuum process.'
note 'See https://www.postgresql.org/docs/10/sql-vacuum.html'
must '(Yes, No) [No]:' No No
"""
RENEW = """
note 'One or more of the certificates should be renewed, because they expire soon, or include an'
note 'invalid expiry date, or do not include the subjectAltName extension.'
must 'Renew certificates? (Yes, No) [No]:' No Yes
"""
APACHE = """
note 'Apache httpd SSL was already configured in the past, but some needed changes are missing'
note 'there.'
must 'Configure again? (Yes, No) [Yes]:' Yes No
"""
VALIDATION = """
info 'Stage: Setup validation'
ask 'During execution engine service will be stopped (OK, Cancel) [OK]:' OK
[ "$answer" = OK ] ||
    fail 'Setup validation' 'Engine service is running, no approval to stop'
"""
MEMORY = """
must 'Do you want Setup to continue, with amount of memory less than recommended? (Yes, No) [No]:' \
No Yes
"""
PREVIEW = """
note '--== CONFIGURATION PREVIEW ==--'
note 'Renew PKI                               : True'
must 'Please confirm installation settings (OK, Cancel) [OK]:' OK OK
"""
WORK = """
info 'Stage: Transaction setup'
info 'Stopping engine service'
info 'Stage: Misc configuration'
info 'Upgrading CA'
info 'Renewing engine certificate'
info 'Renewing apache certificate'
"""
END = """
info 'Stage: Closing up'
info 'Starting engine service'
info 'Restarting httpd'
note "Log file is located at $log"
info 'Stage: Termination'
info 'Execution of setup completed successfully'
exit 0
"""
LOG = "/var/log/ovirt-engine/setup/ovirt-engine-setup-20230220120311-abc123.log"
FOUR_THREE = FIREWALL + HISTORY + VACUUM + RENEW + VALIDATION + PREVIEW + WORK + END
FOUR_FIVE = (
    FIREWALL + HISTORY + VACUUM + RENEW + APACHE + VALIDATION + MEMORY + PREVIEW + WORK + END
)


class Engine:
    """A node whose ssh answers as engine-setup would."""

    def __init__(self, folder: Path) -> None:
        self.ssh = folder / "programs" / "ssh"
        self.ssh.parent.mkdir()
        (folder / "root" / "proc").mkdir(parents=True)
        uptime = folder / "root" / "proc" / "uptime"
        uptime.write_text("100.00 1.0\n")
        sleep = folder / "programs" / "sleep"
        sleep.write_text(
            '#!/bin/sh\nread up rest < {0}\necho "$((${{up%.*}} + 3)).00 1.0" > {0}\n'.format(
                uptime
            )
        )
        sleep.chmod(0o755)
        self.host = LocalHost(str(folder / "root"), str(folder / "programs"))
        self.told: List[str] = []

    def run(self, script: str, **more: Any) -> engine_setup.Ended:
        self.ssh.write_text(HEAD + script)
        self.ssh.chmod(0o755)
        target = ssh.Target("virt-he.example.test")
        return engine_setup.run(self.host, target, progress=self.told.append, **more)

    def failure(self, script: str, kind: Any, **more: Any) -> Any:
        with pytest.raises(kind) as caught:
            self.run(script, **more)
        return caught.value

    def order(self) -> str:
        return (self.ssh.parent / "ssh.orders").read_text().splitlines()[-1]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


@pytest.mark.parametrize("script", [FOUR_THREE, FOUR_FIVE], ids=["4.3", "4.5"])
def test_run_every_question_is_answered_and_what_was_renewed_is_told(
    engine: Engine, script: str
) -> None:
    ended = engine.run(script)
    assert ended.renewed == ("engine", "apache") and ended.log == LOG
    assert engine.order() == "LC_ALL=C engine-setup --offline"
    assert "[ INFO  ] Renewing engine certificate" in engine.told


def test_run_keys_are_handed_over_in_one_word(engine: Engine) -> None:
    engine.run(FOUR_FIVE, keys=(engine_setup.BYPASS,))
    assert engine.order() == (
        "LC_ALL=C engine-setup --offline "
        '--otopi-environment="OVESETUP_CONFIG/continueSetupOnHEVM=bool:True"'
    )


def test_run_unattended_gives_every_answer_that_has_a_key(engine: Engine) -> None:
    script = RENEW + APACHE + VALIDATION + PREVIEW + WORK + END
    ended = engine.run(script, unattended=True, keys=(engine_setup.BYPASS,))
    assert ended.renewed == ("engine", "apache")
    order = engine.order()
    assert "OVESETUP_CONFIG/updateFirewall=bool:False" in order and engine_setup.BYPASS in order
    assert "accept-defaults" not in order
    # Whether there is anything to renew is seen by the question alone.
    for key in ("OVESETUP_PKI/renew", "OVESETUP_CORE/engineStop", "OVESETUP_DIALOG"):
        assert key not in order


def test_run_unattended_with_nothing_to_renew_is_cancelled_before_the_engine_is_stopped(
    engine: Engine,
) -> None:
    caught = engine.failure(VALIDATION + PREVIEW, engine_setup.NotOffered, unattended=True)
    assert "does not offer to renew" in caught.cause and not caught.stopped


def test_run_renewal_not_offered_is_cancelled_before_the_engine_is_stopped(engine: Engine) -> None:
    caught = engine.failure(FIREWALL + VACUUM + VALIDATION + PREVIEW, engine_setup.NotOffered)
    assert "does not offer to renew" in caught.cause and not caught.stopped
    assert caught.unchanged.startswith("the engine: it runs")


def test_run_renewal_not_offered_to_one_half_done_is_gone_through(engine: Engine) -> None:
    stopped = "info 'Stage: Setup validation'\n" + PREVIEW
    engine.run(FIREWALL + VACUUM + stopped + WORK + END, only_with_renewal=False)


def test_run_unknown_question_is_shown_and_left_to_a_person(engine: Engine) -> None:
    question = "ask 'Fix automatically? (Yes, No) [Yes]:' Yes\n"
    caught = engine.failure(FIREWALL + question, engine_setup.Waits)
    assert caught.status == errors.ATTENTION and not caught.stopped
    assert "Fix automatically? (Yes, No) [Yes]:" in caught.cause
    assert "answering yourself; then resume" in caught.next_step


def test_run_question_without_colon_is_left_to_a_person(engine: Engine) -> None:
    question = "ask '(Answering \"no\" will stop the upgrade (Yes, No) ' Yes\n"
    caught = engine.failure(FIREWALL + RENEW + question, engine_setup.Waits)
    assert 'Answering "no" will stop the upgrade' in caught.cause


@pytest.mark.parametrize(
    "question",
    [
        "Skip PKI renewal process? (Yes, No) [No]:",
        "Continue with Setup and overwrite existing PKI files? (Yes, No) [No]:",
    ],
)
def test_run_question_that_would_do_harm_is_never_answered(engine: Engine, question: str) -> None:
    caught = engine.failure(
        "ask '%s' No\n/bin/touch \"$0.answered\"\n" % question, engine_setup.Waits
    )
    assert caught.status == errors.ATTENTION
    assert not (engine.ssh.parent / "ssh.answered").exists()


TASKS = (
    "Upgrade cannot be completed; asynchronious tasks or commands or compensations are still "
    "running. Please make sure that there are no running tasks before you continue."
)
# What engine-setup says, what is meant, who acts.
BEFORE = [
    (
        "Hosted Engine setup detected, but Global Maintenance is not set.",
        engine_setup.GateClosed,
        "does not see the global maintenance",
        errors.ATTENTION,
    ),
    (
        "Upgrade aborted, database integrity cannot be established.",
        engine_setup.Waits,
        "database inconsistent",
        errors.ATTENTION,
    ),
    (
        TASKS,
        engine_setup.Waits,
        "tasks of the engine are still running",
        errors.ATTENTION,
    ),
    ("Aborted by user", engine_setup.Waits, "an answer for No", errors.ATTENTION),
    ("End of file", engine_setup.SetupFailed, "terminal was closed", errors.FAILED),
    ("something unheard of", engine_setup.SetupFailed, "status 1", errors.FAILED),
]


@pytest.mark.parametrize("line, kind, meant, status", BEFORE, ids=[row[0][:20] for row in BEFORE])
def test_run_failure_before_anything_is_done_leaves_the_engine_running(
    engine: Engine, line: str, kind: Any, meant: str, status: int
) -> None:
    script = FIREWALL + RENEW + "info 'Stage: Setup validation'\nfail 'Setup validation' '%s'\n"
    caught = engine.failure(script % line, kind)
    assert type(caught) is kind and meant in caught.cause and caught.status == status
    assert not caught.stopped and caught.unchanged
    assert line in " ".join(caught.seen) and "ovirt-engine-setup-1-a.log" in caught.seen[-1]


@pytest.mark.parametrize(
    "line, meant",
    [
        (
            "Command '/usr/share/ovirt-engine/bin/pki-enroll-pkcs12.sh' failed to execute",
            "could not sign a certificate",
        ),
        (
            "[Errno 2] No such file or directory: '/etc/pki/ovirt-engine/keys/ovn-sdb.key.nopass'",
            "its own OVN step",
        ),
    ],
    ids=["signing", "ovn key"],
)
def test_run_failure_half_way_tells_that_the_engine_is_stopped(
    engine: Engine, line: str, meant: str
) -> None:
    script = RENEW + VALIDATION + PREVIEW + WORK + 'fail "Misc configuration" "%s"\n'
    caught = engine.failure(script % line, engine_setup.SetupFailed)
    assert meant in caught.cause and caught.stopped and not caught.unchanged
    assert "resume runs engine-setup again" in caught.next_step
    assert "systemctl start ovirt-engine" in caught.next_step


def test_run_connection_lost_half_way_tells_that_the_engine_is_stopped(engine: Engine) -> None:
    lost = "echo 'Timeout, server virt-he.example.test not responding.'\nexit 255\n"
    caught = engine.failure(RENEW + VALIDATION + PREVIEW + WORK + lost, engine_setup.SetupFailed)
    assert "connection to the engine was lost" in caught.cause and caught.stopped


def test_run_good_end_without_its_words_is_no_success(engine: Engine) -> None:
    caught = engine.failure(RENEW + "exit 0\n", engine_setup.SetupFailed)
    assert "without a word of success" in caught.cause
