# SPDX-License-Identifier: Apache-2.0
"""The tool's parsers on what the real programs printed in the virtual machine."""

from pathlib import Path
from typing import Any, Callable

import pytest

from recovery import errors, host
from recovery.observation import Unit
from recovery.observing import failures
from recovery.programs import (
    chronyc,
    df,
    journalctl,
    openssl,
    pgrep,
    ssh,
    ssh_keyscan,
    systemctl,
    systemd_run,
    timedatectl,
    virsh,
)
from tests.unit import nodes, samples

CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"
TARGET = ssh.Target("virt-he.example.test")
Say = Callable[[str, str], host.Host]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """say("systemctl", "version") -> a node whose systemctl says that."""
    node = nodes.Node(tmp_path)

    def answer(program: str, case: str) -> host.Host:
        node.answers(program, *samples.read(program, case))
        return node.host

    return answer


def test_version(say: Say) -> None:
    assert systemctl.version(say("systemctl", "version")) == 252


def test_states_of_a_node_that_failed(say: Say) -> None:
    names = "libvirtd.service libvirtd.socket libvirtd-ro.socket vdsmd.service".split()
    names += "ovirt-ha-agent.service sanlock.service chronyd.service ntpd.service".split()
    found = systemctl.show(say("systemctl", "show-units"), names)
    states = [(one.load, one.active, one.result) for one in found]
    failed, fine = ("loaded", "failed"), ("loaded", "active", "success")
    assert states == [
        failed + ("exit-code",),
        failed + ("service-start-limit-hit",),
        failed + ("service-start-limit-hit",),
        ("loaded", "inactive", "success"),
        fine,
        fine,
        fine,
        ("not-found", "inactive", "success"),
    ]
    assert (found[0].exec_status, found[0].enabled) == (6, "enabled")
    assert len(found[0].invocation) == 32 and found[3].invocation == ""
    assert found[1].entered_active > 0 and found[0].entered_active == 0


def test_transient_timer_armed_and_stopped(say: Say) -> None:
    names = ["guard.timer", "guard.service"]
    timer, service = systemctl.show(say("systemctl", "show-transient"), names)
    assert (timer.active, timer.sub, timer.enabled) == ("active", "waiting", "transient")
    assert service.active == "inactive"
    gone = systemctl.show(say("systemctl", "show-transient-stopped"), names)
    assert gone == [Unit(name, "not-found", "inactive", "dead", "success") for name in names]


def test_masked_unit(say: Say) -> None:
    (found,) = systemctl.show(say("systemctl", "show-masked"), ["chronyd.service"])
    assert (found.load, found.active, found.enabled) == ("masked", "inactive", "masked-runtime")


def test_unit_that_is_not_loaded_has_nothing_to_reset(say: Say) -> None:
    systemctl.reset_failed(say("systemctl", "reset-failed-not-loaded"), "nosuch.service")


@pytest.mark.parametrize(
    "case, call, seen",
    [
        ("start-not-found", systemctl.start, "Unit nosuch.service not found."),
        ("start-masked", systemctl.start, "Unit chronyd.service is masked."),
        ("stop-not-loaded", systemctl.stop, "Unit guard.timer not loaded."),
        ("enable-not-found", systemctl.enable, "Unit file nosuch.service does not exist."),
    ],
)
def test_refused_orders_are_errors(say: Say, case: str, call: Any, seen: str) -> None:
    with pytest.raises(errors.ProgramFailed) as caught:
        call(say("systemctl", case), "some.service")
    assert seen in caught.value.seen[-1]


@pytest.mark.parametrize("case", ["mask-runtime", "unmask-runtime", "stop-woken-by-sockets"])
def test_words_on_standard_error_are_no_failure(say: Say, case: str) -> None:
    call = {"mask-runtime": systemctl.mask, "unmask-runtime": systemctl.unmask}
    call.get(case, systemctl.stop)(say("systemctl", case), "some.service")


@pytest.mark.parametrize("case, fails", [("on-active-900", 0), ("taken", 1), ("not-found", 1)])
def test_timer_is_armed_or_refused(say: Say, case: str, fails: int) -> None:
    node = say("systemd-run", case)
    if not fails:
        systemd_run.after(node, "guard", 900, ["true"])
        return
    with pytest.raises(errors.ProgramFailed):
        systemd_run.after(node, "guard", 900, ["true"])


def test_failures_in_the_journal(say: Say) -> None:
    found, entries = failures.observe(say("journalctl", "failures"), [], "")
    kinds = {(one.kind, one.unit, one.path) for one in found}
    assert ("expired", "libvirtd.service", CERTIFICATE) in kinds
    assert ("start-limit", "libvirtd.service", "") in kinds
    assert ("dependency", "vdsmd.service", "") in kinds
    monotonic = [one.monotonic for one in entries]
    assert monotonic == sorted(monotonic) and all(one.cursor for one in entries)


def test_step_of_the_clock_in_the_journal() -> None:
    entries, garbage = journalctl.parse(samples.read("journalctl", "step-back").stdout)
    assert garbage == 0
    assert "Time jumped backwards, rotating." in [one.message for one in entries]
    ((before, after),) = failures.clock_steps(entries, entries[0].boot_id)
    assert before - after == pytest.approx(86400, abs=120)


def test_clock_that_is_kept_is_not_set_and_not_busy(say: Say) -> None:
    with pytest.raises(errors.ProgramFailed) as caught:
        timedatectl.set_time(say("timedatectl", "set-time-epoch-refused"), 1674122400)
    assert not timedatectl.refused_as_busy(caught.value)
    with pytest.raises(errors.ProgramFailed, match="status 1"):
        timedatectl.set_ntp(say("timedatectl", "set-ntp-masked"), True)


def test_chronyd_with_a_silent_server_and_without_itself(say: Say) -> None:
    assert not chronyc.tracking(say("chronyc", "csv-tracking-silent")).synchronised
    (source,) = chronyc.sources(say("chronyc", "csv-sources-silent"))
    assert source == chronyc.Source("?", "10.0.2.2", 0, 0.0)
    with pytest.raises(errors.ProgramFailed) as caught:
        chronyc.tracking(say("chronyc", "no-daemon"))
    assert caught.value.seen[-1] == "506 Cannot talk to daemon"


def test_domains(say: Say) -> None:
    assert virsh.domains(say("virsh", "list-all-running")) == {"HostedEngine": "running"}
    assert virsh.domains(say("virsh", "list-inactive-empty")) == {}
    with pytest.raises(errors.ProgramFailed) as caught:
        virsh.domains(say("virsh", "list-all-down"))
    assert "Connection refused" in caught.value.seen[-1]


def test_free_space(say: Say) -> None:
    paths = ["/etc/pki", "/var/lib", "/var/log"]
    assert [path for path, free in df.free(say("df", "paths"), paths) if free > 1 << 30] == paths
    with pytest.raises(errors.ProgramFailed):
        df.free(say("df", "missing"), ["/", "/nonexistent"])


def test_handshakes(say: Say) -> None:
    pem = CERTIFICATE, "key", "ca"
    found = openssl.handshake(say("openssl", "vdsm-expired"), 54321, *pem)
    assert (found.verified, found.problem) == (False, "certificate has expired")
    assert found.certificate.startswith(b"-----BEGIN CERTIFICATE-----\nMII")
    found = openssl.handshake(say("openssl", "nobody-listens"), 54321, *pem)
    assert found == openssl.Handshake(b"", False, "Connection refused")


def test_engine_by_its_host_keys(say: Say) -> None:
    assert ssh_keyscan.answers(say("ssh-keyscan", "answer"), TARGET.address)
    assert ssh_keyscan.asked(say("ssh-keyscan", "no-answer"), TARGET.address) == (False, "")
    told = "getaddrinfo nowhere.example.test: Temporary failure in name resolution"
    assert ssh_keyscan.asked(say("ssh-keyscan", "unknown-name"), "nowhere") == (False, told)
    (shown,) = ssh.fingerprints(say("ssh-keygen", "fingerprint"), b"")
    assert shown.startswith("SHA256:")
    known = TARGET._replace(known_hosts="/")
    assert ssh.knows(say("ssh-keygen", "found"), known)
    assert not ssh.knows(say("ssh-keygen", "not-found"), known)


def test_virtual_machines_that_run(say: Say) -> None:
    assert pgrep.count(say("pgrep", "count-none"), pgrep.QEMU) == 0
    assert pgrep.count(say("pgrep", "count-running"), pgrep.QEMU) == 1
    with pytest.raises(errors.ProgramFailed, match="no matching criteria"):
        pgrep.count(say("pgrep", "no-pattern"), "")


@pytest.mark.parametrize(
    "case, kind",
    [
        ("no-route", ssh.NotReachable),
        ("unknown-host-key", ssh.UnknownHostKey),
        ("no-password", ssh.NotAdmitted),
    ],
)
def test_engine_that_lets_nobody_in(say: Say, case: str, kind: type) -> None:
    with pytest.raises(kind):
        ssh.connect(say("ssh", case), TARGET, None)
