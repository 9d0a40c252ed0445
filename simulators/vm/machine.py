# SPDX-License-Identifier: Apache-2.0
"""One virtual machine: start, command, cut its power, boot it again as its clock was left.

Its clock is its own (`-rtc base=...,clock=vm`); no clock of this machine is set or consulted but
the monotonic one.
"""

import atexit
import calendar
import os
import shlex
import signal
import subprocess
import time
from typing import List, NamedTuple, Optional

from simulators.vm import child, packages
from simulators.vm.agent import Agent, Done
from simulators.vm.failure import Failed, tail
from simulators.vm.image import Image
from simulators.vm.lines import Line

MEMORY = 1024  # MiB
# Software emulation everywhere: nested KVM of cloud machines does not boot a stock kernel.
ACCELERATION = "tcg,thread=multi,tb-size=512"
# Code that lies elsewhere in each process is translated anew for each: a quarter of all the work.
SAME_PLACES = "norandmaps nokaslr"
APPEND = "root=/dev/vda rw console=ttyS0 quiet no_timer_check " + SAME_PLACES
# A boot after a power cut is for the recovery: without a console's login, and what nobody asks.
SPARED = (
    "serial-getty@ttyS0.service systemd-binfmt.service systemd-update-utmp.service "
    "systemd-update-utmp-runlevel.service modprobe@fuse.service modprobe@drm.service "
    "modprobe@efi_pstore.service modprobe@configfs.service dev-hugepages.mount dev-mqueue.mount "
    "sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount "
    "sys-kernel-config.mount"
).split()
# The same packages as a rescue system: it mounts and commands, and runs nothing of a node.
RESCUE = APPEND + " systemd.unit=basic.target systemd.wants=qemu-guest-agent.service"
BOOTS_WITHIN = 600.0  # seconds until the agent answers; 15 on two idle cores, minutes on busy ones
THAWS_WITHIN = 60
TODAY = 1676894400  # 2023-02-20 12:00:00 UTC, the day of the simulated worlds


class Frozen(NamedTuple):
    """A machine's memory and disk at one moment; `rtc` is its hardware clock then."""

    disk: str
    memory: str
    rtc: int


class Machine:
    """A qemu process with its sockets and its disk in a folder of its own."""

    def __init__(
        self,
        folder: str,
        image: Image,
        frozen: Optional[Frozen] = None,
        today: int = TODAY,
        append: str = APPEND,
    ) -> None:
        self.folder = folder
        self._append = append
        self.image = image
        self.log = folder + "/serial.log"
        self._frozen = frozen
        self._process: Optional[subprocess.Popen] = None
        self._monitor: Optional[Line] = None
        self.agent: Optional[Agent] = None
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.disk = folder + "/disk.qcow2"
        if frozen:
            _overlay(self.disk, frozen.disk, "qcow2")
        else:
            _overlay(self.disk, image.disk, "raw")
        self._start(frozen.rtc if frozen else today, frozen)

    def _start(self, rtc: int, frozen: Optional[Frozen]) -> None:
        for name in ("monitor", "agent", "console"):
            if os.path.exists(self._socket(name)):
                os.unlink(self._socket(name))
        words = arguments(self.image, self.disk, self.folder, rtc, self._append)
        if frozen:
            words += ["-incoming", "exec:cat " + shlex.quote(frozen.memory)]
        with open(self.folder + "/qemu.log", "ab") as said:
            self._process = child.start(words, said, signal.SIGKILL)
        atexit.register(self.close)
        try:
            self._listening()
            self._monitor = Line(self._socket("monitor"), "qemu's monitor")
            self._monitor.receive(30)
            self.ask("qmp_capabilities")
            if frozen:
                self._thaw()
        except Failed as caught:
            self.close()
            cause = "%s %s" % (tail(self.folder + "/qemu.log", 3), caught)
            raise Failed("start the machine", cause, self.folder + "/qemu.log") from caught

    def _listening(self) -> None:
        """Wait for qemu's monitor, and not for that of a qemu which has refused to start."""
        assert self._process is not None
        while not os.path.exists(self._socket("monitor")):
            if self._process.poll() is not None:
                raise Failed("run qemu", "it ended with status %d" % self._process.returncode)
            time.sleep(0.02)

    def _thaw(self) -> None:
        """Saved while stopped, it comes back stopped."""
        end = time.monotonic() + THAWS_WITHIN
        while True:
            told = self.ask("query-status")
            assert isinstance(told, dict)
            if told["status"] != "inmigrate":
                break
            if time.monotonic() > end:
                raise Failed("read the frozen memory", "not done in %d s" % THAWS_WITHIN)
            time.sleep(0.02)
        self.ask("cont")

    def _socket(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def ask(self, order: str, **arguments: object) -> object:
        """One order to qemu's monitor."""
        assert self._monitor is not None
        return self._monitor.ask(order, 60, **arguments)

    def wait(self, timeout: float = BOOTS_WITHIN) -> "Machine":
        """Until the machine answers commands. Raises: Failed, with the console's log."""
        assert self._process is not None
        end = time.monotonic() + timeout
        self.agent = Agent(self._socket("agent"))
        while not self.agent.answers():
            if self._process.poll() is not None:
                raise Failed("boot the machine", tail(self.folder + "/qemu.log", 3), self.log)
            if time.monotonic() > end:
                self.close()
                cause = "no answer in %d s; its last words:\n%s" % (timeout, tail(self.log))
                raise Failed("boot the machine", cause, self.log)
        return self

    def run(self, command: str, timeout: float = 120, input: Optional[str] = None) -> Done:
        """Run a shell command inside, as root. Raises: Failed."""
        assert self.agent is not None
        return self.agent.run(command, timeout, input)

    def out(self, command: str, timeout: float = 120) -> str:
        """What a command prints; one that fails is an error."""
        done = self.run(command, timeout)
        if done.status != 0:
            raise Failed("run %r" % command, "status %d: %s%s" % done)
        return done.out

    def until(self, command: str, timeout: float = 120, pause: float = 0.5) -> str:
        """Ask again until the command succeeds; what it printed then. Raises: Failed."""
        end = time.monotonic() + timeout
        while True:
            done = self.run(command)
            if done.status == 0:
                return done.out
            if time.monotonic() > end:
                raise Failed("wait for %r" % command, "status %d: %s%s" % done)
            time.sleep(pause)

    def clock(self) -> float:
        """The machine's wall clock in seconds since 1970."""
        assert self.agent is not None
        return self.agent.clock()

    def rtc(self) -> int:
        """The hardware clock in seconds since 1970: what the next boot begins with."""
        seen = self.ask("qom-get", path="/machine", property="rtc-time")
        assert isinstance(seen, dict)
        words = "year mon mday hour min sec".split()
        year, month, day, hour, minute, second = (int(seen["tm_" + word]) for word in words)
        return calendar.timegm((year + 1900, month + 1, day, hour, minute, second, 0, 0, 0))

    def cut(self) -> int:
        """Pull the power; the hardware clock as it was left."""
        left = self.rtc()
        self._kill()
        return left

    def boot(self, rtc: int) -> None:
        """Power comes back: the same disk, the hardware clock as given."""
        self._append = " ".join([APPEND] + ["systemd.mask=" + unit for unit in SPARED])
        self._start(rtc, None)

    def plug(self, stick: str) -> None:
        """Put a stick into the USB port, write-protected."""
        self._usb("stick", stick, "raw", False)

    def attach(self, disk: str) -> None:
        """Attach another machine's disk, which must be off, to read and to write."""
        self._usb("other", disk, "qcow2", True)

    def _usb(self, name: str, path: str, shape: str, write: bool) -> None:
        file = {"driver": "file", "filename": path, "read-only": not write}
        node = {"driver": shape, "node-name": name + "-data", "read-only": not write, "file": file}
        self.ask("blockdev-add", **node)
        self.ask("device_add", driver="usb-storage", bus="xhci.0", drive=name + "-data", id=name)

    def freeze(self, memory: str) -> Frozen:
        """Save the memory and end; the disk stays as it is at that moment."""
        self.ask("stop")
        rtc = self.rtc()
        self.ask("migrate", uri="exec:cat > " + shlex.quote(memory))
        while True:
            told = self.ask("query-migrate")
            assert isinstance(told, dict)
            if told.get("status") in ("completed", "failed"):
                break
            time.sleep(0.1)
        self.ask("quit")
        assert self._process is not None
        self._process.wait(30)
        if told["status"] != "completed":
            raise Failed("freeze the machine", str(told), self.folder + "/qemu.log")
        return Frozen(self.disk, memory, rtc)

    def close(self) -> None:
        """End it, however it is. Nothing of it stays behind but its folder."""
        self._kill()
        atexit.unregister(self.close)

    def _kill(self) -> None:
        for line in (self.agent, self._monitor):
            if line is not None:
                line.close()
        self.agent = self._monitor = None
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


def arguments(image: Image, disk: str, folder: str, rtc: int, append: str = APPEND) -> List[str]:
    """qemu's words. cache=writeback: with unsafe, a guest's fsync would mean nothing."""
    base = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(rtc))
    words = "-machine q35 -smp 2 -nodefaults -no-user-config -display none"
    words += " -device virtio-rng-pci -device qemu-xhci,id=xhci -device virtio-serial-pci"
    channels = ["-chardev", "socket,id=agent,path=%s/agent,server=on,wait=off" % folder]
    channels += ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
    console = "socket,id=console,path=%s/console,server=on,wait=off" % folder
    channels += ["-chardev", console + ",logfile=%s/serial.log,logappend=on" % folder]
    channels += ["-serial", "chardev:console"]
    channels += ["-qmp", "unix:%s/monitor,server=on,wait=off" % folder]
    drive = "if=none,id=disk,format=qcow2,cache=writeback,file=" + disk
    return (
        [packages.program("qemu-system-x86_64"), "-accel", ACCELERATION, "-m", str(MEMORY)]
        + words.split()
        + ["-rtc", "base=%s,clock=vm" % base, "-append", append]
        + ["-kernel", image.kernel, "-initrd", image.ramdisk]
        + ["-drive", drive, "-device", "virtio-blk-pci,drive=disk"]
        # 10.0.2.2 is this machine's loopback; nothing beyond it is reached.
        + ["-netdev", "user,id=net,net=10.0.2.0/24", "-device", "virtio-net-pci,netdev=net"]
        + channels
    )


def _overlay(path: str, backing: str, shape: str) -> None:
    words = [packages.program("qemu-img"), "create", "-q", "-f", "qcow2", "-F", shape]
    done = subprocess.run(
        words + ["-b", backing, path],
        env=child.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise Failed("make the machine's disk", said)
