# SPDX-License-Identifier: Apache-2.0
"""Records what the real programs in the machine print, as simulators/samples/debian12/*/*.txt.

`python -m tests.contract.machine.record [PROGRAM/CASE ...]`, with the test environment's Python.
Each group of commands has a machine of its own and goes from top to bottom in it.
"""

import os
import shutil
import sys
import tempfile
from typing import List, NamedTuple

from bundle import paths
from recovery.programs import pgrep
from simulators.vm import frozen, image, machine
from simulators.vm.agent import Done

SAMPLES = str(paths.ROOT / "simulators" / "samples" / "debian12")
# As the tool runs programs; UTC, so that no sample depends on a zone.
SETTING = "cd /; unset LANG; export LC_ALL=C TZ=UTC TERM=dumb; "

SHOW = "systemctl show --no-pager -p %s %s"
PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Result,UnitFileState,ExecMainStatus,"
    "ActiveEnterTimestampMonotonic,InvocationID"
)
UNITS = (
    "libvirtd.service libvirtd.socket libvirtd-ro.socket vdsmd.service ovirt-ha-agent.service "
    "sanlock.service chronyd.service ntpd.service"
)
TIMER = "systemd-run --unit=guard --on-active=900s --timer-property=AccuracySec=1s true"
TIMER_SHOWN = SHOW % (PROPERTIES, "guard.timer guard.service")
PKI = "/etc/pki/vdsm/"
CERTIFICATE = PKI + "certs/vdsmcert.pem"
CLIENT = (
    "openssl s_client -connect localhost:54321 -tls1_2 -showcerts -cert {0}certs/vdsmcert.pem "
    "-key {0}keys/vdsmkey.pem -CAfile {0}certs/cacert.pem -verify_return_error"
).format(PKI)
AUTH = "qemu:///system?authfile=/etc/ovirt-hosted-engine/virsh_auth.conf"
VIRSH = "virsh -c '%s' " % AUTH
WRONG = "sed s/^password=.*/password=wrong/ /etc/ovirt-hosted-engine/virsh_auth.conf > /run/wrong"
ENGINE = "virt-he.example.test"
SSH = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=%s root@" + ENGINE
ASKED = "ssh-keyscan -T 60 %s 2>/dev/null" % ENGINE
SEEN = "ssh-keyscan -T 60 %s > /run/known 2>/dev/null" % ENGINE
COUNT = "pgrep -c -f '%s'" % pgrep.QEMU
FAILURES = (
    "journalctl --no-pager -o json -n 40 _SYSTEMD_UNIT=libvirtd.service PRIORITY=3 + "
    "_COMM=libvirtd PRIORITY=3 + UNIT=libvirtd.service UNIT=libvirtd.socket UNIT=vdsmd.service "
    "PRIORITY=3 PRIORITY=4"
)


class Case(NamedTuple):
    """`before` is run and not recorded; an empty name records nothing."""

    name: str  # program/case
    command: str
    before: str = ""


EXPIRED = [
    Case("systemctl/version", "systemctl --version"),
    Case("systemctl/show-units", SHOW % (PROPERTIES, UNITS)),
    Case("systemctl/start-not-found", "systemctl start nosuch.service"),
    Case("systemctl/reset-failed-not-loaded", "systemctl reset-failed nosuch.service"),
    Case("systemctl/enable-not-found", "systemctl enable nosuch.service"),
    Case("systemctl/list-pattern", "systemctl list-units --all --plain --no-legend 'libvirtd*'"),
    Case("journalctl/failures", FAILURES),
    Case("timedatectl/show-refusing", "timedatectl show"),
    Case("timedatectl/set-time-epoch-refused", "timedatectl set-time @1674122400"),
    Case("chronyc/csv-tracking-silent", "chronyc -c tracking"),
    Case("chronyc/csv-sources-silent", "chronyc -c sources"),
    Case("virsh/list-all-down", "virsh -r list --all"),
    Case("hwclock/show-broken-node", "hwclock --show"),
    Case("hwclock/set-without-date", "hwclock --set"),
    Case("hwclock/set-nonsense", "hwclock --set --utc --date=nonsense"),
    Case("date/nonsense", "date -s nonsense"),
    Case("df/paths", "df -Pk /etc/pki /var/lib /var/log"),
    Case("df/missing", "df -Pk / /nonexistent"),
    Case("openssl/x509-dates", "openssl x509 -in %s -noout -subject -dates" % CERTIFICATE),
    Case(
        "openssl/verify-expired",
        "openssl verify -CAfile %scerts/cacert.pem %s" % (PKI, CERTIFICATE),
    ),
    Case("openssl/nobody-listens", CLIENT),
    Case("pgrep/count-none", COUNT),
    Case("pgrep/no-pattern", "pgrep -f"),
    Case("ssh-keyscan/unknown-name", "ssh-keyscan -T 5 nowhere.example.test"),
    Case("ssh-keyscan/no-answer", "ssh-keyscan -T 5 " + ENGINE),
    Case("ssh/no-route", SSH % "/root/.ssh/known_hosts" + " true"),
    Case("systemd-run/on-active-900", TIMER),
    Case("systemd-run/taken", TIMER),
    Case("systemctl/show-transient", TIMER_SHOWN),
    Case("systemctl/show-transient-stopped", TIMER_SHOWN, "systemctl stop guard.timer"),
    Case("systemctl/stop-not-loaded", "systemctl stop guard.timer"),
    Case("systemd-run/not-found", TIMER.replace(" true", " /nonexistent/program")),
    Case("chronyc/no-daemon", "chronyc -c tracking", "systemctl stop chronyd"),
    Case("systemctl/mask-runtime", "systemctl mask --runtime chronyd.service"),
    Case("systemctl/start-masked", "systemctl start chronyd.service"),
    Case("systemctl/show-masked", SHOW % (PROPERTIES, "chronyd.service")),
    Case("timedatectl/set-ntp-masked", "timedatectl set-ntp yes"),
    Case("systemctl/unmask-runtime", "systemctl unmask --runtime chronyd.service"),
    Case("date/set-epoch", "date -s @1674122400.00"),
    Case(
        "journalctl/step-back",
        "journalctl --no-pager -o json --after-cursor=$(cat /run/cursor)",
        "journalctl -o json -n 0 --show-cursor | sed 's/-- cursor: //' > /run/cursor; "
        "timedatectl set-time @1674036000; systemctl restart wdmd",
    ),
]
RUNNING = [
    Case("pgrep/count-running", COUNT),
    Case("virsh/list-all-running", "virsh -r list --all"),
    Case("virsh/list-inactive-empty", "virsh -r list --inactive"),
    Case("virsh/destroy-read-only", "virsh -r destroy HostedEngine"),
    Case(
        "virsh/wrong-password",
        VIRSH.replace("/etc/ovirt-hosted-engine/virsh_auth.conf", "/run/wrong") + "list --all",
        WRONG,
    ),
    Case("openssl/vdsm-expired", CLIENT),
    Case("ssh-keyscan/answer", "ssh-keyscan -T 10 " + ENGINE),
    Case("ssh-keygen/fingerprint", ASKED + " | ssh-keygen -l -f -"),
    Case("ssh-keygen/found", "ssh-keygen -F %s -f /run/known" % ENGINE, SEEN),
    Case("ssh-keygen/not-found", "ssh-keygen -F nowhere.example.test -f /run/known"),
    Case("ssh/unknown-host-key", SSH % "/nonexistent" + " true"),
    Case("ssh/no-password", SSH % "/run/known" + " true"),
    Case("systemctl/stop-woken-by-sockets", "systemctl stop libvirtd.service"),
]
GROUPS = {"node-expired": EXPIRED, "still-running": RUNNING}


def record(wanted: List[str]) -> List[str]:
    """Record the cases named (all, when none is); the paths written. Raises: Failed."""
    written = []
    for scenario, cases in GROUPS.items():
        if not wanted or any(case.name in wanted for case in cases):
            written += _group(scenario, cases, wanted)
    return written


def _group(scenario: str, cases: List[Case], wanted: List[str]) -> List[str]:
    folder = tempfile.mkdtemp(prefix="vm-")
    written = []
    try:
        node = machine.Machine(folder, image.ensure(), frozen.ensure(scenario))
        try:
            node.wait()
            for case in cases:
                if case.before:
                    node.out(SETTING + case.before)
                done = node.run(SETTING + case.command)
                if not wanted or case.name in wanted:
                    written.append(_keep(case, done))
        finally:
            node.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return written


def _keep(case: Case, done: Done) -> str:
    path = os.path.join(SAMPLES, case.name + ".txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(shape(case.command, done))
    return path


def shape(command: str, done: Done) -> str:
    """The sample's text; a last line that has no end gets one."""
    text = "$ %s\n%s" % (command, _ended(done.out))
    if done.err:
        text += "--stderr--\n" + _ended(done.err)
    return text + "[exit %d]\n" % done.status


def _ended(text: str) -> str:
    return text + "\n" if text and not text.endswith("\n") else text


if __name__ == "__main__":
    print("\n".join(record(sys.argv[1:])))
