# SPDX-License-Identifier: Apache-2.0
"""The procedures: literal tuples of steps, in order, and nothing else.

The stay in the past is as short as it can be: only until the engine VM runs and has signed one
certificate. Everything after that happens under the true time.
"""

from typing import Dict, Tuple

from recovery import diagnosis, plan
from recovery.step import Step
from recovery.steps import (
    anchor,
    api_activate,
    api_copies,
    api_enroll,
    api_maintenance,
    api_reach,
    backup,
    boot_guard,
    clock_back,
    dead_man,
    engine_clock,
    engine_vm,
    install,
    maintenance,
    prove,
    reach_engine,
    request,
    restore_time,
    services,
    sign,
    time_sync,
)

Procedure = Tuple[Step, ...]

REWIND: Procedure = (
    backup.Backup(),
    anchor.Anchor(),
    boot_guard.BootGuard(),
    dead_man.DeadMan(),
    time_sync.StopTimeSync(),
    clock_back.ClockBack(),
    clock_back.KeepRtc(),
    services.RestartServices(
        "start-services",
        "start libvirtd, vdsm and the HA services",
        "in the past their certificate is valid; start limits of the failed tries are reset",
        since="clock-back",
        until="install",
    ),
    maintenance.GlobalMaintenance(),
    engine_vm.StartEngineVm(),
    reach_engine.ReachEngine(),
    request.MakeRequest(),
    sign.Sign(),
    install.Install(),
    restore_time.RestoreTime(),
    time_sync.StartTimeSync(),
    boot_guard.RemoveBootGuard(),
    engine_clock.EngineClock(),
    services.RestartServices(
        "restart-services",
        "restart libvirtd, vdsm and the HA services under the true time",
        "they read certificates when they start; the engine VM keeps running",
        since="install",
        until="",
    ),
    maintenance.LeaveMaintenance(),
    prove.Prove(),
)

SIGN: Procedure = (
    backup.Backup(),
    reach_engine.ReachEngine(),
    request.MakeRequest(),
    sign.Sign(),
    install.Install(),
    services.RestartServices(
        "restart-services",
        "restart libvirtd, vdsm and the HA services",
        "they read certificates when they start; running VMs keep running",
        since="install",
        until="",
    ),
    prove.Prove(),
)

# What comes before any host is touched; what is done for each host is in `_renewed`.
RENEW: Procedure = (
    backup.Backup(),
    api_reach.ReachApi(),
)

PROCEDURES: Dict[str, Procedure] = {
    diagnosis.REWIND: REWIND,
    diagnosis.SIGN: SIGN,
    diagnosis.RENEW: RENEW,
}


def of(route: str, parameters: plan.Parameters) -> Procedure:
    """Return every step of a route; in `renew` some are there once for each host.

    Raises: KeyError for a route that has no procedure.
    """
    steps = PROCEDURES[route]
    if route == diagnosis.RENEW:
        for host in parameters.hosts:
            steps += _renewed(host, host == parameters.this_host)
        if parameters.this_host:
            steps += (prove.Prove(),)
    return steps


def _renewed(host: str, here: bool) -> Procedure:
    """One host after the other: the first failure leaves the rest as they are."""
    away = api_maintenance.step_id(host)
    enrolled = api_enroll.step_id(host)
    return (
        (api_maintenance.HostMaintenance(host), api_enroll.Enroll(host))
        + (_here(enrolled) if here else ())
        + (api_activate.Activate(host, away),)
    )


def _here(enrolled: str) -> Procedure:
    return (
        api_copies.RenewCopies(),
        services.RestartServices(
            "restart-services",
            "restart libvirtd, vdsm and the HA services",
            "they read certificates when they start, and engines before 4.5.0.7 leave that out; "
            "in maintenance no VM runs here",
            since=enrolled,
            until="",
        ),
    )
