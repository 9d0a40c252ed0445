# SPDX-License-Identifier: Apache-2.0
"""Every scenario observed and judged with the tool's own adapter, and nothing changed by it."""

import hashlib
import os
from pathlib import Path
from typing import Dict, NamedTuple, Set, Tuple

import pytest

from recovery import inventory, local_host, observe, report
from recovery.diagnose import diagnose
from recovery.finding import INHIBITOR
from recovery.observation import Observation
from simulators import install
from tests.procedures import accounts
from tests.simulators import worlds


class Expected(NamedTuple):
    """The route, the inhibitors, and other findings that must be there."""

    route: str
    inhibitors: Tuple[str, ...] = ()
    others: Tuple[str, ...] = ()


EXPIRED = ("node-certificate-expired", "start-limit-hit")
SCENARIOS = {
    "node-expired": Expected("rewind", (), EXPIRED),
    "expired-500-days": Expected("rewind", (), EXPIRED),
    "mixed-ages": Expected("rewind", (), EXPIRED + ("mixed-ages",)),
    "global-maintenance": Expected("rewind", (), EXPIRED),
    "local-maintenance": Expected("rewind", (), EXPIRED + ("local-maintenance",)),
    "russian-locale": Expected("rewind", (), EXPIRED),
    "ntp-reachable": Expected("rewind", (), EXPIRED),
    "still-running": Expected("sign", ("expired-still-running",), ("engine-answers",)),
    "engine-up": Expected("sign", (), EXPIRED + ("engine-answers",)),
    "all-valid": Expected("none"),
    "ca-expired": Expected("none", ("ca-expired",)),
    "clock-ahead": Expected("none", ("clock-ahead",)),
    "no-common-window": Expected("none", ("empty-window",)),
    "unrelated-failure": Expected("none", ("libvirtd-other-failure",)),
}
CASES = [("el8", name) for name in sorted(SCENARIOS)]
CASES += [("el7", "node-expired"), ("el9", "node-expired"), ("el7", "russian-locale")]


def contents(root: str) -> Dict[str, str]:
    """Return a digest of every file of the node that is no picture of its state."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif not path.startswith((root + "/proc", root + "/sys", root + "/run")):
                found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return found


def look(world: install.World) -> Observation:
    node = local_host.LocalHost(world.root, world.programs)
    return observe.observe(node, world.root, True)


@pytest.mark.parametrize("release, scenario", CASES)
def test_scenario_is_judged_as_it_should_and_left_alone(
    release: str, scenario: str, tmp_path: Path
) -> None:
    world = worlds.make(str(tmp_path / "world"), scenario, release).world
    before = contents(world.root)
    seen = look(world)
    judged = diagnose(seen)
    expected = SCENARIOS[scenario]
    assert judged.route == expected.route, judged.reason
    assert tuple(one.id for one in judged.inhibitors) == expected.inhibitors
    assert [one for one in expected.others if not judged.has(one)] == []
    assert judged.findings[: len(expected.inhibitors)] == judged.inhibitors
    assert accounts.effects(world) == []
    # On a failing node the journal grows by itself while we look.
    after = contents(world.root)
    assert {path for path in after if after[path] != before.get(path)} <= growing(world, after)
    assert report.diagnosis_text(seen, judged)


def growing(world: install.World, after: Dict[str, str]) -> Set[str]:
    return {path for path in after if path.startswith(world.root + "/var/log/")}


def test_expired_node_shows_the_literal_line_of_libvirtd(tmp_path: Path) -> None:
    seen = look(worlds.make(str(tmp_path / "world"), "node-expired", "el8").world)
    told = [one for one in seen.failures if one.kind == "expired"]
    assert [(one.unit, one.path) for one in told] == [
        ("libvirtd.service", inventory.NODE_CERTIFICATE)
    ]
    assert told[0].times > 1 and told[0].first < told[0].last < seen.moment.wall + 60
    assert told[0].line == "The server certificate %s has expired" % inventory.NODE_CERTIFICATE


def test_translated_message_is_recognised(tmp_path: Path) -> None:
    seen = look(worlds.make(str(tmp_path / "world"), "russian-locale", "el8").world)
    told = [one for one in seen.failures if one.kind == "expired"]
    assert told and "has expired" not in told[0].line
    assert not [one for one in seen.failures if one.kind == "unrelated"]


def test_local_maintenance_on_el9_forbids_to_start(tmp_path: Path) -> None:
    world = worlds.make(str(tmp_path / "world"), "local-maintenance", "el9").world
    found = [one for one in diagnose(look(world)).findings if one.id == "local-maintenance"]
    assert [one.severity for one in found] == [INHIBITOR]


def test_valid_node_is_seen_through_libvirt_broker_and_handshake(tmp_path: Path) -> None:
    seen = look(worlds.make(str(tmp_path / "world"), "all-valid", "el8").world)
    assert seen.engine.domain_state == "running" and seen.running_vms
    assert seen.engine.global_maintenance is False and seen.engine.vm_health == "good"
    assert (
        seen.served[0].verified and seen.served[0].fingerprint == seen.certificates[0].fingerprint
    )
    assert seen.sync.synchronised and seen.engine.answers_ssh is None


def test_agents_log_knows_of_global_maintenance(tmp_path: Path) -> None:
    world = worlds.make(str(tmp_path / "world"), "node-expired", "el8").world
    log = Path(world.root + "/var/log/ovirt-hosted-engine-ha/agent.log")
    log.write_text(
        "MainThread::INFO::2023-01-19 12:00:00,123::hosted_engine::517::ovirt_hosted_engine_ha"
        ".agent.hosted_engine.HostedEngine::(start_monitoring) Current state GlobalMaintenance "
        "(score: 3400)\n"
    )
    assert diagnose(look(world)).has("global-maintenance")
