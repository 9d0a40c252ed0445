# SPDX-License-Identifier: Apache-2.0
"""virsh, in batch and on a terminal, against recordings of the real one."""

import pexpect
import pytest

from simulators import virsh_tables
from tests.simulators import samples, worlds

AUTH = "qemu:///system?authfile=/etc/ovirt-hosted-engine/virsh_auth.conf"


@pytest.fixture
def expired(tmp_path):
    return worlds.make(tmp_path / "w")


@pytest.fixture
def running(tmp_path):
    return worlds.make(tmp_path / "w", "still-running", "el9")


def same(output, sample):
    assert (output.out, output.err, output.status) == (sample.out, sample.err, sample.status)


@pytest.mark.parametrize(
    "case, words",
    [
        ("list-all", ["-r", "list", "--all"]),
        ("list-all-name", ["-r", "list", "--all", "--name"]),
        ("list-all-authfile", ["-c", AUTH, "list", "--all"]),
        ("domstate", ["-r", "domstate", "HostedEngine"]),
        ("domstate-reason", ["-r", "domstate", "HostedEngine", "--reason"]),
        ("domstate-unknown", ["-r", "domstate", "nosuch"]),
        ("start-active", ["-r", "start", "HostedEngine"]),
    ],
)
def test_batch_as_recorded(running, case, words):
    same(running.run("virsh", *words), samples.read("virsh", case))


def test_no_socket_as_recorded(expired):
    for case, words in (
        ("failed-socket", ["list", "--all"]),
        ("failed-connect-first", ["-c", AUTH, "list", "--all"]),
        ("failed-ro-socket", ["-r", "list", "--all"]),
    ):
        same(expired.run("virsh", *words), samples.read("virsh", case))


def test_sasl_without_a_terminal_as_recorded(running):
    same(running.run("virsh", "list", "--all"), samples.read("virsh", "sasl-without-terminal"))


def test_tables_of_the_empty_and_the_inactive_list(running):
    shown = samples.read("virsh", "define-list-shut-off").out
    assert virsh_tables.dynamic([("-", "HostedEngine", "shut off")]) in shown
    running.ok("virsh", "-c", AUTH, "suspend", "HostedEngine")
    listed = running.ok("virsh", "-r", "list", "--all")
    reason = running.ok("virsh", "-r", "domstate", "HostedEngine", "--reason")
    shown = samples.read("virsh", "suspend-list-domstate").out
    assert listed.replace(" 1 ", " 2 ") + reason in shown
    assert (
        running.ok("virsh", "-c", AUTH, "destroy", "HostedEngine")
        + running.ok("virsh", "-r", "list", "--all")
        == samples.read("virsh", "destroy-list").out
    )


def test_the_old_table_of_el7(tmp_path):
    node = worlds.make(tmp_path / "w", "still-running", "el7")
    assert node.ok("virsh", "-r", "list", "--all") == (
        " Id    Name                           State\n"
        + "-" * 52
        + "\n 1     HostedEngine                   running\n\n"
    )


def test_read_only_connections_change_nothing(running):
    output = running.run("virsh", "-r", "destroy", "HostedEngine")
    assert output.status == 1 and "read only access" in output.err
    assert running.ok("virsh", "-r", "domstate", "HostedEngine") == "running\n\n"


def test_connecting_starts_libvirtd_by_its_socket(expired):
    expired.rewind()
    expired.world.sim.set(libvirtd_idle_exit=True)
    with expired.world.opened() as world:
        from simulators import units

        units.stop(world, "libvirtd.service")
        assert not units.is_active(world, "libvirtd.service")
    assert "Id" in expired.ok("virsh", "-r", "list", "--all")
    with expired.world.opened() as world:
        assert units.is_active(world, "libvirtd.service")


# On a terminal


def test_a_session_without_uri_asks_at_the_first_command(running):
    child = running.spawn("virsh")
    child.expect_exact(virsh_tables.BANNER.replace("\n", "\r\n") + "virsh # ")
    child.sendline("list --all")
    child.expect_exact("list --all\r\nPlease enter your authentication name: ")
    child.sendline("vdsm@ovirt")
    child.expect_exact("vdsm@ovirt\r\nPlease enter your password: ")
    assert child.waitnoecho()
    child.sendline("shibboleth")
    child.expect_exact(
        "\r\n Id   Name           State\r\n"
        + "-" * 30
        + "\r\n 1    HostedEngine   running\r\n\r\nvirsh # "
    )
    child.sendline("nosuchcommand")
    child.expect_exact("nosuchcommand\r\nerror: unknown command: 'nosuchcommand'\r\nvirsh # ")
    child.sendline("quit")
    child.expect_exact("quit\r\n\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_bytes_on_a_modern_terminal_as_recorded(running):
    recorded = samples.FOLDER + "/debian12/virsh/terminal.txt"
    with open(recorded) as file:
        text = file.read()
    child = running.spawn("virsh", env={"TERM": "xterm"})
    child.expect_exact("virsh # ")
    banner = child.before + child.after
    child.sendline("quit")
    child.expect(pexpect.EOF)
    assert repr(banner.encode())[1:] in text.replace('b"', '"')
    assert repr(child.before.encode()) in text


def test_wrong_password(running):
    child = running.spawn("virsh", "list", "--all")
    child.expect_exact("Please enter your authentication name: ")
    child.sendline("wrong")
    child.expect_exact("wrong\r\nPlease enter your password: ")
    assert child.waitnoecho()
    child.sendline("wrong")
    child.expect(pexpect.EOF)
    assert child.before == (
        "\r\nerror: failed to connect to the hypervisor\r\nerror: "
        "authentication failed: authentication failed\r\n\r\n"
    )
    child.close()
    assert child.exitstatus == 1


def test_the_read_only_prompt_and_the_end_of_input(running):
    child = running.spawn("virsh", "-r")
    child.expect_exact("virsh > ")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_failing_uri_ends_before_any_prompt(expired):
    child = expired.spawn("virsh", "-c", AUTH)
    child.expect(pexpect.EOF)
    child.close()
    assert "virsh #" not in child.before and child.exitstatus == 1
    assert child.before.count("error: ") == 2


def test_an_authfile_session_echoes_and_survives_a_restart_of_the_daemon(running):
    child = running.spawn("virsh", "-c", AUTH)
    child.expect_exact("virsh # ")
    child.sendline("echo SYNC-1")
    child.expect_exact("SYNC-1\r\nSYNC-1\r\nvirsh # ")
    child.sendline("domstate HostedEngine")
    child.expect_exact("running\r\n\r\nvirsh # ")
    running.ok("sleep", "1")  # nobody holds the lock while the session waits
    with running.world.opened() as world:
        from simulators import units

        world.step_clock(worlds.IN_WINDOW)
        units.stop(world, "libvirtd.service")
        assert units.start(world, "libvirtd.service")
    child.sendline("domstate HostedEngine")
    child.expect_exact("error: Disconnected from qemu:///system due to end of file")
    child.expect_exact("error: Reconnected to the hypervisor")
    child.expect_exact("running\r\n\r\nvirsh # ")
    child.close()
