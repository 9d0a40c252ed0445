# SPDX-License-Identifier: Apache-2.0
"""The console for a person, and what remains of a machine that ends otherwise than it should."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List

import pexpect
import pytest

from bundle import paths
from simulators.vm import frozen, image, machine
from simulators.vm.failure import Failed

ESCAPE = "\x1d"  # Ctrl-]


def machines_of(folder: str) -> List[int]:
    """The pids of every qemu whose command line names this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"qemu-system-x86_64") and any(folder.encode() in w for w in words):
            found.append(int(place.parent.name))
    return found


def test_shell_is_a_console_in_the_broken_node(archive: str, folder: str) -> None:
    words = ["-m", "simulators.vm", "shell", "node-expired", "--stick", archive]
    environ = dict(os.environ, TMPDIR=folder)
    person = pexpect.spawn(
        sys.executable, words, cwd=str(paths.ROOT), env=environ, timeout=120, encoding="utf-8"
    )
    person.expect("Ctrl-]")
    person.expect("root@virt-host1")
    person.send("systemctl is-failed libvirtd; hostname -f\r")
    person.expect("failed\r.*virt-host1.example.test\r")
    assert len(machines_of(folder)) == 1
    person.send(ESCAPE)
    person.expect("the machine is gone")
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == 0
    assert machines_of(folder) == [] and os.listdir(folder) == []


def test_boot_that_hangs_is_one_error_with_the_log_and_no_process(folder: str) -> None:
    hanging = machine.Machine(folder, image.ensure())
    with pytest.raises(Failed) as caught:
        hanging.wait(timeout=2)
    text = str(caught.value)
    assert text.startswith("cannot boot the machine: no answer in 2 s")
    assert folder + "/serial.log" in text
    assert machines_of(folder) == []


def test_machine_that_dies_is_one_error(
    thaw: Callable[[str], machine.Machine], folder: str
) -> None:
    node = thaw("node-expired")
    (pid,) = machines_of(folder)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Failed, match="the guest agent: "):
        node.run("true")


def test_no_room_for_the_frozen_memory_is_one_error_and_no_process(
    thaw: Callable[[str], machine.Machine], folder: str
) -> None:
    node = thaw("node-expired")
    with pytest.raises(Failed) as caught:
        node.freeze("/dev/full")
    text = str(caught.value)
    assert text.startswith("cannot freeze the machine: ") and folder + "/qemu.log" in text
    assert machines_of(folder) == []


def test_frozen_memory_that_is_damaged_is_one_error_and_no_process(folder: str) -> None:
    saved = frozen.ensure("node-expired")
    memory = Path(folder, "memory")
    with open(saved.memory, "rb") as whole:
        memory.write_bytes(whole.read(1 << 20))
    with pytest.raises(Failed) as caught:
        machine.Machine(folder, image.ensure(), saved._replace(memory=str(memory)))
    text = str(caught.value)
    assert text.startswith("cannot start the machine: ") and folder + "/qemu.log" in text
    assert machines_of(folder) == []


def test_killed_driver_takes_its_machine_along(folder: str) -> None:
    code = "from simulators.vm import image, machine; import time; "
    code += "machine.Machine(%r, image.ensure()); print('up', flush=True); time.sleep(100)" % folder
    driver = subprocess.Popen(
        [sys.executable, "-c", code], cwd=str(paths.ROOT), stdout=subprocess.PIPE
    )
    assert driver.stdout is not None and driver.stdout.readline() == b"up\n"
    assert len(machines_of(folder)) == 1
    driver.kill()
    driver.wait()
    driver.stdout.close()
    end = time.monotonic() + 10
    while machines_of(folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert machines_of(folder) == []
