# SPDX-License-Identifier: Apache-2.0
"""The HostedEngine domain: absent, paused, running; its boot, its own clock, its health.

The guest takes the node's clock at the moment qemu starts; later only its own chronyd moves it.
Imports `tls`, `settings` and `vdsm` (for its log).
"""

from typing import Optional

from simulators import names, settings, tls, vdsm
from simulators.world import World

QEMU_CONF = "/etc/libvirt/qemu.conf"
QEMU_LOG = "/var/log/libvirt/qemu/HostedEngine.log"
VNC = "/etc/pki/vdsm/libvirt-vnc"
LOCKED = "Failed to acquire lock: Lease is held by another host"
SERVICES = ("chronyd", "httpd", "ovirt-engine", "sshd")
PKI = "/etc/pki/ovirt-engine/"
# What a service has read when it started; it goes on with that until its next start.
LOADED = {
    "httpd": {"web": "certs/apache.cer", "web_ca": "apache-ca.pem"},
    "ovirt-engine": {"engine": "certs/engine.cer"},
}


def fresh() -> dict:
    """A domain that is not there, and how this engine behaves when it boots."""
    return {
        "state": "absent",
        "id": 0,
        "boot": 0,
        "where": "nowhere",
        "since": 0.0,
        "ssh": False,
        "healthy": False,
        "ahead": 0.0,
        "down": "",
        "ntp": None,
        "password": names.PASSWORD,
        "services": dict.fromkeys(SERVICES, False),
        "shutting": False,
        "disk_full": False,
        "language": "C",
        "database": {"global": False},
        "loaded": {},
        "seconds": {
            "qemu": 1.0,
            "resume": 1.5,
            "ssh": 60.0,
            "chronyd": 66.0,
            "healthy": 290.0,
            "poll": 64.0,
            "shutdown": 40.0,
        },
    }


def wall(world: World) -> float:
    return world.true() + float(world.state["vm"]["ahead"])


def set_wall(world: World, seconds: float) -> None:
    world.state["vm"]["ahead"] = seconds - world.true()


def disk_full(world: World) -> bool:
    """Can nothing more be written in the guest?"""
    return bool(world.state["vm"]["disk_full"])


def reaches_ntp(world: World) -> bool:
    own = world.state["vm"]["ntp"]
    return bool(world.state["ntp"]["reachable"] if own is None else own)


def exists(world: World) -> bool:
    return world.state["vm"]["state"] in ("paused", "running")


def answers(world: World) -> bool:
    """Has it booted as far as its network, and does it run?"""
    vm = world.state["vm"]
    frozen = vm["where"] == "here" and vm["state"] != "running"
    return bool(vm["ssh"] and not frozen)


def answers_ssh(world: World) -> bool:
    return answers(world) and bool(world.state["vm"]["services"]["sshd"])


def create(world: World) -> None:
    """vdsm (or virsh) launches the domain; what qemu thinks of it shows a second later."""
    vm = world.state["vm"]
    vm["down"] = ""
    world.cancel("vm-qemu")
    world.schedule(vm["seconds"]["qemu"], "vm-qemu")


def qemu(world: World, data: dict) -> None:
    """The event: qemu starts, or refuses to."""
    vm = world.state["vm"]
    problem = _refusal(world)
    if problem:
        vm.update(state="absent", down=problem)
        return
    vm.update(
        state="paused",
        where="here",
        boot=vm["boot"] + 1,
        since=world.uptime,
        id=vm["id"] + 1,
        ssh=False,
        healthy=False,
        shutting=False,
        ahead=world.wall() - world.true(),
    )
    vm["services"] = dict.fromkeys(SERVICES, False)
    world.state["domains_running"] = 1
    domain = "Domain id=%d name='%s' uuid=%s is tainted: custom-hypervisor-feature" % (
        vm["id"],
        names.DOMAIN,
        names.VM_ID,
    )
    world.log(domain, unit="libvirtd.service", priority=4)
    world.schedule(vm["seconds"]["resume"], "vm-resume", boot=vm["boot"])


def _refusal(world: World) -> str:
    if world.state["vm"]["where"] == "elsewhere":
        return LOCKED
    present = settings.read(world.node(QEMU_CONF))
    if present.get("vnc_tls") != "1":
        return ""
    folder = present.get("vnc_tls_x509_cert_dir", VNC)
    files = tls.Files(
        folder + "/server-cert.pem", folder + "/server-key.pem", folder + "/ca-cert.pem", world.node
    )
    try:
        tls.check(files, world.wall())
    except tls.Refused as refused:
        return _vnc_refused(world, str(refused))
    return ""


def _vnc_refused(world: World, text: str) -> str:
    problem = "Failed to start VNC server: " + text
    vdsm.append(world, QEMU_LOG, "qemu-kvm: -vnc: %s\n" % problem)
    world.log(
        "internal error: process exited while connecting to monitor: qemu-kvm: " + problem,
        unit="libvirtd.service",
        priority=3,
    )
    return problem


def resume(world: World, data: dict) -> None:
    """The event: vdsm lets the domain run, and the guest boots."""
    vm = world.state["vm"]
    if vm["boot"] != data["boot"] or vm["state"] != "paused":
        return
    vm["state"] = "running"
    for stage in ("ssh", "chronyd", "healthy"):
        world.schedule(vm["seconds"][stage], "vm-stage", boot=vm["boot"], stage=stage)


def stage(world: World, data: dict) -> None:
    """The event: the guest has got as far as `stage`."""
    vm = world.state["vm"]
    if vm["boot"] != data["boot"] or vm["where"] != "here":
        return
    if vm["state"] == "paused":
        world.schedule(5.0, "vm-stage", **data)
    elif data["stage"] == "ssh":
        vm["ssh"] = True
        vm["services"].update(sshd=True, chronyd=True)
    elif data["stage"] == "chronyd":
        synchronise(world)
    elif data["stage"] == "healthy":
        for service in ("httpd", "ovirt-engine"):
            switch(world, service, True)
        world.schedule(15.0, "engine-poll")


def switch(world: World, service: str, on: bool) -> None:
    """Start (again) or stop a service of the guest."""
    vm = world.state["vm"]
    vm["services"][service] = on
    if service == "ovirt-engine":
        vm["healthy"] = on
    for name, path in LOADED.get(service, {}).items() if on else ():
        try:
            vm["loaded"][name] = tls.read(world.engine(PKI + path))
        except OSError:
            vm["loaded"][name] = b""


def synchronise(world: World) -> None:
    """The guest's chronyd steps to the true time, or goes on asking."""
    vm = world.state["vm"]
    if not vm["services"]["chronyd"]:
        return
    if reaches_ntp(world):
        vm["ahead"] = 0.0
    else:
        world.schedule(vm["seconds"]["poll"], "vm-stage", boot=vm["boot"], stage="chronyd")


def shutdown(world: World) -> None:
    vm = world.state["vm"]
    if exists(world) and not vm["shutting"]:
        vm.update(shutting=True, healthy=False)
        world.schedule(vm["seconds"]["shutdown"], "vm-off", boot=vm["boot"])


def off(world: World, data: Optional[dict] = None) -> None:
    """The domain is gone: powered off, shut down, or its process ended."""
    vm = world.state["vm"]
    if data and data["boot"] != vm["boot"]:
        return
    vm.update(state="absent", where="nowhere", ssh=False, healthy=False, shutting=False)
    vm["services"] = dict.fromkeys(SERVICES, False)
    world.state["domains_running"] = 0


def suspend(world: World) -> None:
    world.state["vm"]["state"] = "paused"


def unsuspend(world: World) -> None:
    world.state["vm"]["state"] = "running"


def power_lost(world: World) -> None:
    """The node lost power: no process, but libvirt still has vdsm's persistent definition."""
    from simulators import agent, broker, ha

    vm = world.state["vm"]
    if vm["where"] == "here":
        off(world)
        vm["state"] = "shut off"
    world.state["vdsm"] = vdsm.fresh()
    world.state["broker"] = broker.fresh()
    world.state["agent"] = agent.fresh()
    ha.power_lost(world)
