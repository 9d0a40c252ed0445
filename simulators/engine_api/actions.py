# SPDX-License-Identifier: Apache-2.0
"""deactivate, enrollcertificate and activate: what the engine refuses, in its own words.

Validation is immediate; what was accepted goes on by itself. The words are those of the engine's
AppErrors.properties, the conditions those of MaintenanceNumberOfVdssCommand, HostValidator and
their kin. Imports `hosts`, `migration` and `release`.
"""

from typing import Optional

from simulators.engine_api import hosts, migration, release
from simulators.world import World

SWITCH = "Cannot switch Host to Maintenance mode"
NO_PLACE_FOR_ENGINE = (
    "Cannot switch the Host(s) to Maintenance mode.\n"
    "None of the hosts capable of running the engine VM has score more than 0 and is in Up state."
)
NO_PLACE_FOR_VMS = (
    "The following Hosts have running VMs and cannot be switched to maintenance mode: %s.\n"
    "Please ensure that the following Clusters have at least one Host in UP state: Default."
)
SPM_LOST = (
    ".\nHost is Storage Pool Manager and is in Non Responsive state.\n"
    "- If power management is configured, engine will try to fence the host automatically.\n"
    "- Otherwise, either bring the node back up, or release the SPM resource."
)
LOCKED = "Cannot %s Host. Related operation is currently in progress. Please try again later."
MAY_LEAVE = (
    "maintenance non_responsive up error preparing_for_maintenance down non_operational "
    "install_failed"
).split()


def deactivate(world: World, host: hosts.Host) -> Optional[str]:
    """Begin maintenance; the reason why not."""
    status, vms = host["status"], hosts.running(world, host)
    if status not in MAY_LEAVE:
        return SWITCH + ", Host is not operational."
    if migration.carries(world, host) and not migration.can_go(world, host):
        return NO_PLACE_FOR_ENGINE
    if status == "maintenance":
        return SWITCH + ". Host is already in Maintenance mode."
    if status == "non_responsive" and vms:
        return SWITCH + ".\nHost still has running VMs on it and is in Non Responsive state."
    if status == "non_responsive" and host.get("spm"):
        return SWITCH + SPM_LOST
    if host["vms"] and not migration.can_go(world, host):
        return NO_PLACE_FOR_VMS % host["name"]
    migration.maintenance(world, host, True)
    if status in ("non_responsive", "down"):
        host["status"] = "maintenance"
    elif status != "preparing_for_maintenance":
        seconds = hosts.SECONDS["leave"] + hosts.SECONDS["migrate"] * vms
        hosts.begin(world, host, "preparing_for_maintenance", seconds, "left")
    return None


def enroll(world: World, host: hosts.Host) -> Optional[str]:
    if _locked(world, host):
        return LOCKED % "enroll certificate"
    allowed = ["maintenance", "install_failed"]
    if release.enrolls_non_responsive(world):
        allowed.append("non_responsive")
    if host["status"] not in allowed:
        return "Cannot enroll certificate Host. Please switch Host to Maintenance mode first."
    hosts.begin(world, host, host["status"], hosts.SECONDS["begin"], "enrolling")
    host["enrolling"] = world.true() + hosts.SECONDS["enroll"]
    return None


def activate(world: World, host: hosts.Host) -> Optional[str]:
    if _locked(world, host):
        return LOCKED % "activate"
    if host["status"] == "up":
        return "Cannot activate Host. Host in Up status."
    if host["status"] == "non_responsive":
        return "Cannot activate Host. Host is in non responsive state."
    hosts.begin(world, host, "unassigned", hosts.SECONDS["activate"], "activated")
    return None


def _locked(world: World, host: hosts.Host) -> bool:
    """An enrollment holds the host, where it is not called done before it is."""
    return host["enrolling"] is not None and not release.says_done_early(world)


ACTIONS = {"deactivate": deactivate, "enrollcertificate": enroll, "activate": activate}
