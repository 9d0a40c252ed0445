# SPDX-License-Identifier: Apache-2.0
"""Further nodes: worlds of their own behind the simulated ssh, with one true time."""

import os
from pathlib import Path

import pexpect
import pytest

from simulators import further, names, rehearse, stories
from tests.simulators import worlds

SECOND, THIRD = stories.SECOND, stories.THIRD
OPTIONS = ("-o", "ControlPath=/run/%C.ssh")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> worlds.Node:
    """The first node, its connection to the second open."""
    made = worlds.make(str(tmp_path_factory.mktemp("cluster") / "world"), "three-nodes")
    rehearse.remember(made.world)
    words = OPTIONS + ("-o", "ControlMaster=auto", "root@" + SECOND, "true")
    child = made.spawn("ssh", *words)
    child.expect("password: ")
    child.sendline(names.NODE_PASSWORD)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return made


def there(node: worlds.Node, line: str, data: str = "") -> worlds.Output:
    words = OPTIONS + ("-o", "BatchMode=yes", "root@" + SECOND, line)
    return node.run("ssh", *words, data=data)


def test_further_nodes_have_names_states_and_certificates_of_their_own(node: worlds.Node) -> None:
    second, third = further.of(node.world)
    assert second.sim.state()["hostname"] == SECOND
    lines = rehearse.epilogue(node.world)
    (told,) = [line for line in lines if line.startswith(SECOND)]
    assert "not valid" in told and "libvirtd failed" in told
    (told,) = [line for line in lines if line.startswith(THIRD)]
    assert "not valid" in told and "(served), libvirtd active" in told
    certs = os.listdir(node.engine + "/etc/pki/ovirt-engine/certs")
    assert {names.NODE + ".cer", SECOND + ".cer", THIRD + ".cer"} <= set(certs)


def test_ssh_runs_the_other_node_s_programs_on_its_files(node: worlds.Node) -> None:
    said = there(node, "hostname; systemctl is-active libvirtd; cat /etc/hostname")
    assert said.out == "%s\nfailed\n%s\n" % (SECOND, SECOND)
    assert there(node, "no-such-program").status == 127


def test_time_is_the_same_on_both_sides_whenever_they_meet(node: worlds.Node) -> None:
    second = further.of(node.world)[0]
    node.wait(1000)
    assert there(node, "sleep 500; true").status == 0
    with node.world.opened() as here:
        now = here.true()
    with second.opened() as other:
        assert other.true() == pytest.approx(now, abs=0.01)


def test_shell_substitutes_stops_at_failures_and_keeps_quotes(node: worlds.Node) -> None:
    line = 'set -e; d=$(dirname "/a b/c"); echo "<$d>"; false || echo or; true; false; echo never'
    said = there(node, line)
    assert (said.out, said.status) == ("</a b>\nor\n", 1)
    said = there(node, 'x="$(echo "it\'s $(echo deep)")"; echo "$x"')
    assert said.out == "it's deep\n"


def test_file_sent_arrives_and_is_compared(node: worlds.Node) -> None:
    line = 'cat > /root/a; test "$(sha256sum < /root/a)" = "%s  -" && base64 -w0 /root/a'
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert there(node, line % digest, data="abc").out == "YWJj"
    place = Path(further.of(node.world)[0].root + "/root/a")
    assert place.read_text() == "abc"


def test_lock_is_that_of_a_process_on_that_node(node: worlds.Node) -> None:
    import fcntl

    path = further.of(node.world)[0].root + "/run/lock-of-a-run"
    assert there(node, "flock -n /run/lock-of-a-run echo free").out == "free\n"
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert there(node, "flock -n /run/lock-of-a-run echo free").status == 1


def test_host_that_nobody_knows_is_not_resolved(node: worlds.Node) -> None:
    said = node.run("ssh", "-o", "BatchMode=yes", "root@virt-host9", "true")
    assert said.status == 255 and "Could not resolve hostname" in said.err
    assert node.ok("ssh-keyscan", THIRD).startswith(THIRD + " ssh-rsa ")
