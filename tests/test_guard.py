# SPDX-License-Identifier: Apache-2.0
"""Proves the guard: each way to the real clock, service manager or libvirt is seen refused."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List

import pexpect
import pytest

from tests.guard import hooks, policy
from tests.guard.programs import Programs

AUDITED = sys.version_info >= (3, 8)


def run(argv: List[str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60
    )


@pytest.mark.parametrize("name", policy.FORBIDDEN)
def test_forbidden_program_by_name_refuses_and_is_recorded(name: str, guard: Programs) -> None:
    done = run([name, "--version"])
    assert done.returncode == 99
    assert b"refused by the guard" in done.stderr
    assert guard.take() == ["{} --version refused by the guard of the tests".format(name)]


@pytest.mark.parametrize("name", policy.FORBIDDEN)
def test_forbidden_program_by_absolute_path_is_judged_harmful(name: str) -> None:
    for folder in policy.SYSTEM:
        assert policy.program(folder + "/" + name, [name, "--version"]) is not None


@pytest.mark.parametrize("name", ["timedatectl", "systemctl"])
def test_absolute_path_cannot_be_started(name: str, guard: Programs) -> None:
    path = "/usr/bin/" + name
    if not os.path.exists(path):
        pytest.skip(path + " is not installed")
    with pytest.raises(hooks.Refused):
        run([path, "--version"])
    with pytest.raises(hooks.Refused):
        os.system(path + " --version")
    with pytest.raises(hooks.Refused):
        run(["/bin/sh", "-c", "true; " + path + " --version"])
    assert len(guard.take()) == 3


def test_search_path_of_the_child_is_followed(guard: Programs) -> None:
    if not os.path.exists("/usr/bin/systemctl"):
        pytest.skip("systemctl is not installed")
    with pytest.raises(hooks.Refused):
        subprocess.run(["systemctl", "--version"], env={"PATH": "/usr/bin"})
    assert guard.take()


def test_program_on_a_pty_is_refused_in_the_forked_child(guard: Programs) -> None:
    child = pexpect.spawn("/bin/date", ["-s", "@0"], timeout=30)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 126
    assert "could set the clock" in guard.take()[0]


def test_unknown_program_is_refused(guard: Programs) -> None:
    assert policy.program("/usr/bin/perl", ["perl", "-v"]) is not None


@pytest.mark.parametrize("words", [["-s", "@0"], ["-us", "@0"], ["--set=@0"], ["010100001970"]])
def test_date_that_sets_is_refused(words: List[str], guard: Programs) -> None:
    assert run(["date"] + words).returncode == 99
    assert len(guard.take()) == 1
    with pytest.raises(hooks.Refused):
        run(["/bin/date"] + words)
    assert len(guard.take()) == 1


def test_date_that_reads_is_allowed() -> None:
    assert run(["date", "-u", "-d", "@0", "+%Y"]).stdout == b"1970\n"
    assert run(["/bin/date", "-u", "-d", "@0", "+%Y"]).stdout == b"1970\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["list"],
        ["-c", "qemu:///system", "list"],
        ["-c", "test:///default", "connect", "qemu:///system"],
    ],
)
def test_virsh_elsewhere_than_the_test_driver_is_refused(words: List[str]) -> None:
    assert policy.program("/usr/bin/virsh", ["virsh"] + words) is not None


def test_virsh_of_the_test_driver_is_allowed(
    real_program: Callable[[str], str], guard: Programs
) -> None:
    virsh = real_program("virsh")
    assert b"test" in run([virsh, "-c", "test:///default", "list"]).stdout
    assert run([virsh, "-r", "list"]).returncode == 99
    assert len(guard.take()) == 1


@pytest.mark.parametrize(
    "words", [["-q", "x"], ["-i", "x.rpm"], ["--dbpath", "/var/lib/rpm", "-q", "x"], ["--dbpath"]]
)
def test_rpm_of_this_machine_is_refused(words: List[str]) -> None:
    assert policy.program("/usr/bin/rpm", ["rpm"] + words) is not None


def test_rpm_of_the_test_s_own_database_is_allowed(
    real_program: Callable[[str], str], guard: Programs, tmp_path: Path
) -> None:
    rpm = real_program("rpm")
    own = run([rpm, "--dbpath", str(tmp_path / "db"), "-q", "x"])
    assert own.stdout == b"package x is not installed\n"
    assert run([rpm, "-q", "x"]).returncode == 99
    assert run([rpm, "--dbpath", "/var/lib/rpm", "-q", "x"]).returncode == 99
    assert len(guard.take()) == 2


def test_clock_cannot_be_set_from_python(guard: Programs) -> None:
    with pytest.raises(hooks.Refused):
        time.clock_settime(time.CLOCK_REALTIME, 0)
    assert len(guard.take()) == 1


@pytest.mark.skipif(not AUDITED, reason="Python without audit hooks; the kernel refuses, see below")
def test_clock_cannot_be_set_through_ctypes(guard: Programs) -> None:
    with pytest.raises(hooks.Refused):
        ctypes.CDLL(None).clock_settime  # noqa: B018
    assert len(guard.take()) == 1


def test_kernel_refuses_children_the_clock() -> None:
    # The kernel's own answer, to a child our hooks cannot see into. It asks for the present.
    code = "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())"
    done = run([sys.executable, "-I", "-S", "-c", code])
    assert done.returncode != 0
    assert b"PermissionError" in done.stderr


@pytest.mark.parametrize("path", ["/run/dbus/system_bus_socket", "/var/run/libvirt/libvirt-sock"])
def test_bus_cannot_be_reached(path: str, guard: Programs) -> None:
    with socket.socket(socket.AF_UNIX) as connection, pytest.raises(hooks.Refused):
        connection.connect(path)
    assert len(guard.take()) == 1


def test_other_machine_cannot_be_reached(guard: Programs) -> None:
    with socket.socket() as connection, pytest.raises(hooks.Refused):
        connection.connect(("192.0.2.1", 22))
    assert len(guard.take()) == 1


def test_loopback_can_be_reached() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        client.connect(server.getsockname())


@pytest.mark.parametrize(
    "path", ["/dev/rtc0", "/etc/adjtime", "/var/lib/ovirt-cert-recovery/journal"]
)
def test_file_of_the_machine_cannot_be_written(path: str, guard: Programs) -> None:
    for attempt in (lambda: open(path, "a"), lambda: os.open(path, os.O_WRONLY)):
        with pytest.raises(hooks.Refused):
            attempt()
    assert len(guard.take()) == 2


def test_own_file_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")


def test_real_program_outside_the_list_is_not_given(real_program: Callable[[str], str]) -> None:
    with pytest.raises(LookupError):
        real_program("systemctl")
