# SPDX-License-Identifier: Apache-2.0
"""systemctl: the states of a node that failed, and what it says when it is told to do something."""

import re
from typing import List

import pytest

from recovery import observation
from recovery.observing import units
from recovery.programs import systemctl
from tests.contract.machine.subject import Subject

LIBVIRTD = "libvirtd.service"
SEE = (
    'See "systemctl status libvirtd.service" and "journalctl -xeu libvirtd.service" for details.\n'
)
EXIT = "Job for libvirtd.service failed because the control process exited with error code.\n" + SEE
DEPENDENCY = "A dependency job for libvirtd.service failed. See 'journalctl -xe' for details.\n"
OFTEN = (
    "Job for libvirtd.service failed because start of the service was attempted too often.\n"
    + SEE
    + 'To force a start use "systemctl reset-failed libvirtd.service"\n'
    + 'followed by "systemctl start libvirtd.service" again.\n'
)
UNIT = "[Unit]\nDescription=A unit of this test\n"
UNIT += "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
PLACE = "/etc/systemd/system/"


def one(subject: Subject, name: str) -> observation.Unit:
    return systemctl.show(subject.node, [name])[0]


def test_version(expired: Subject) -> None:
    assert systemctl.version(expired.node) == 252
    assert re.match(r"systemd 252 \(252.*\)\n[+-][A-Z]", expired.ok("systemctl", "--version"))


def test_libvirtd_has_failed(expired: Subject) -> None:
    found = one(expired, LIBVIRTD)
    assert (found.load, found.active, found.sub) == ("loaded", "failed", "failed")
    assert (found.result, found.exec_status, found.entered_active) == ("exit-code", 6, 0)
    assert found.enabled == "enabled"
    assert re.match("[0-9a-f]{32}$", found.invocation)


@pytest.mark.parametrize("name", units.LIBVIRT_SOCKETS)
def test_sockets_have_gone_down_with_it(expired: Subject, name: str) -> None:
    found = one(expired, name)
    assert (found.load, found.active, found.sub) == ("loaded", "failed", "failed")
    assert found.result == "service-start-limit-hit"
    assert found.exec_status == 0 and found.entered_active > 0


@pytest.mark.parametrize("name", ["vdsmd.service", "supervdsmd.service"])
def test_units_that_need_it_never_began(expired: Subject, name: str) -> None:
    found = one(expired, name)
    assert (found.load, found.active, found.sub) == ("loaded", "inactive", "dead")
    assert (found.result, found.exec_status, found.entered_active) == ("success", 0, 0)
    assert found.invocation == ""


@pytest.mark.parametrize("name", ["chronyd.service", "sanlock.service", "wdmd.service"])
def test_units_without_need_of_it_run(expired: Subject, name: str) -> None:
    found = one(expired, name)
    assert (found.load, found.active, found.sub) == ("loaded", "active", "running")
    assert (found.result, found.exec_status, found.enabled) == ("success", 0, "enabled")
    assert 0 < found.entered_active < expired.node.uptime() * 1e6
    assert re.match("[0-9a-f]{32}$", found.invocation)


@pytest.mark.parametrize("name", ["ntpd.service", "nosuch.service", "ptp4l.service"])
def test_unit_that_does_not_exist_is_answered(expired: Subject, name: str) -> None:
    found = one(expired, name)
    assert (found.load, found.active, found.sub) == ("not-found", "inactive", "dead")
    assert (found.enabled, found.invocation, found.entered_active) == ("", "", 0)


def test_all_units_at_once_in_the_order_asked(expired: Subject) -> None:
    names = units.SERVICES + units.CLOCK
    assert [found.name for found in systemctl.show(expired.node, names)] == list(names)
    services, clocks = units.observe(expired.node)
    assert [unit.name for unit in clocks if unit.active == "active"] == ["chronyd.service"]
    assert not units.is_active(services, LIBVIRTD)


def test_properties_are_in_the_order_of_the_bus_and_unknown_ones_left_out(expired: Subject) -> None:
    asked = "Id,Nonsense," + ",".join(systemctl.PROPERTIES)
    shown = expired.ok("systemctl", "show", "--no-pager", "-p", asked, LIBVIRTD, "nosuch.service")
    blocks = [[line.split("=")[0] for line in one.splitlines()] for one in shown.split("\n\n")]
    assert blocks[0] == [
        *["Result", "ExecMainStatus", "Id", "LoadState", "ActiveState", "SubState"],
        *["UnitFileState", "ActiveEnterTimestampMonotonic", "InvocationID"],
    ]
    assert blocks[1][:1] == ["Result"] and len(blocks[1]) == len(blocks[0])
    assert shown.endswith("\n") and not shown.endswith("\n\n")


@pytest.mark.parametrize(
    "words, shown, status",
    [
        ("is-active libvirtd", "failed\n", 3),
        ("is-active vdsmd chronyd nosuch", "inactive\nactive\ninactive\n", 0),
        ("is-active nosuch", "inactive\n", 3),
        ("is-failed libvirtd.service libvirtd.socket", "failed\nfailed\n", 0),
        ("is-failed chronyd", "active\n", 1),
        ("is-enabled libvirtd chronyd supervdsmd", "enabled\nenabled\nstatic\n", 0),
        ("is-system-running", "degraded\n", 1),
        ("show -p ActiveState --value chronyd", "active\n", 0),
    ],
)
def test_short_questions(expired: Subject, words: str, shown: str, status: int) -> None:
    assert expired.texts("systemctl", *words.split()) == (shown, "", status)


def test_enablement_of_a_missing_unit(expired: Subject) -> None:
    text = "Failed to get unit file state for nosuch.service: No such file or directory\n"
    assert expired.texts("systemctl", "is-enabled", "nosuch") == ("", text, 1)


def test_failed_units_are_listed(expired: Subject) -> None:
    shown = expired.ok("systemctl", "--failed", "--plain", "--no-legend", "--no-pager")
    rows = [line.split(None, 4) for line in shown.splitlines()]
    assert {tuple(row[1:4]) for row in rows} == {("loaded", "failed", "failed")}
    assert {LIBVIRTD, "libvirtd.socket", "libvirtd-tls.socket"} <= {row[0] for row in rows}
    assert [row[4] for row in rows if row[0] == LIBVIRTD] == ["Virtualization daemon"]


def test_units_are_listed_by_pattern(expired: Subject) -> None:
    words = ["systemctl", "list-units", "--all", "--plain", "--no-legend"]
    shown = expired.ok(*(words + ["libvirtd*"]))
    names = [line.split()[0] for line in shown.splitlines()]
    assert sorted(names) == sorted((LIBVIRTD,) + units.LIBVIRT_SOCKETS)
    assert expired.texts(*(words + ["ovirt-cert-recovery*"])) == ("", "", 0)


def test_status_of_a_failed_unit(expired: Subject) -> None:
    shown, err, status = expired.texts("systemctl", "status", "libvirtd", "--no-pager", "-l")
    assert (err, status) == ("", 3)
    lines = shown.splitlines()
    assert lines[0] == "x libvirtd.service - Virtualization daemon"
    assert re.match(r" +Loaded: loaded \(/\S+/libvirtd.service; enabled; preset: \w+\)$", lines[1])
    since = r"since Mon 2023-02-20 \d\d:\d\d:\d\d \w+; (\d+\w+ ?)+ago$"
    assert re.match(r" +Active: failed \(Result: exit-code\) " + since, lines[2])
    assert re.search(r"\n +Main PID: \d+ \(code=exited, status=6\)\n", shown)
    said = "libvirtd.service: Start request repeated too quickly."
    assert any(line.endswith("systemd[1]: " + said) for line in lines)


# Orders


@pytest.mark.parametrize(
    "words, text, status",
    [
        ("start nosuch.service", "Failed to start X: Unit X not found.\n", 5),
        ("restart nosuch.service", "Failed to restart X: Unit X not found.\n", 5),
        ("stop nosuch.service", "Failed to stop X: Unit X not loaded.\n", 5),
        ("enable nosuch.service", "Failed to enable unit: Unit file X does not exist.\n", 1),
        ("disable nosuch.service", "Failed to disable unit: Unit file X does not exist.\n", 1),
        (
            "reset-failed nosuch.service",
            "Failed to reset failed state of unit X: Unit X not loaded.\n",
            1,
        ),
    ],
)
def test_orders_to_a_missing_unit(expired: Subject, words: str, text: str, status: int) -> None:
    expected = text.replace("X", "nosuch.service")
    assert expired.texts("systemctl", *words.split()) == ("", expected, status)


def test_reset_of_units_that_are_not_loaded_is_none_of_the_tools_errors(expired: Subject) -> None:
    systemctl.reset_failed(expired.node, "nosuch.service", "sanlock.service")
    assert one(expired, "sanlock.service").active == "active"


def test_masked_unit_refuses_and_comes_back(expired: Subject) -> None:
    first = expired.texts("systemctl", "mask", "--runtime", "wdmd.service")
    link = "/run/systemd/system/wdmd.service"
    assert first == ("", "Created symlink %s -> /dev/null.\n" % link, 0)
    assert expired.texts("systemctl", "mask", "--runtime", "wdmd.service") == ("", "", 0)
    # A file of its own in /etc is stronger than a mask in /run; so is it on a node.
    found = one(expired, "wdmd.service")
    assert found.active == "active"
    removed = expired.texts("systemctl", "unmask", "--runtime", "wdmd.service")
    assert removed == ("", 'Removed "%s".\n' % link, 0)
    assert expired.texts("systemctl", "unmask", "--runtime", "wdmd.service") == ("", "", 0)
    assert one(expired, "wdmd.service").enabled == "enabled"


def test_masked_chronyd_cannot_be_started(expired: Subject) -> None:
    systemctl.stop(expired.node, "chronyd.service")
    systemctl.mask(expired.node, "chronyd.service")
    found = one(expired, "chronyd.service")
    assert (found.load, found.active, found.enabled) == ("masked", "inactive", "masked-runtime")
    text = "Failed to start chronyd.service: Unit chronyd.service is masked.\n"
    assert expired.texts("systemctl", "start", "chronyd.service") == ("", text, 1)
    shown = expired.texts("systemctl", "is-enabled", "chronyd.service")
    assert shown == ("masked-runtime\n", "", 1)
    systemctl.unmask(expired.node, "chronyd.service")
    systemctl.start(expired.node, "chronyd.service")
    found = one(expired, "chronyd.service")
    assert (found.load, found.active, found.enabled) == ("loaded", "active", "enabled")


def test_unit_file_of_ours_is_enabled_and_disabled(expired: Subject) -> None:
    path, link = PLACE + "contract.service", PLACE + "multi-user.target.wants/contract.service"
    expired.node.replace(path, (UNIT + INSTALL).encode(), mode=0o644)
    systemctl.daemon_reload(expired.node)
    assert one(expired, "contract.service").enabled == "disabled"
    told = expired.texts("systemctl", "enable", "contract.service")
    assert told == ("", "Created symlink %s -> %s.\n" % (link, path), 0)
    assert one(expired, "contract.service").enabled == "enabled"
    assert expired.texts("systemctl", "enable", "contract.service") == ("", "", 0)
    assert expired.texts("systemctl", "start", "contract.service") == ("", "", 0)
    found = one(expired, "contract.service")
    assert (found.active, found.sub, found.result) == ("active", "exited", "success")
    assert expired.texts("systemctl", "stop", "contract.service") == ("", "", 0)
    told = expired.texts("systemctl", "disable", "contract.service")
    assert told == ("", 'Removed "%s".\n' % link, 0)
    assert not expired.node.exists(link)
    expired.node.remove(path)
    systemctl.daemon_reload(expired.node)
    assert one(expired, "contract.service").load == "not-found"


def test_failing_restarts_end_at_the_start_limit_and_begin_anew_after_a_reset(
    fresh: Subject,
) -> None:
    names = [LIBVIRTD] + list(units.LIBVIRT_SOCKETS)
    fresh.be_patient()
    systemctl.reset_failed(fresh.node, *names)
    states = [
        (found.active, found.sub, found.result) for found in systemctl.show(fresh.node, names)
    ]
    assert states == [("inactive", "dead", "success")] * 5
    told = [fresh.texts("systemctl", "restart", "libvirtd") for _ in range(6)]
    assert told[0] == ("", EXIT, 1)
    assert {status for _, _, status in told} == {1} and {out for out, _, _ in told} == {""}
    # Past the limit a socket that it requires refuses before it does, or it fails by itself.
    assert {err for _, err, _ in told} <= {EXIT, DEPENDENCY, OFTEN}
    fresh.until(lambda: one(fresh, "libvirtd.socket").active == "failed")
    assert one(fresh, "libvirtd.socket").result == "service-start-limit-hit"
    systemctl.reset_failed(fresh.node, *names)
    assert fresh.texts("systemctl", "start", "libvirtd") == ("", EXIT, 1)


def test_stop_of_a_unit_that_a_socket_can_wake(running: Subject) -> None:
    out, err, status = running.texts("systemctl", "stop", "libvirtd.service")
    assert (out, status) == ("", 0)
    warned: List[str] = err.splitlines()
    assert warned[0] == "Warning: Stopping libvirtd.service, but it can still be activated by:"
    assert sorted(line.strip() for line in warned[1:]) == sorted(units.LIBVIRT_SOCKETS)
    found = one(running, LIBVIRTD)
    assert (found.active, found.sub, found.result) == ("inactive", "dead", "success")
    assert found.entered_active > 0
    # What requires it was stopped with it, and nobody has started them again.
    assert one(running, "vdsmd.service").active == "inactive"
    assert running.texts("systemctl", "is-active", "libvirtd.socket") == ("active\n", "", 0)
