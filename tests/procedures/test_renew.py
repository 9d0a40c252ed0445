# SPDX-License-Identifier: Apache-2.0
"""Route renew: hosts enrolled by the engine, judged by the world itself."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from simulators import der, engine_vm, install, stories
from simulators.engine_api import hosts, signing, sso
from simulators.releases import RELEASES
from tests.procedures import accounts, points, watched

DAYS = {"el7": 1825, "el8": 398, "el9": 1827}
# The nodes' part alone: the engine's own certificates are the business of test_traps_setup.py.
NODES = ("recover", "--yes", "--no-engine-setup", "--api-password-file")


def make(tmp_path: Path, release: str = "el9", scenario: str = "near-expiry") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def everywhere(node: watched.Node, *words: str) -> watched.Ended:
    return node.tool(*NODES, password(node), "--all-nodes", *words)


def change(node: watched.Node, name: str, **values: Any) -> None:
    """Change what the engine knows of a host."""
    with node.world.opened() as world:
        for host in hosts.every(world):
            if host["name"] == name:
                host.update(values)


def known(world: install.World) -> Dict[str, Dict[str, Any]]:
    return {host["name"]: host for host in world.sim.state()["api"]["hosts"]}


def posts(world: install.World) -> List[str]:
    """What the engine was asked to do, by the last word of the path, beside logging in."""
    calls = [call.argv for call in world.transcript() if "POST" in call.argv]
    return [argv[-1].rpartition("/")[2] for argv in calls if "/sso" not in argv[-1]]


@pytest.mark.slow
@pytest.mark.parametrize("release", sorted(RELEASES))
def test_near_expiry_the_engine_enrolls_this_node(release: str, tmp_path: Path) -> None:
    node = make(tmp_path, release)
    looked = node.tool("diagnose", "--json")
    assert looked.status == 0 and json.loads(looked.output)["route"] == "renew"
    plan = json.loads(node.tool("plan", "--json").output)
    assert accounts.effects(node.world) == []
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    assert accounts.journal(node.world)[0]["data"]["plan"] == plan
    assert accounts.verified(node.world) == [one["step"] for one in plan["steps"]]
    assert accounts.changed(node.world) == accounts.ENROLLED[release]
    new = accounts.certificate(node.world)
    assert new.not_after - stories.TRUE > (DAYS[release] - 1) * stories.DAY
    assert posts(node.world) == ["deactivate", "enrollcertificate", "activate"]
    assert accounts.host_states(node.world) == ["up", "up"]
    assert "(served)" in accounts.account(node.world)
    assert "Renewed: virt-host1.example.test." in ended.output
    accounts.at_rest(node)
    check_pairs(node.world, release)


def check_pairs(world: install.World, release: str) -> None:
    """Every key fits its certificate, the copies are copies, the migration has its own CA."""
    for path in accounts.ENROLLED[release]:
        if path.endswith("cert.pem"):
            key = path.replace("cert", "key").replace("/libvirt/client", "/libvirt/private/client")
            one = accounts.certificate(world, path)
            assert der.key_matches(one, Path(world.root + key).read_bytes()), path
    copies = {accounts.certificate(world, path).raw for path in accounts.INSTALLED}
    assert len(copies) == 1


def files(top: str) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.join(folder, name)


def test_secrets_are_in_no_argument_journal_or_file_of_the_run(tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    session = node.world.sim.state()["api"]["sso"]
    assert session["tokens"] == {} and len(session["revoked"]) == 1  # it logged out
    said = ended.output + "\n".join(accounts.calls(node.world))
    for path in files(node.world.root + accounts.STATE):
        said += Path(path).read_bytes().decode("utf-8", "replace")
    for secret in [sso.PASSWORD] + session["revoked"]:
        assert secret not in said


def test_all_nodes_that_of_the_engine_vm_is_the_last_and_told_so(tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = everywhere(node)
    assert ended.status == 0, ended.output[-3000:]
    text = " ".join(ended.output.split())
    last = "take virt-host2 into maintenance (it carries the engine VM, so it is the last)"
    assert text.index("take virt-host1 into maintenance") < text.index(last)
    assert [host["enrolled"] for host in known(node.world).values()] == [1, 1]
    assert accounts.host_states(node.world) == ["up", "up"]
    # It went where there was room for it.
    assert "HostedEngine: running, engine healthy" in accounts.account(node.world)
    assert posts(node.world) == ["deactivate", "enrollcertificate", "activate"] * 2
    assert "On virt-host2, with an engine before 4.5.0.7" in ended.output


def test_first_failure_leaves_the_other_hosts_alone_and_resume_goes_on(tmp_path: Path) -> None:
    node = make(tmp_path)
    change(node, "virt-host1", fails=True)
    ended = everywhere(node)
    assert ended.status == 5
    assert "cannot enroll virt-host1: the engine says install_failed" in ended.output
    assert "/var/log/ovirt-engine/host-deploy/" in ended.output
    assert known(node.world)["virt-host2"]["status"] == "up"
    assert posts(node.world) == ["deactivate", "enrollcertificate"]
    change(node, "virt-host1", fails=False)
    ended = node.resume()
    assert ended.status == 0, ended.output[-3000:]
    assert [host["enrolled"] for host in known(node.world).values()] == [1, 1]
    assert accounts.host_states(node.world) == ["up", "up"]


def test_host_in_maintenance_before_stays_there(tmp_path: Path) -> None:
    node = make(tmp_path)
    change(node, "virt-host1", status="maintenance")
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    assert "was in maintenance before and stays there" in ended.output
    assert posts(node.world) == ["enrollcertificate"]
    assert accounts.host_states(node.world) == ["maintenance", "up"]


def killed(node: watched.Node, side: str) -> None:
    """The tool is gone just before, or just after, it has asked for the enrollment."""
    point = points.kill_once(side, "/enrollcertificate")
    assert node.tool(*NODES, password(node), point=point).status == -9


def test_undo_before_the_enrollment_activates_the_host_again(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "before")
    assert accounts.host_states(node.world)[0] == "maintenance"
    ended = node.undo()
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.host_states(node.world) == ["up", "up"]
    assert accounts.changed(node.world) == []


def test_undo_while_the_enrollment_runs_waits_for_its_end(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "after")
    ended = node.undo()
    assert ended.status == 0, ended.output[-2000:]
    assert "whatever was enrolled on virt-host1.example.test stays: it is valid" in ended.output
    assert accounts.host_states(node.world) == ["up", "up"]
    assert accounts.changed(node.world) == accounts.ENROLLED["el9"]


def test_undo_without_the_password_says_what_it_needs(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "before")
    ended = node.tool("undo", "--yes")
    assert ended.status == 6
    assert "nobody gave the password of admin@internal" in ended.output
    assert node.undo().status == 0


@pytest.mark.parametrize("release", ("el8", "el9"))
def test_node_that_does_not_answer_is_enrolled_where_the_release_allows_it(
    release: str, tmp_path: Path
) -> None:
    node = make(tmp_path, release, "engine-up")
    with node.world.opened() as world:
        world.advance(100)
        hosts.settle(world)
        world.advance(100)
        hosts.settle(world)
    change(node, "virt-host1", vms=2)
    renew_web(node)
    ended = node.tool(*NODES, password(node), "--route", "renew")
    if release == "el8":
        assert ended.status == 5, ended.output[-2000:]
        assert "non_responsive with running VMs" in ended.output
        assert "from 4.5.0.7 on only" in ended.output and "recover --route sign" in ended.output
        assert posts(node.world) == []
        return
    assert ended.status == 0, ended.output[-3000:]
    assert posts(node.world) == ["enrollcertificate", "activate"]
    assert accounts.host_states(node.world)[0] == "up"
    assert "(served)" in accounts.account(node.world)


def password(node: watched.Node) -> str:
    return node.world.directory + "/api-password"


def renew_web(node: watched.Node) -> None:
    """What engine-setup does for httpd and the engine's own client certificate."""
    subject = "/C=US/O=example.test/CN=virt-he.example.test"
    with node.world.opened() as world:
        for name in ("apache", "engine"):
            pair = signing.signed(world, name, name, subject, "DNS:virt-he.example.test")
            key = "/etc/pki/ovirt-engine/keys/%s.key.nopass" % name
            Path(world.engine(key)).write_bytes(pair.key)
        for service in ("httpd", "ovirt-engine"):
            engine_vm.switch(world, service, True)


def test_only_node_with_the_engine_vm_on_it_is_refused_with_the_engines_words(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, scenario="near-expiry-alone")
    ended = node.tool(*NODES, password(node), "--route", "renew")
    assert ended.status == 5
    text = " ".join(ended.output.split())
    assert "None of the hosts capable of running the engine VM has score more than 0" in text
    assert "recover --route sign" in text
    assert accounts.host_states(node.world) == ["up"]
    assert node.tool("undo", "--yes", "--api-password-file", password(node)).status == 0
    assert accounts.changed(node.world) == []


def test_engine_vm_that_stays_in_global_maintenance_is_told_about(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as world:
        world.state["ha"]["global"] = True
    ended = everywhere(node)
    assert ended.status == 5
    text = " ".join(ended.output.split())
    assert "waiting for virt-host2: preparing_for_maintenance; 1 VMs on it" in text
    assert "in global maintenance the engine VM stays where it is" in text
    assert known(node.world)["virt-host1"]["enrolled"] == 1
    ended = node.undo()
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.host_states(node.world) == ["up", "up"]


@pytest.mark.slow
def test_host_that_lacked_something_before_lacks_it_still_and_keeps_nobody(tmp_path: Path) -> None:
    node = make(tmp_path)
    change(node, hosts.OTHER, status="non_operational", lacks=True)
    ended = everywhere(node)
    assert ended.status == 0, ended.output[-3000:]
    assert accounts.host_states(node.world) == ["up", "non_operational"]
    assert [host["enrolled"] for host in known(node.world).values()] == [1, 1]
