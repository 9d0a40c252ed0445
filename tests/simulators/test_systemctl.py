# SPDX-License-Identifier: Apache-2.0
"""systemctl and PID 1: dependencies, propagation, start limit, masks, texts by release."""

import pytest

from simulators import units
from tests.simulators import worlds

STACK = ("libvirtd", "supervdsmd", "vdsm-network", "vdsmd", "mom-vdsm")
EXPIRED = (6, "The server certificate /etc/pki/vdsm/certs/vdsmcert.pem has expired")


def make(tmp_path, release="el8", broken=False):
    node = worlds.make(tmp_path / "w", "bare", release)
    if broken:
        node.ok("systemctl", "stop", "libvirtd", "vdsmd")
        node.world.sim.set(broken={"libvirtd.service": EXPIRED})
        node.ok("sleep", "11")
    return node


def states(node, *names):
    return node.run("systemctl", "is-active", *names).out.split()


def test_bare_node_is_up(tmp_path):
    assert set(states(make(tmp_path), *STACK)) == {"active"}


def test_restart_of_libvirtd_restarts_what_requires_it(tmp_path):
    node = make(tmp_path)
    before = {name: show(node, name, "ExecMainPID") for name in STACK + ("sanlock", "sshd")}
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("sleep", "5")
    after = {name: show(node, name, "ExecMainPID") for name in before}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == set(STACK)
    assert set(states(node, *STACK)) == {"active"}


def show(node, name, key):
    return node.ok("systemctl", "show", "-p", key, name).strip().partition("=")[2]


def test_order_of_a_restart_in_the_journal(tmp_path):
    node = make(tmp_path, "el9")
    node.ok("systemctl", "restart", "libvirtd")
    lines = node.ok("journalctl", "-o", "cat", "-n", "40").splitlines()
    order = [
        lines.index(text)
        for text in (
            "Stopped Virtual Desktop Server Manager.",
            "Stopped Auxiliary vdsm service for running helper functions as root.",
            "Stopping Virtualization daemon...",
            "libvirtd.service: Deactivated successfully.",
            "Stopped Virtualization daemon.",
            "Starting Virtualization daemon...",
            "Started Virtualization daemon.",
        )
    ]
    assert order == sorted(order)


def test_restart_starts_only_libvirtd_when_vdsmd_is_down(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "supervdsmd")
    assert states(node, "vdsmd", "mom-vdsm") == ["inactive", "inactive"]
    node.ok("systemctl", "restart", "libvirtd")
    assert states(node, "libvirtd", "supervdsmd", "vdsmd") == ["active", "inactive", "inactive"]
    node.ok("systemctl", "start", "vdsmd")
    assert states(node, "supervdsmd", "vdsmd") == ["active", "active"]


@pytest.mark.parametrize(
    "release, repeated, result",
    [
        ("el7", "start request repeated too quickly for libvirtd.service", "start-limit"),
        ("el8", "libvirtd.service: Start request repeated too quickly.", "exit-code"),
        ("el9", "libvirtd.service: Start request repeated too quickly.", "exit-code"),
    ],
)
def test_failing_start_ends_in_the_start_limit(tmp_path, release, repeated, result):
    node = make(tmp_path, release, broken=True)
    failed = node.run("systemctl", "start", "libvirtd")
    assert failed.status == 1
    assert "because the control process exited with error code." in failed.err
    node.ok("sleep", "5")
    assert show(node, "libvirtd", "Result") == result
    lines = node.ok("journalctl", "-u", "libvirtd", "-o", "cat", "-n", "100").splitlines()
    assert lines.count(EXPIRED[1]) == 5
    assert repeated in lines
    if release != "el7":
        sockets = (
            "libvirtd.socket",
            "libvirtd-ro.socket",
            "libvirtd-admin.socket",
            "libvirtd-tls.socket",
        )
        assert states(node, *sockets) == ["failed"] * 4
        assert show(node, "libvirtd.socket", "Result") == "service-start-limit-hit"


def test_start_within_ten_seconds_is_refused_and_works_afterwards(tmp_path):
    node = make(tmp_path, "el9", broken=True)
    node.run("systemctl", "start", "libvirtd")
    node.ok("sleep", "4")
    node.world.sim.set(broken={})
    refused = node.run("systemctl", "restart", "libvirtd")
    assert refused.status == 1
    assert refused.err.startswith(
        "Job for libvirtd.service failed because the control process "
        'exited with error code.\nSee "systemctl status'
    )
    node.ok("sleep", "11")
    node.ok("systemctl", "restart", "libvirtd")
    assert states(node, "libvirtd", "libvirtd.socket", "libvirtd-tls.socket") == ["active"] * 3


def test_reset_failed_makes_a_start_work_at_once(tmp_path):
    node = make(tmp_path, broken=True)
    node.run("systemctl", "start", "libvirtd")
    node.ok("sleep", "4")
    node.world.sim.set(broken={})
    node.ok("systemctl", "reset-failed", "libvirtd.service", "libvirtd*.socket")
    node.ok("systemctl", "restart", "libvirtd", "vdsmd")
    assert states(node, "libvirtd", "vdsmd") == ["active", "active"]


def test_repeated_restarts_end_with_a_failed_dependency(tmp_path):
    """As recorded: each attempt starts the failed sockets too, until those hit their own limit."""
    node = make(tmp_path, "el9", broken=True)
    outputs = [node.run("systemctl", "restart", "libvirtd").err for _ in range(14)]
    assert "exited with error code" in outputs[0]
    assert "A dependency job for libvirtd.service failed. See 'journalctl -xe' for details.\n" in (
        outputs
    )


@pytest.mark.parametrize("release", ["el8", "el9"])
def test_restart_during_a_start_can_hit_the_limit_with_success_as_result(tmp_path, release):
    node = make(tmp_path, release, broken=True)
    with node.world.opened() as w:
        units.enqueue(w, "libvirtd.service", "start")
        w.advance(2.2)  # in the middle of the fifth start
        assert units.state(w, "libvirtd.service")["sub"] == "start"
    failed = node.run("systemctl", "restart", "libvirtd")
    hint = 'To force a start use "systemctl reset-failed libvirtd.service"\n'
    assert (hint in failed.err) == (release == "el9")
    assert show(node, "libvirtd", "Result") == "start-limit-hit"


def test_socket_refuses_to_start_under_a_running_service(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "libvirtd-tls.socket")
    node.ok("systemctl", "start", "libvirtd")
    with node.world.opened() as w:
        w.state["units"]["libvirtd-tls.socket"].update(active="inactive", sub="dead")
    assert node.run("systemctl", "start", "libvirtd-tls.socket").status == 1
    assert "libvirtd-tls.socket: Socket service libvirtd.service already active, refusing." in (
        node.ok("journalctl", "-o", "cat", "-n", "3")
    )


def test_stopping_warns_of_sockets_and_a_client_wakes_the_service(tmp_path):
    node = make(tmp_path)
    stopped = node.run("systemctl", "stop", "libvirtd")
    assert stopped.err.startswith(
        "Warning: Stopping libvirtd.service, but it can still be activated by:\n"
    )
    with node.world.opened() as w:
        assert units.connect(w, "libvirtd.socket") == "ok"
        assert units.is_active(w, "libvirtd.service")


@pytest.mark.parametrize("flag, left", [(True, "inactive"), (False, "active")])
def test_idle_exit_after_120_seconds_only_with_the_stock_arguments(tmp_path, flag, left):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "supervdsmd")
    node.world.sim.set(libvirtd_idle_exit=flag)
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("sleep", "110")
    assert states(node, "libvirtd") == ["active"]
    node.ok("sleep", "15")
    assert states(node, "libvirtd") == [left]
    assert states(node, "libvirtd.socket") == ["active"]


@pytest.mark.parametrize(
    "release, text, status",
    [
        ("el7", "Failed to start nosuch.service: Unit not found.\n", 5),
        ("el8", "Failed to start nosuch.service: Unit nosuch.service not found.\n", 5),
    ],
)
def test_missing_unit(tmp_path, release, text, status):
    output = make(tmp_path, release).run("systemctl", "start", "nosuch")
    assert (output.err, output.status) == (text, status)


def test_mask_refuses_a_start_and_vanishes_with_the_boot(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "mask", "--runtime", "--now", "chronyd")
    refused = node.run("systemctl", "start", "chronyd")
    assert (refused.err, refused.status) == (
        "Failed to start chronyd.service: Unit chronyd.service is masked.\n",
        1,
    )
    assert node.run("systemctl", "is-enabled", "chronyd").out == "masked-runtime\n"
    node.ok("systemctl", "unmask", "--runtime", "chronyd")
    assert node.run("systemctl", "is-enabled", "chronyd").out == "enabled\n"
    node.ok("systemctl", "mask", "--runtime", "chronyd")
    node.world.sim.power_cut()
    assert states(node, "chronyd") == ["active"]


def test_disabled_unit_stays_down_after_a_boot(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "disable", "tuned")
    assert states(node, "tuned") == ["active"]
    node.world.sim.power_cut()
    assert states(node, "tuned") == ["inactive"]


def test_conflict_stops_the_other_daemon(tmp_path):
    node = make(tmp_path, "el7")
    node.ok("systemctl", "start", "ntpd")
    node.ok("systemctl", "start", "chronyd")
    node.ok("sleep", "1")
    assert states(node, "ntpd", "chronyd") == ["inactive", "active"]


def test_chrony_wait_pulls_chronyd(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "chronyd")
    node.ok("systemctl", "start", "chrony-wait")
    assert states(node, "chronyd") == ["active"]


def test_el7_does_not_know_newer_properties(tmp_path):
    text = make(tmp_path, "el7").ok(
        "systemctl", "show", "-p", "NRestarts,InvocationID,SubState", "sshd", "crond"
    )
    assert text == "SubState=running\n\nSubState=running\n"


def test_unit_file_of_the_disk_runs_at_boot_when_its_condition_holds(tmp_path):
    node = make(tmp_path)
    with open(node.root + "/etc/systemd/system/mark.service", "w") as target:
        target.write(
            "[Unit]\nConditionPathExists=/var/lib/mark\nBefore=chronyd.service\n"
            "[Service]\nType=oneshot\nExecStart=/usr/bin/mkdir /var/lib/made\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )
    node.ok("systemctl", "daemon-reload")
    node.ok("systemctl", "enable", "mark.service")
    node.world.sim.power_cut()
    assert node.run("test", "-d", "/var/lib/made").status == 1
    node.ok("mkdir", "/var/lib/mark")
    node.world.sim.power_cut()
    assert node.run("test", "-d", "/var/lib/made").status == 0


def test_no_block_returns_before_the_start_is_done(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "libvirtd")
    node.ok("systemctl", "start", "--no-block", "libvirtd")
    assert states(node, "libvirtd") == ["activating"]
    node.ok("sleep", "2")
    assert states(node, "libvirtd") == ["active"]
