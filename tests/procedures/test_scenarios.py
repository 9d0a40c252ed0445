# SPDX-License-Identifier: Apache-2.0
"""Every scenario in every release: diagnosed, planned, recovered, judged by the world itself.

With programs that are really executed: test_rehearsals.py.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import pytest

from simulators import rehearse, scenarios
from simulators.releases import RELEASES
from tests.procedures import accounts, watched

EXPIRED = ("node-certificate-expired", "other-certificates-expired", "start-limit-hit")
HA_CONF = "/var/lib/ovirt-hosted-engine-ha/ha.conf"


class Recovered(NamedTuple):
    """A scenario that ends with a new certificate."""

    route: str = "rewind"
    findings: Tuple[str, ...] = EXPIRED + ("time-synchronisation-active",)
    engine: str = "running, engine healthy"
    engine_set: bool = True  # our tool has to set the engine VM's clock
    also_changed: Tuple[str, ...] = ()
    engine_setup: bool = True  # run at the end, so that the web certificate is a new one
    diagnosed: str = ""  # the route that is recommended without the scenario's own options
    status: int = 0  # of that diagnosis


class Left(NamedTuple):
    """A scenario in which nothing may be changed."""

    inhibitor: str  # "" where there is just nothing to do
    route: str = "none"
    says: str = ""


RECOVERED = {
    "node-expired": Recovered(),
    "expired-500-days": Recovered(),
    "mixed-ages": Recovered(findings=EXPIRED + ("mixed-ages",)),
    "global-maintenance": Recovered(),
    # --mode=none is one word for both maintenance modes, so it ends the local one as well.
    "local-maintenance": Recovered(
        findings=EXPIRED + ("local-maintenance",), also_changed=(HA_CONF,)
    ),
    "russian-locale": Recovered(),
    "ntp-reachable": Recovered(engine_set=False),
    "near-expiry-alone": Recovered(route="sign", findings=("expires-soon",), engine_set=False),
    "engine-up": Recovered(
        route="sign",
        findings=EXPIRED + ("engine-answers",),
        engine="running on another node",
        engine_set=False,
    ),
    "offline-backup": Recovered(
        route="offline-ca", engine_set=False, engine_setup=False, diagnosed="rewind"
    ),
    # Without a CA at hand nothing can be done: that is its diagnosis.
    "offline-ca-key": Recovered(
        route="offline-ca",
        findings=EXPIRED + ("empty-window", "backup-would-do"),
        engine_set=False,
        engine_setup=False,
        diagnosed="none",
        status=3,
    ),
    "interim": Recovered(route="interim", engine_set=False, diagnosed="rewind"),
}
# The engine enrolls new keys too: tests/procedures/test_renew.py, and renews its own certificates:
# tests/procedures/test_traps_setup.py.
RENEWED = ("near-expiry", "web-expires-soon")
# What the engine of each release gives its web server.
WEB = {
    "el7": "valid until 2028-01-2",
    "el8": "valid until 2024-03-2",
    "el9": "valid until 2024-03-2",
}
LEFT = {
    "still-running": Left("expired-still-running", "sign", "do not restart or reboot"),
    "all-valid": Left("", says="every certificate is valid: there is nothing to do"),
    "ca-expired": Left("ca-expired", says="the CA itself is expired"),
    "clock-ahead": Left("clock-ahead", says="the system clock seems to be ahead"),
    "no-common-window": Left("empty-window", says="there is no moment at which all"),
    "unrelated-failure": Left("libvirtd-other-failure", says="for another reason"),
}
ON_OTHER_NODES = ("three-nodes",)  # in test_other_nodes.py
LEFT_ON_EL9 = {"local-maintenance": Left("local-maintenance", "rewind", "local maintenance")}
FORBIDDEN = [(release, name) for release in sorted(RELEASES) for name in sorted(LEFT)]
FORBIDDEN += [("el9", name) for name in LEFT_ON_EL9]
ALLOWED = [(release, name) for release in sorted(RELEASES) for name in sorted(RECOVERED)]
ALLOWED = [case for case in ALLOWED if case not in FORBIDDEN]


def test_scenarios_all_of_them_have_an_expectation() -> None:
    here = set(scenarios.NAMES) - set(ON_OTHER_NODES)
    assert set(RECOVERED) | set(LEFT) | set(RENEWED) == here
    assert len(ALLOWED) + len(FORBIDDEN) + 3 * len(RENEWED) == 3 * len(here)


def looked(node: watched.Node, command: str, status: int, *options: str) -> Dict[str, Any]:
    ended = node.tool(command, "--json", *options)
    assert ended.status == status, ended.output[-2000:]
    return dict(json.loads(ended.output)) if ended.output.startswith("{") else {}


def untouched(node: watched.Node) -> None:
    """Nothing was changed: only reading calls, and not one file, the lock included."""
    assert accounts.effects(node.world) == []
    assert rehearse.changes(node.world) == []
    assert not os.path.exists(node.world.root + accounts.STATE)


def found(diagnosis: Dict[str, Any]) -> List[str]:
    return [one["id"] for one in diagnosis["findings"]]


@pytest.mark.slow
@pytest.mark.parametrize("release, scenario", ALLOWED)
def test_scenario_recoverable_ends_as_it_should(
    release: str, scenario: str, tmp_path: Path
) -> None:
    node = watched.Node(str(tmp_path / "world"), scenario, release)
    expected = RECOVERED[scenario]
    diagnosis = looked(node, "diagnose", expected.status)
    assert diagnosis["route"] == (expected.diagnosed or expected.route)
    assert set(expected.findings) - set(found(diagnosis)) == set()
    plan = looked(node, "plan", 0, *rehearse.options(node.world))
    untouched(node)
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    check_journal(node, plan)
    check_end(node, expected, ended)


def check_journal(node: watched.Node, plan: Dict[str, Any]) -> None:
    """`recover` journaled the plan that `plan` had shown, and did its steps in its order."""
    record = accounts.journal(node.world)[0]
    assert record["data"]["plan"] == plan
    steps = [one["step"] for one in plan["steps"] if one["need"] == "needed"]
    assert accounts.verified(node.world) == steps
    assert accounts.journal(node.world)[-1]["event"] == "finished"


def check_end(node: watched.Node, expected: Recovered, ended: watched.Ended) -> None:
    told = accounts.account(node.world)
    assert "HostedEngine: %s\n" % expected.engine in told
    assert "vdsm certificate: valid until 2024-03-2" in told and "(served)" in told
    web = WEB[node.release] if expected.engine_setup else "not valid until 2023-01-20"
    assert "engine's web certificate: " + web in told
    assert "libvirtd: active, vdsmd: active" in told
    wanted = sorted(accounts.INSTALLED + list(expected.also_changed))
    assert accounts.changed(node.world) == wanted
    accounts.at_rest(node)
    assert abs(accounts.clocks(node.world).engine) < 2.5
    calls = "\n".join(accounts.calls(node.world))
    assert (" date -u -s @" in calls) == expected.engine_set
    assert "new expiry date: 2024-03-2" in ended.output
    if expected.route == "rewind":
        assert "true time restored" in ended.output
    else:
        assert "set-time" not in calls


@pytest.mark.parametrize("release, scenario", FORBIDDEN)
def test_scenario_not_recoverable_is_left_alone(
    release: str, scenario: str, tmp_path: Path
) -> None:
    expected = LEFT.get(scenario) or LEFT_ON_EL9[scenario]
    node = watched.Node(str(tmp_path / "world"), scenario, release)
    before = accounts.account(node.world).splitlines()[2:]
    status = 3 if expected.inhibitor else 0
    diagnosis = looked(node, "diagnose", status)
    assert diagnosis["route"] == expected.route
    inhibitors = [one["id"] for one in diagnosis["findings"] if one["severity"] == "inhibitor"]
    assert inhibitors == ([expected.inhibitor] if expected.inhibitor else [])
    looked(node, "plan", status)
    ended = node.recover()
    assert ended.status == status, ended.output[-2000:]
    assert "Nothing was changed: " in ended.output
    assert expected.says in " ".join(ended.output.split())
    untouched(node)
    assert accounts.account(node.world).splitlines()[2:] == before


def test_maintenance_global_before_stays_on(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "global-maintenance")
    ended = node.recover()
    assert ended.status == 0
    assert "global maintenance was on before and stays on" in ended.output
    assert node.world.sim.state()["ha"]["global"] is True
    assert not [call for call in accounts.calls(node.world) if "--set-maintenance" in call]
