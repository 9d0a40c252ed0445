# SPDX-License-Identifier: Apache-2.0
"""What tests ask of a world afterwards: its clocks, its files, its calls, the run's journal."""

import json
import os
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Sequence

from recovery import files
from simulators import der, engine_vm, install, rehearse, units
from simulators.engine_api import hosts
from tests.procedures import watched

STATE = "/var/lib/ovirt-cert-recovery"
NODE_CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"
BOOT_UNIT = "/etc/systemd/system/ovirt-cert-recovery-restore-time.service"
INSTALLED = [
    "/etc/pki/libvirt/clientcert.pem",
    "/etc/pki/vdsm/certs/vdsmcert.pem",
    "/etc/pki/vdsm/libvirt-spice/server-cert.pem",
    "/etc/pki/vdsm/libvirt-vnc/server-cert.pem",
]
_NODE_KEYS = ("/etc/pki/libvirt/private/clientkey.pem", "/etc/pki/vdsm/keys/vdsmkey.pem")
_PAIRS = _NODE_KEYS + tuple(
    "/etc/pki/vdsm/libvirt-%s/server-key.pem" % name for name in ("spice", "vnc")
)
_CONSOLE = tuple("/etc/pki/ovirt-vmconsole/host-ssh_host_rsa" + end for end in ("", "-cert.pub"))
_MIGRATION = tuple("/etc/pki/vdsm/libvirt-migrate/server-%s.pem" % name for name in ("cert", "key"))
_OVN = tuple("/etc/pki/vdsm/ovn/ovn-%s.pem" % name for name in ("cert", "key"))
# An enrollment makes new keys, and certificates for more than one signature does.
ENROLLED = {
    "el7": sorted(INSTALLED + list(_PAIRS + _CONSOLE)),
    "el8": sorted(INSTALLED + list(_PAIRS + _CONSOLE + _MIGRATION)),
    "el9": sorted(INSTALLED + list(_PAIRS + _CONSOLE + _MIGRATION + _OVN)),
}
# All that `diagnose`, `plan` and a `recover` that is not allowed may run: it only reads.
READERS = (
    "date +%s.%N",
    "systemctl show --no-pager -p ",
    "systemctl --version",
    "journalctl --no-pager -o json ",
    "hosted-engine --vm-status --json",
    "virsh -r list --all",
    "ssh-keyscan -T 5 ",
    "ssh-keygen -F ",
    "chronyc -c ",
    "curl -q --silent --show-error --request GET ",
    "openssl s_client -connect ",
    "openssl pkey ",
    "id -u",
    "pgrep -c -f ",
    "df -Pk ",
    "rpm -q ",
)


class Clocks(NamedTuple):
    """How far each clock is ahead of the true time, in seconds."""

    wall: float
    rtc: float
    engine: float


def clocks(world: install.World) -> Clocks:
    with world.opened() as now:
        true = now.true()
        return Clocks(now.wall() - true, now.rtc() - true, engine_vm.wall(now) - true)


def calls(world: install.World) -> List[str]:
    """The literal commands, in order."""
    return [" ".join(call.argv) for call in world.transcript()]


def effects(world: install.World) -> List[str]:
    """The calls that do more than read."""
    return [call for call in calls(world) if not call.startswith(READERS)]


def host_states(world: install.World) -> List[str]:
    """What the engine thinks of its hosts, time being given to what is on its way."""
    with world.opened() as now:
        now.advance(120)
        hosts.settle(now)
        return [host["status"] for host in hosts.every(now)]


def first(world: install.World, words: str) -> int:
    """The position of the first call that contains the words."""
    return [words in call for call in calls(world)].index(True)


def changed(world: install.World) -> List[str]:
    """The node's files that are not what they were, our own state left out."""
    return [path for _, path in rehearse.changes(world) if not path.startswith(STATE + "/")]


def journal(world: install.World, run: str = "run-1") -> List[Dict[str, Any]]:
    with open("%s%s/%s/journal" % (world.root, STATE, run)) as lines:
        return [json.loads(line) for line in lines]


def verified(world: install.World) -> List[str]:
    """The steps that were verified, in order, repetitions left out."""
    steps = [line["step"] for line in journal(world) if line["event"] == "verified"]
    return list(dict.fromkeys(steps))


def certificate(world: install.World, path: str = NODE_CERTIFICATE) -> der.Certificate:
    with open(world.root + path, "rb") as source:
        return der.certificate(source.read())


def account(world: install.World) -> str:
    return "\n".join(rehearse.epilogue(world))


def engine_file(world: install.World, path: str) -> str:
    return files.Files(world.engine).locate(path)


def timers(world: install.World) -> List[str]:
    """The dead-man timers that are armed."""
    names = world.sim.state()["transient"]
    return [name for name in names if name.startswith("ovirt-cert") and name.endswith(".timer")]


def restored_by(world: install.World) -> List[str]:
    """Who brought the true time back, each time."""
    return [line["data"]["by"] for line in journal(world) if line["event"] == "restored"]


def typed(world: install.World, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """Somebody types a command on the node."""
    argv = [world.programs + "/" + words[0]] + list(words[1:])
    env = {"PATH": world.programs}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(argv, env=env, cwd="/", timeout=60, **streams)  # type: ignore[call-overload]


def another(world: install.World, words: Sequence[str]) -> str:
    """Run our tool as a process of its own, as the dead-man timer does; return what it says."""
    program = os.path.join(os.path.dirname(files.__file__), "__main__.py")
    argv = [sys.executable, program, "--root", world.root, "--programs", world.programs]
    process = subprocess.Popen(
        argv + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    return process.communicate(timeout=60)[0].decode()


def well(node: watched.Node, ended: watched.Ended) -> None:
    """The run ended well and left the node as it should be, by the world's own account."""
    assert ended.status == 0, ended.output[-3000:]
    told = account(node.world)
    assert "HostedEngine: running" in told, told
    assert "vdsm certificate: valid" in told and "(served)" in told, told
    assert "libvirtd: active, vdsmd: active" in told, told
    assert changed(node.world) == INSTALLED
    at_rest(node)


def at_rest(node: watched.Node) -> None:
    """True time on all clocks of the node, and nothing of ours left in systemd."""
    seen = clocks(node.world)
    assert abs(seen.wall) < 1.0 and abs(seen.rtc) < 3.0, seen
    with node.world.opened() as now:
        assert units.state(now, "chronyd.service")["active"] == "active"
    assert timers(node.world) == []
    assert not os.path.exists(node.world.root + BOOT_UNIT)
    assert not os.path.lexists(node.world.root + "/run/systemd/system/chronyd.service")
