# SPDX-License-Identifier: Apache-2.0
"""ssh, scp, ssh-keyscan and ssh-keygen between node and engine VM."""

import os
import subprocess

import pexpect
import pytest

from tests.guard import programs
from tests.simulators import worlds

ENGINE = worlds.ENGINE
BATCH = ("-o", "BatchMode=yes")
DENIED = ENGINE + ": Permission denied (publickey,gssapi-keyex,gssapi-with-mic,password).\r\n"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


@pytest.fixture
def down(tmp_path):
    return worlds.make(tmp_path / "w")


def test_unreachable(down):
    output = down.run("ssh", *(BATCH + (ENGINE, "true")))
    words = "ssh: connect to host virt-he.example.test port 22: No route to host\r\n"
    assert output == (255, "", words)
    output = down.run("ssh", "-o", "ConnectTimeout=2", ENGINE, "true")
    assert output.status == 255 and output.err.endswith("Connection timed out\r\n")
    output = down.run("ssh", "root@nowhere.example.test", "true")
    assert "Could not resolve hostname nowhere.example.test" in output.err


def test_batch_mode_has_no_password(node):
    assert node.run("ssh", *(BATCH + (ENGINE, "true"))) == (255, "", DENIED)


def test_password_dialogue(node):
    child = node.spawn("ssh", ENGINE, "hostname -f")
    for _ in range(2):
        child.expect_exact(ENGINE + "'s password: ")
        child.sendline("wrong")
        child.expect_exact("\r\nPermission denied, please try again.\r\r\n")
    child.expect_exact(ENGINE + "'s password: ")
    child.sendline("rehearsal")
    child.expect(pexpect.EOF)
    assert child.before == "\r\nvirt-he.example.test\r\n"
    child.close()
    assert child.exitstatus == 0


def test_three_wrong_passwords(node):
    child = node.spawn("ssh", ENGINE, "true")
    for _ in range(3):
        child.expect_exact("password: ")
        child.sendline("wrong")
    child.expect(pexpect.EOF)
    assert child.before.endswith(DENIED.replace("\n", "\r\n"))
    child.close()
    assert child.exitstatus == 255


def test_an_authorised_key_needs_no_password(node):
    os.makedirs(node.engine + "/root/.ssh")
    for path in (node.engine + "/root/.ssh/authorized_keys", node.root + "/root/.ssh/id_rsa.pub"):
        with open(path, "w") as file:
            file.write("ssh-rsa AAAAB3NzaC1yc2E root@virt-host1\n")
    assert node.ok("ssh", *(BATCH + (ENGINE, "echo", "in"))) == "in\n"


def test_status_streams_and_input(node):
    assert node.ssh("cat /nosuch") == (1, "", "cat: /nosuch: No such file or directory\n")
    assert node.ssh("exit 7").status == 7
    assert node.ssh("umask 077 && cat > /root/new", data="text\n").status == 0
    assert node.ssh("cat < /root/new").out == "text\n"
    assert os.stat(node.engine + "/root/new").st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "command, expected",
    [
        ("true && echo yes || echo no", (0, "yes\n", "")),
        ("false && echo yes || echo no", (0, "no\n", "")),
        ("false; echo $?", (0, "1\n", "")),
        ("A=1; echo \"a $A\" '$A'", (0, "a 1 $A\n", "")),
        ("cat /nosuch 2>/dev/null; echo on", (0, "on\n", "")),
        (
            "cat /nosuch > /root/o 2>&1; cat /root/o",
            (0, "cat: /nosuch: No such file or directory\n", ""),
        ),
        ("echo one > /root/f; echo two >> /root/f; cat /root/f | grep -v one", (0, "two\n", "")),
        ("mkdir -p -m 0700 /root/d && cd /root/d && pwd", (0, "/root/d\n", "")),
        ("nosuch", (127, "", "bash: nosuch: command not found\n")),
        (
            "echo 'open",
            (1, "", "bash: -c: line 0: unexpected EOF while looking for matching `''\n"),
        ),
    ],
)
def test_the_small_shell(node, command, expected):
    assert node.ssh(command) == expected


def test_files_keep_owner_and_mode_where_asked(node):
    text = (
        "cd /etc/pki/ovirt-engine && cp -a private/ca.pem /root/k && chmod 600 /root/k && "
        "chown --reference=ca.pem /root/k"
    )
    assert node.ssh(text).status == 0
    assert os.stat(node.engine + "/root/k").st_mode & 0o777 == 0o600


def test_the_engine_clock(node):
    assert node.ssh("date +%s").out.startswith("16768944")
    assert node.ssh("date -u -s @1700000000").out == "Tue Nov 14 22:13:20 UTC 2023\n"
    assert node.ssh("date +%s.%N").out.startswith("17000000")
    assert node.ok("date", "+%s").startswith("1676894")


def test_services_of_the_engine(node):
    assert node.ssh("systemctl is-active chronyd httpd ovirt-engine").out == "active\n" * 3
    assert node.ssh("systemctl stop chronyd").status == 0
    assert node.ssh("systemctl is-active chronyd") == (3, "inactive\n", "")
    assert "not found" in node.ssh("systemctl restart nosuch").err


def test_host_keys_of_the_file_for_all_users_count_unless_another_is_named(node):
    path = node.root + "/root/.ssh/known_hosts"
    os.makedirs(node.root + "/etc/ssh", exist_ok=True)
    os.rename(path, node.root + "/etc/ssh/ssh_known_hosts")
    strict = ("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes")
    known = node.run("ssh", *(strict + (ENGINE, "true")))
    assert "Host key" not in known.err
    nobody = ("-o", "GlobalKnownHostsFile=/dev/null")
    output = node.run("ssh", *(nobody + strict + (ENGINE, "true")))
    assert output.err.endswith("Host key verification failed.\r\n")


def test_host_keys(node):
    path = node.root + "/root/.ssh/known_hosts"
    with open(path) as file:
        known = file.read()
    with open(path, "w") as file:
        file.write(known.replace("AAAAB3", "AAAAB4"))
    output = node.run("ssh", ENGINE, "true")
    assert output.status == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED!" in output.err
    os.unlink(path)
    output = node.run("ssh", "-o", "StrictHostKeyChecking=yes", ENGINE, "true")
    assert output.err.endswith("Host key verification failed.\r\n")
    output = node.run("ssh", *(BATCH + (ENGINE, "true")))
    assert output.err == "Host key verification failed.\r\n"
    child = node.spawn("ssh", ENGINE, "true")
    child.expect_exact("(yes/no/[fingerprint])? ")
    child.sendline("yes")
    child.expect_exact("Warning: Permanently added 'virt-he.example.test' (RSA)")
    child.expect_exact("password: ")
    child.close()


def test_keyscan_and_fingerprint(node):
    scanned = node.ok("ssh-keyscan", "virt-he.example.test")
    with open(node.root + "/tmp/key", "w") as file:
        file.write(scanned)
    shown = node.ok("ssh-keygen", "-lf", "/tmp/key")
    real = subprocess.run(
        [str(programs.find("ssh-keygen")), "-lf", node.root + "/tmp/key"], stdout=subprocess.PIPE
    ).stdout.decode()
    assert shown == real
    assert node.ok("ssh-keygen", "-lf", "-", data=scanned) == shown


def test_a_shared_connection(node):
    path = "ControlPath=/run/he-%h"
    output = node.run("ssh", "-o", path, "-O", "check", ENGINE)
    assert output.status == 255 and "No such file or directory" in output.err
    node.ssh("true")
    shared = "ControlPath=/run/test-%h"
    assert "Master running" in node.run("ssh", "-o", shared, "-O", "check", ENGINE).err
    assert node.run("ssh", "-o", shared, "-O", "exit", ENGINE).err == "Exit request sent.\r\n"
    assert node.run("ssh", *(BATCH + ("-o", shared, ENGINE, "true"))).status == 255


def test_a_shared_connection_dies_with_the_vm(down):
    down.rewind()
    down.wait(200)
    assert down.ssh("true").status == 0
    with down.world.opened() as world:
        from simulators import engine_vm

        engine_vm.off(world)
    assert "No route to host" in down.ssh("true").err
    assert not os.path.exists(down.root + "/run/test-virt-he.example.test")


def test_scp_both_ways(node):
    node.ssh("echo there > /root/a")
    shared = ("-o", "ControlPath=/run/test-%h")
    assert node.run("scp", *(shared + (ENGINE + ":a", "/tmp/b"))).status == 0
    with open(node.root + "/tmp/b") as file:
        assert file.read() == "there\n"
    assert node.run("scp", *(shared + ("/tmp/b", ENGINE + ":/root/c"))).status == 0
    assert node.ssh("cat c").out == "there\n"
    assert node.run("scp", *(shared + ("/nosuch", ENGINE + ":"))).status == 1


def test_an_interactive_login(node):
    child = node.spawn("ssh", ENGINE)
    child.expect_exact("password: ")
    child.sendline("rehearsal")
    child.expect_exact("[root@virt-he ~]# ")
    child.sendline("cd /etc/pki/ovirt-engine")
    child.expect_exact("[root@virt-he ovirt-engine]# ")
    child.sendline("cat serial.txt")
    child.expect_exact("100")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    assert "Connection to virt-he.example.test closed." in child.before
