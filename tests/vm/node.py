# SPDX-License-Identifier: Apache-2.0
"""A broken node in the machine, with the archive on a stick, and what can be seen of it."""

import re
import shlex
import time
from typing import Dict, List, Optional

from simulators import names
from simulators.vm import machine
from simulators.vm.agent import Done

STICK = "/mnt/usb"
TOOL = "/usr/bin/python3 %s/ovirt-cert-recovery.pyz" % STICK
PASSWORD = "/run/engine-password"
BACKUP = "/run/engine.backup"
# As engine-backup packs with --files-compressor=gzip (the machine has no xz): the files in a tar of
# their own, its hash beside it, all in another.
PACK = (
    "cd /run && mkdir -m 0700 packed && cd packed && echo 4.5.4 > version"
    " && tar -C {}/srv/engine -cpSzf files etc/pki/ovirt-engine"
    " && sha256sum files version > /run/sums && mv /run/sums sha256sum"
    " && tar -cpSzf {} . && rm -r /run/packed"
)
LOG = "/run/recovery.log"
ENDED = "exit-status"
CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"
COPIES = (
    CERTIFICATE,
    "/etc/pki/libvirt/clientcert.pem",
    "/etc/pki/vdsm/libvirt-spice/server-cert.pem",
    "/etc/pki/vdsm/libvirt-vnc/server-cert.pem",
)
# What libvirtd writes when it starts, and hwclock's own record of when it was last asked to set.
OTHERS = r"\( -path /etc/libvirt/nwfilter -o -path /etc/libvirt/qemu -o -path /etc/adjtime \)"
# A recovery takes two minutes on two idle cores, and several times that on busy ones.
RECOVERS_WITHIN = 900


class Node:
    """The machine as a test uses it. Times are seconds."""

    def __init__(self, made: machine.Machine, stick: str) -> None:
        self.machine = made
        self.stick = stick
        self._off = 0.0
        self.insert()
        self.offset()

    def insert(self) -> None:
        """The stick is in and mounted, and the password lies in a file of root's alone."""
        self.machine.plug(self.stick)
        wait = "until [ -b /dev/sda ]; do sleep 0.3; done; "
        mount = "until mount -o ro,X-mount.mkdir /dev/sda %s 2>/dev/null; do sleep 0.3; done; "
        write = "umask 077 && echo %s > %s" % (names.PASSWORD, PASSWORD)
        self.out(wait + mount % STICK + write)

    def offset(self) -> None:
        """From now on the true time is what the machine's clock shows at this moment."""
        self._off = self._ahead()

    def true(self) -> float:
        """The true time: it passes with this machine's uptime, whatever happens inside."""
        return self._off + time.monotonic()

    def wall(self) -> float:
        """The machine's wall clock, read without starting a program inside."""
        return self.machine.clock()

    def deviation(self) -> float:
        return self._ahead() - self._off

    def _ahead(self) -> float:
        """The machine's wall clock before this machine's uptime; an answer that is late is asked
        for again: what this computer was slow with is not the tool's."""
        for _ in range(20):
            before = time.monotonic()
            wall = self.wall()
            spent = time.monotonic() - before
            if spent < 0.2:
                break
        return wall - before - spent / 2

    def run(self, command: str, timeout: float = 120) -> Done:
        return self.machine.run(command, timeout)

    def out(self, command: str, timeout: float = 120) -> str:
        return self.machine.out(command, timeout)

    def tool(self, words: str, timeout: float = RECOVERS_WITHIN) -> Done:
        """Run the archive from the stick to its end."""
        return self.run("%s %s" % (TOOL, words), timeout)

    def begin(self, words: str) -> None:
        """Start the archive in the background; `reached` and `ended` tell how far it is."""
        inner = "%s %s > %s 2>&1; echo %s $? >> %s" % (TOOL, words, LOG, ENDED, LOG)
        self.out(": > " + LOG)
        self.out("setsid bash -c %s > /dev/null 2>&1 < /dev/null &" % shlex.quote(inner))

    def reached(self, step: int, timeout: float = RECOVERS_WITHIN) -> None:
        """Wait until this step has begun. Fails when the tool ends before."""
        line = self._follow(r"^\[%d/|^%s " % (step, ENDED), timeout)
        assert line.startswith("["), self.log()

    def ended(self, timeout: float = RECOVERS_WITHIN) -> int:
        """The exit status of what `begin` started."""
        return int(self._follow("^%s " % ENDED, timeout).split()[-1])

    def _follow(self, sought: str, timeout: float) -> str:
        """The first line like that; waiting costs the machine next to nothing."""
        # A pipe's tail would live on until it had one more line to write.
        follow = "exec 3< <(exec tail -n +1 -f %s); grep -m1 -E %s <&3; kill $!"
        return self.out(follow % (LOG, shlex.quote(sought)), timeout)

    def log(self) -> str:
        return self.run("cat " + LOG).out

    def kill(self) -> None:
        """The tool is gone at once, and nothing but the tool."""
        self.out("pkill -KILL -f '[o]virt-cert-recovery.pyz' && sleep 1 || test $? = 1")

    def cut_and_boot(self) -> int:
        """Pull the power and boot with the hardware clock as it was left; that clock."""
        at = time.monotonic()
        left = self.machine.cut()
        self.boot(left + round(time.monotonic() - at))
        return left

    def boot(self, rtc: int) -> None:
        """Power on; until all has started that will, the stick in its port."""
        self.machine.boot(rtc)
        self.machine.wait()
        self.out("systemctl is-system-running --wait || true", 300)
        self.insert()

    def pack(self, root: str = "") -> None:
        """Make what engine-backup would have made of the engine whose files lie below root."""
        self.out(PACK.format(root, BACKUP))

    def domain(self) -> Optional[int]:
        """The pid of the engine VM's qemu; None when there is none."""
        found = self.run("pgrep -f guest=%s" % names.DOMAIN).out.split()
        assert len(found) <= 1, found
        return int(found[0]) if found else None

    def domain_state(self) -> str:
        return self.run("virsh -r domstate %s" % names.DOMAIN).out.strip()

    def files(self) -> Dict[str, str]:
        """Every file and link under /etc: its owner and mode, its target or its content's hash."""
        find = "find /etc -xdev %s -prune -o " % OTHERS
        listed = self.out(find + "! -type d -printf '%p %u %g %m %l\\n'")
        hashed = self.out(find + "-type f -print0 | xargs -0 sha256sum")
        found = dict(line.split(" ", 1) for line in listed.splitlines())
        for line in hashed.splitlines():
            content, path = line.split("  ", 1)
            found[path] += " " + content
        return found

    def changed(self, before: Dict[str, str]) -> List[str]:
        now = self.files()
        return sorted(path for path in set(now) | set(before) if now.get(path) != before.get(path))

    def enddate(self, path: str = CERTIFICATE) -> str:
        return self.out("openssl x509 -in %s -noout -enddate" % path).strip()

    def served(self) -> str:
        """The end of the certificate that vdsm serves, checked against the CA at this moment."""
        pki = "/etc/pki/vdsm/"
        ask = "openssl s_client -connect localhost:54321 -verify_return_error"
        ask += " -CAfile %scerts/cacert.pem -cert %scerts/vdsmcert.pem" % (pki, pki)
        ask += " -key %skeys/vdsmkey.pem < /dev/null 2>/dev/null" % pki
        return self.out(ask + " | openssl x509 -noout -enddate").strip()


def deviation_told(text: str) -> float:
    """The deviation that the report states, in seconds."""
    found = re.search(r"true time restored: .* deviation ([-+]?[\d.]+) s", text)
    assert found, text
    return float(found.group(1))
