# SPDX-License-Identifier: Apache-2.0
"""hosted-engine: its verbs, their texts per release, and their sixty-second waits.

Imports `ha`, `hosted_engine_status`, `engine_vm`, `vdsm`, `names` and `settings`.
"""

from typing import List, Optional

from simulators import engine_vm, ha, hosted_engine_status, names, settings, vdsm
from simulators.entry import Call

COST = 0.6
CONF = "/etc/ovirt-hosted-engine/hosted-engine.conf"
LIMIT = 60.0
NEVER = "RuntimeError: Couldn't  connect to VDSM within 60 seconds"
NOT_YET = (
    "The hosted engine configuration has not been retrieved from shared storage yet,\n"
    "please ensure that ovirt-ha-agent service is running.\n\n"
)
NOT_YET_OLD = (
    "The hosted engine configuration has not been retrieved from shared storage. "
    "Please ensure that ovirt-ha-agent is running and the storage server is "
    "reachable.\n"
)
USAGE = """\
Usage: %s [--help] <command> [<command args>]
    --deploy [options]
    --vm-start
    --vm-start-paused
    --vm-shutdown
    --vm-poweroff
    --vm-status [--json]
    --set-maintenance --mode=<mode>
    --check-liveliness
    --check-deployed
    --connect-storage
    --console
"""


def main(call: Call) -> int:
    words = call.argv[1:]
    if not words:
        call.out(USAGE % call.argv[0])
        return 1
    if words[0] in ("--help", "-h"):
        call.out(USAGE % call.argv[0])
        return 0
    if words[0] not in VERBS:
        call.err("Invalid option '%s'\n" % words[0])
        call.err(USAGE % call.argv[0])
        return 1
    if words[0] != "--check-deployed" and not _deployed(call):
        call.out("You must run deploy first\n")
        return 1
    return VERBS[words[0]](call, words[1:])


def _deployed(call: Call) -> bool:
    return "vmid" in settings.read(call.world.node(CONF))


def _check_deployed(call: Call, words: List[str]) -> int:
    if not _deployed(call):
        call.out("The hosted engine has not been deployed\n")
        return 1
    if call.world.state["release"] != "el7":
        call.out("The hosted engine has been deployed\n")
    return 0


def _configured(call: Call) -> bool:
    """The agent fetches vm.conf from shared storage; without it most verbs stop here."""
    if ha.vm_conf_readable(call.world):
        return True
    call.out(NOT_YET_OLD if call.world.state["release"] == "el7" else NOT_YET)
    return False


def _status(call: Call, words: List[str]) -> int:
    if not _configured(call):
        return 1
    world = call.world
    as_json = "--json" in words
    if not ha.broker_answers(world):
        if as_json:
            call.err(hosted_engine_status.JSON_TRACEBACK)
        else:
            call.err(hosted_engine_status.NO_BROKER)
        return 1
    call.out(
        hosted_engine_status.as_json(world) if as_json else hosted_engine_status.as_text(world)
    )
    return 0


def _vdsm(call: Call) -> bool:
    """Connect to vdsm as the CLI does: a try a second for a minute, then a traceback."""
    waited = 0.0
    while True:
        answer = vdsm.ask(call.world)
        if answer.kind == "ok":
            return True
        if waited >= LIMIT:
            call.err(
                "Traceback (most recent call last):\n"
                '  File "/usr/lib64/python3.6/runpy.py", line 193, in '
                '_run_module_as_main\n    "__main__", mod_spec)\n%s\n' % NEVER
            )
            return False
        call.world.advance(1.0)
        waited += 1.0


def _vm_start(call: Call, words: List[str]) -> int:
    if not _configured(call):
        return 1
    if not _vdsm(call):
        _vdsm(call)  # the script asks for the state first, then to create: two waits
        call.out("VM failed to launch\n")
        return 1
    vm = call.world.state["vm"]
    if engine_vm.exists(call.world) and not _replaces_paused(call):
        call.out(
            "VM exists and its status is %s\n" % ("Paused" if vm["state"] == "paused" else "Up")
        )
        return 1
    if not engine_vm.exists(call.world):
        call.err(
            "Command VM.getStats with args {'vmID': '%s'} failed:\n(code=1, message="
            "Virtual machine does not exist: {'vmId': '%s'})\n" % ((names.VM_ID,) * 2)
        )
    engine_vm.create(call.world)
    call.out("VM in WaitForLaunch\n")
    return 0


def _replaces_paused(call: Call) -> bool:
    """Since setup 2.4.4 a paused VM is cleaned up and started again."""
    if call.world.state["release"] == "el7" or call.world.state["vm"]["state"] != "paused":
        return False
    call.out("VM exists and is Down, cleaning up and restarting\n")
    engine_vm.off(call.world)
    return True


def _vm_shutdown(call: Call, words: List[str]) -> int:
    return _end(call, "shutdown")


def _vm_poweroff(call: Call, words: List[str]) -> int:
    return _end(call, "destroy")


def _end(call: Call, verb: str) -> int:
    if not _configured(call) or not _vdsm(call):
        return 1
    if not engine_vm.exists(call.world):
        call.err(
            "Command VM.%s with args {'vmID': '%s'} failed:\n(code=1, message=Virtual "
            "machine does not exist: {'vmId': '%s'})\n" % (verb, names.VM_ID, names.VM_ID)
        )
        return 1
    if verb == "shutdown":
        engine_vm.shutdown(call.world)
    else:
        engine_vm.off(call.world)
    return 0


def _liveliness(call: Call, words: List[str]) -> int:
    vm = call.world.state["vm"]
    if vm["healthy"] and vm["services"]["ovirt-engine"] and vm["state"] != "paused":
        call.out("Hosted Engine is up!\n")
        return 0
    call.world.advance(0.0 if vm["ssh"] else 20.0)
    call.out("Hosted Engine is not up!\n")
    return 1


def _maintenance(call: Call, words: List[str]) -> int:
    mode = _mode(words)
    if mode is None:
        call.out("You must specify a maintenance mode with --mode\n")
        return 1
    if mode not in ("global", "local", "none"):
        call.out("Invalid value '%s' for --mode\n" % mode)
        return 1
    if mode == "local":
        return _local(call)
    if mode == "none":
        ha.set_local_maintenance(call.world, False)
    if not ha.broker_answers(call.world):
        call.err("Cannot connect to the HA daemon, please check the logs.\n")
        return 1
    call.world.state["ha"]["global"] = mode == "global"
    call.world.schedule(15.0, "engine-poll")
    return 0


def _mode(words: List[str]) -> Optional[str]:
    for at, word in enumerate(words):
        if word.startswith("--mode="):
            return word[len("--mode=") :]
        if word == "--mode" and at + 1 < len(words):
            return words[at + 1]
    return None


def _local(call: Call) -> int:
    if not _vdsm(call):
        return 1
    if engine_vm.exists(call.world):
        call.err(
            "Unable to enter local maintenance mode: the engine VM is running on the "
            "current host, please migrate it before entering local maintenance mode.\n"
        )
        return 1
    ha.set_local_maintenance(call.world, True)
    return 0


def _connect_storage(call: Call, words: List[str]) -> int:
    return 0 if _vdsm(call) else 1


def _console(call: Call, words: List[str]) -> int:
    if not _vdsm(call):
        return 1
    if not engine_vm.exists(call.world):
        call.out("The engine VM is not on this host\n")
        return 0
    call.out("The engine VM is running on this host\nEscape character is ^]\n")
    return 0


VERBS = {
    "--check-deployed": _check_deployed,
    "--vm-status": _status,
    "--vm-start": _vm_start,
    "--vm-start-paused": _vm_start,
    "--vm-shutdown": _vm_shutdown,
    "--vm-poweroff": _vm_poweroff,
    "--check-liveliness": _liveliness,
    "--set-maintenance": _maintenance,
    "--connect-storage": _connect_storage,
    "--console": _console,
}
