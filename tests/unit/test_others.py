# SPDX-License-Identifier: Apache-2.0
"""What is told of the other nodes, from an engine and an HA broker that are scripts."""

import json
from pathlib import Path
from typing import List

import pytest

from recovery import moment as moments
from recovery import others
from recovery.programs import hosted_engine
from tests.unit import nodes
from tests.unit.test_register import line

HERE, SECOND, THIRD = ("virt-host%d.example.test" % number for number in (1, 2, 3))
ENGINE = r"""
case $* in
*" ls /etc/pki/ovirt-engine/certs") /bin/cat "$here/listing" ;;
*) /bin/cat "$here/database" ;;
esac
"""


class Cluster:
    """A node of a cluster; the others are what the engine and the broker say."""

    def __init__(self, folder: Path) -> None:
        self.node = nodes.Node(folder)
        self.node.script("ssh", nodes.HEAD + ENGINE)
        self.node.write("/etc/hostname", HERE + "\n")
        self.node.write(hosted_engine.CONF, "host_id=1\n")
        self.issued()
        self.broker()

    def issued(self, **days: int) -> None:
        """Have the CA know the nodes 1, 2 ...: h1=-3 is one whose certificate ended 3 days ago."""
        names = {"virt-host%s.example.test" % name[1:]: left for name, left in days.items()}
        database = ""
        for name, left in names.items():
            end = moments.asn1(nodes.NOW + left * nodes.DAY)
            database += line(end[2:].rstrip("Z") + "Z", "/O=example.test/CN=" + name)
        (self.node.folder / "database").write_text(database)
        (self.node.folder / "listing").write_text("".join(one + ".cer\n" for one in names))

    def broker(self, *names: str) -> None:
        status = {str(number): {"hostname": name} for number, name in enumerate(names)}
        answer = json.dumps(dict(status, global_maintenance=False))
        self.node.answers("hosted-engine", answer + "\n")

    def told(self, connected: bool = True, repaired: str = HERE) -> List[str]:
        plan = nodes.plan(engine="virt-he.example.test", subject="/O=example.test/CN=" + repaired)
        return others.lines(nodes.context(self.node, plan), connected)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_node_alone_has_no_lines(cluster: Cluster) -> None:
    cluster.issued(h1=-3)
    cluster.broker(HERE)
    assert cluster.told() == [] == cluster.told(connected=False)


def test_node_expired_is_told_with_what_recovers_it(cluster: Cluster) -> None:
    cluster.issued(h1=397, h2=-3)
    assert cluster.told() == [
        "Other nodes that the engine's CA knows (removed ones too):",
        "  %s: expired 3 days ago" % SECOND,
        "    ovirt-cert-recovery recover --node %s" % SECOND,
    ]


def test_node_we_sit_at_is_recovered_without_its_name(cluster: Cluster) -> None:
    cluster.issued(h1=-3, h2=397)
    assert cluster.told(repaired=SECOND)[1:] == [
        "  %s: expired 3 days ago" % HERE,
        "    ovirt-cert-recovery recover",
    ]


def test_node_near_its_end_is_for_the_web_ui_and_a_good_one_for_nobody(cluster: Cluster) -> None:
    cluster.issued(h2=59, h3=61)
    assert cluster.told()[1:] == [
        "  %s: valid until 2023-04-20 12:00:00 UTC" % SECOND,
        "    " + others.UI,
        "  %s: valid until 2023-04-22 12:00:00 UTC" % THIRD,
    ]


def test_node_of_the_broker_alone_is_not_known_to_the_ca(cluster: Cluster) -> None:
    cluster.issued(h2=397)
    cluster.broker("virt-host1", "virt-host2", THIRD)
    assert cluster.told()[1:] == [
        "  %s: valid until 2024-03-23 12:00:00 UTC" % SECOND,
        "  %s: not known to the engine's CA" % THIRD,
        "    ovirt-cert-recovery diagnose --node %s" % THIRD,
    ]


def test_engine_that_cannot_be_asked_is_told_and_the_broker_s_names(cluster: Cluster) -> None:
    cluster.broker(HERE, SECOND)
    cluster.node.refuse("ssh", "Permission denied")
    assert cluster.told() == [
        "Other nodes that HA knows:",
        "  %s: its certificate is not known here" % SECOND,
        "    ovirt-cert-recovery diagnose --node %s" % SECOND,
        "  the engine could not be asked: it ended with status 1",
    ]


def test_nobody_that_can_be_asked_is_told(cluster: Cluster) -> None:
    cluster.node.refuse("ssh", "Permission denied")
    cluster.node.answers("hosted-engine", status=1)
    told = ["Other nodes:", "  the engine could not be asked: it ended with status 1"]
    assert cluster.told() == told


def test_without_a_connection_the_broker_alone_is_asked(cluster: Cluster) -> None:
    cluster.issued(h2=-3)
    cluster.broker(HERE, THIRD)
    assert cluster.told(connected=False) == [
        "Other nodes that HA knows:",
        "  %s: its certificate is not known here" % THIRD,
        "    ovirt-cert-recovery diagnose --node %s" % THIRD,
    ]
    assert cluster.node.calls("ssh") == []


def test_broker_that_starts_is_waited_for_and_one_that_stays_silent_not_for_long(
    cluster: Cluster,
) -> None:
    cluster.node.refuse("hosted-engine", "cannot connect to the HA broker")
    cluster.node.script(
        "hosted-engine",
        nodes.HEAD.replace("exit 1", '/bin/mv "$here/refuse-${0##*/}" "$here/refused"; exit 1')
        + """echo '{"2": {"hostname": "%s"}, "global_maintenance": false}'\n""" % SECOND,
    )
    assert cluster.told(connected=False)[1] == "  %s: its certificate is not known here" % SECOND
    assert len(cluster.node.calls("hosted-engine")) == 2
    cluster.node.answers("hosted-engine", status=1)
    begin = cluster.node.host.uptime()
    assert cluster.told(connected=False) == []
    assert cluster.node.host.uptime() - begin <= others.BROKER_LIMIT + 10


def test_node_without_a_hosted_engine_waits_for_no_broker(cluster: Cluster) -> None:
    cluster.node.place(hosted_engine.CONF).unlink()
    assert cluster.told(connected=False) == []
    assert cluster.node.calls("hosted-engine") == []
