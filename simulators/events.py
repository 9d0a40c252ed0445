# SPDX-License-Identifier: Apache-2.0
"""The table of event kinds: who handles a due event. Modules are imported when one is due."""

from simulators.world import World

HANDLERS = {
    # kind: (module, function); called as function(world, data)
    "unit-settle": ("simulators.systemd.services", "settle"),
    "unit-restart": ("simulators.systemd.restarts", "auto_restart"),
    "job-run": ("simulators.systemd.jobs", "run_due"),
    "timer-elapse": ("simulators.systemd.timers", "elapse"),
    "command": ("simulators.systemd.commands", "run"),
    "rtc-write": ("simulators.clock", "write_rtc_late"),
    "rtc-sync": ("simulators.clock", "kernel_rtc_sync"),
    "timedate-idle": ("simulators.clock", "timedate_idle"),
    "chronyd-poll": ("simulators.chronyd", "poll"),
    "libvirtd-idle": ("simulators.idle", "leave"),
    "ntp-reachable": ("simulators.faults", "ntp_reachable"),
    "somebody-starts": ("simulators.faults", "somebody_starts"),
    "engine-disk-full": ("simulators.faults", "engine_disk_full"),
    "engine-poll": ("simulators.engine_database", "poll"),
    "vdsm-ready": ("simulators.vdsm", "ready"),
    "broker-poll": ("simulators.broker", "poll"),
    "agent-tick": ("simulators.agent", "tick"),
    "vm-qemu": ("simulators.engine_vm", "qemu"),
    "vm-resume": ("simulators.engine_vm", "resume"),
    "vm-stage": ("simulators.engine_vm", "stage"),
    "vm-off": ("simulators.engine_vm", "off"),
    "background-entry": ("simulators.background", "entry"),
}


def handle(world: World, kind: str, data: dict) -> None:
    """Let the event happen."""
    module_name, function = HANDLERS[kind]
    module = __import__(module_name, None, None, [function])
    getattr(module, function)(world, data)
