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
    engine_certificates,
    engine_clock,
    engine_setup,
    engine_vm,
    install,
    interim,
    maintenance,
    prove,
    reach_engine,
    request,
    restore_time,
    services,
    sign,
    sign_by_hand,
    sign_here,
    time_sync,
)

Procedure = Tuple[Step, ...]


def _restart(
    reason: str, how: str = "", since: str = "install", until: str = ""
) -> services.RestartServices:
    """Once the new certificate is in place; where the engine VM is started later, it must hold."""
    title = "restart libvirtd, vdsm and the HA services" + how
    return services.RestartServices("restart-services", title, reason, since, until)


# What the operator may decline as a whole.
ENGINE_PART: Procedure = (
    engine_certificates.EngineCertificates(),
    maintenance.GlobalMaintenance(when_due=True),
    engine_setup.EngineSetup(),
    maintenance.LeaveMaintenance(when_due=True),
)
# Where the engine is in global maintenance already.
ENGINE_RENEWAL: Procedure = (ENGINE_PART[0], ENGINE_PART[2])

_INTO_THE_PAST: Procedure = (
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
)
_INTO_THE_PRESENT: Procedure = (
    restore_time.RestoreTime(),
    time_sync.StartTimeSync(),
    boot_guard.RemoveBootGuard(),
)
_RESTART_THEN = _restart(
    "they read certificates when they start; the engine VM keeps running",
    how=" under the true time",
    until="prove",
)
_READ_NOW = "they read certificates when they start; running VMs keep running"
_RESTART_NOW = _restart(_READ_NOW)

# From the installation to the restart nothing needs the engine: a power cut in between ends its VM,
# and with some of the old files neither libvirtd nor the HA broker starts before all are new.
REWIND: Procedure = (
    *_INTO_THE_PAST,
    maintenance.GlobalMaintenance(until="install"),
    engine_vm.StartEngineVm(until="install"),
    reach_engine.ReachEngine(until="install"),
    request.MakeRequest(),
    sign.Sign(),
    install.Install(),
    *_INTO_THE_PRESENT,
    engine_clock.EngineClockAtOnce(),
    _RESTART_THEN,
    engine_vm.KeepEngineVm(),
    reach_engine.ReachAgain(),
    engine_clock.EngineClock(),
    *ENGINE_RENEWAL,
    maintenance.LeaveMaintenance(),
    prove.Prove(),
)

# Nobody reaches the engine over ssh: what else is done there is told at the end, and global
# maintenance stays on for engine-setup. It is in the past that one waits for the person, for there
# hosted-engine --console works (it asks vdsm), and what a power cut ends can be begun again.
REWIND_BY_HAND: Procedure = (
    *_INTO_THE_PAST,
    maintenance.GlobalMaintenance(until="install"),
    engine_vm.StartEngineVm(until="install"),
    request.MakeRequest(),
    sign_by_hand.SignByHand(),
    install.Install(),
    *_INTO_THE_PRESENT,
    _RESTART_THEN,
    engine_vm.KeepEngineVm(),
    prove.Prove(),
)

SIGN: Procedure = (
    backup.Backup(),
    reach_engine.ReachEngine(),
    request.MakeRequest(),
    sign.Sign(),
    install.Install(),
    _RESTART_NOW,
    engine_clock.EngineClock(left=True),
    *ENGINE_PART,
    prove.Prove(),
)

SIGN_BY_HAND: Procedure = (
    backup.Backup(),
    request.MakeRequest(),
    sign_by_hand.SignByHand(),
    install.Install(),
    _RESTART_NOW,
    prove.Prove(),
)

OFFLINE_CA: Procedure = (
    backup.Backup(),
    request.MakeRequest(),
    sign_here.SignHere(),
    install.Install(),
    _restart(_READ_NOW, until="prove"),
    maintenance.GlobalMaintenance(),
    engine_vm.StartEngineVm(),
    maintenance.LeaveMaintenance(),
    prove.Prove(),
)

# A disk in a rescue system: what is signed and installed is served from the next boot on.
OFFLINE_AT_REST: Procedure = OFFLINE_CA[:4]

# The temporary certificate is gone again before anything lasting is installed, so that what undo
# puts back is what the node had. From there to the restart nothing needs the engine's answer.
INTERIM: Procedure = (
    backup.Backup(),
    interim.Interim(),
    services.RestartServices(
        "start-services",
        "start libvirtd, vdsm and the HA services",
        "the temporary certificate is valid; start limits of the failed tries are reset",
        since="interim",
        until="end-interim",
        anew=True,
    ),
    maintenance.GlobalMaintenance(until="end-interim"),
    engine_vm.StartEngineVm(until="end-interim"),
    reach_engine.ReachEngine(until="end-interim"),
    request.MakeRequest(),
    sign.Sign(),
    interim.EndInterim(),
    install.Install(),
    _restart(
        "they read certificates when they start; the engine VM keeps running",
        how=" with the new certificate",
        until="prove",
    ),
    engine_vm.KeepEngineVm(),
    reach_engine.ReachAgain(),
    engine_clock.EngineClock(left=True),
    *ENGINE_RENEWAL,
    maintenance.LeaveMaintenance(),
    prove.Prove(),
)

# What comes before any host is touched; what is done for each host is in `_renewed`.
ENROLLMENT: Procedure = (backup.Backup(), api_reach.ReachApi())

PROCEDURES: Dict[str, Procedure] = {
    diagnosis.REWIND: REWIND,
    diagnosis.SIGN: SIGN,
    diagnosis.OFFLINE_CA: OFFLINE_CA,
    diagnosis.INTERIM: INTERIM,
}
BY_HAND = {diagnosis.REWIND: REWIND_BY_HAND, diagnosis.SIGN: SIGN_BY_HAND}
CARRIED_OUT = tuple(PROCEDURES) + (diagnosis.RENEW,)


def of(route: str, parameters: plan.Parameters) -> Procedure:
    """Return every step of a route. Raises: KeyError for one that is not carried out."""
    if route == diagnosis.RENEW:
        return _renewal(parameters)
    if parameters.at_rest and route == diagnosis.OFFLINE_CA:
        return OFFLINE_AT_REST
    if parameters.by_hand:
        return BY_HAND[route]
    return PROCEDURES[route]


def _renewal(parameters: plan.Parameters) -> Procedure:
    """The engine's own certificates first: expired, its API lets nobody in."""
    steps: Procedure = ()
    if parameters.renew_engine:
        steps += (
            reach_engine.ReachEngine(until="leave-maintenance"),
            engine_clock.EngineClock(left=True),
            *ENGINE_PART,
        )
    if parameters.hosts:
        steps += ENROLLMENT
    for host in parameters.hosts:
        steps += _renewed(host, host == parameters.this_host)
    if parameters.this_host or not parameters.hosts:
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
        _restart(
            "they read certificates when they start, and engines before 4.5.0.7 leave that out; "
            "in maintenance no VM runs here",
            since=enrolled,
        ),
    )
