# SPDX-License-Identifier: Apache-2.0
"""Observing what is damaged, absent or no node at all: it never fails as a whole."""

from pathlib import Path
from typing import Dict, Optional

import pytest

from recovery import engine_certificates, errors, inventory, observe
from recovery.diagnose import diagnose
from tests.programs import recorded
from tests.unit import authority

CA = authority.issue("virt-he.example.test.56789", is_ca=True, end=authority.END * 2)
NODE = authority.issue("virt-host1.example.test", CA)
WALL = authority.END + 40 * authority.DAY
FILES = {
    inventory.NODE_CERTIFICATE: NODE.certificate,
    inventory.NODE_KEY: NODE.key,
    inventory.NODE_CA: CA.certificate,
    "/etc/hostname": b"virt-host1.example.test\n",
    "/etc/os-release": b'NAME="oVirt Node"\nPRETTY_NAME="oVirt Node 4.4.10"\n',
    "/etc/ovirt-hosted-engine/hosted-engine.conf": (
        b"fqdn=virt-he.example.test\nvmid=6f0a3a52\nhost_id=2\n"
    ),
    "/var/lib/ovirt-hosted-engine-ha/ha.conf": b"local_maintenance=True\n",
    "/etc/libvirt/qemu.conf": b"# vnc_tls = 0\nvnc_tls=1\n",
    "/etc/adjtime": b"0.0 0 0.0\n0\nLOCAL\n",
}
RUNNING = {
    "/proc/uptime": b"5000.00 9000.00\n",
    "/proc/sys/kernel/random/boot_id": b"03aec8b0-3957-4c25-a50a-f761b03ea30b\n",
    "/sys/class/rtc/rtc0/since_epoch": b"%d\n" % WALL,
}


PROGRAMS = (
    "systemctl journalctl id df rpm virsh hosted-engine chronyc ssh-keyscan openssl pgrep"
).split()


def hostile(tmp_path: Path, files: Dict[str, bytes]) -> recorded.Recorded:
    """A node on which no program works but `date`."""
    made = recorded.Recorded(tmp_path)
    for path, data in files.items():
        place = tmp_path / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    for name in PROGRAMS:
        made.prints(name, "", 99, "%s: broken" % name)
    return made.prints("date", "%d.250000000\n" % WALL)


def test_observe_with_every_program_broken_still_sees_the_files(tmp_path: Path) -> None:
    made = hostile(tmp_path, dict(FILES, **RUNNING))
    seen = observe.observe(made, str(tmp_path / "root"), True)
    assert seen.certificates[0].key_match and seen.certificates[0].chain
    assert seen.hostname == "virt-host1.example.test" and seen.os_release == "oVirt Node 4.4.10"
    assert (seen.rtc, seen.rtc_local, seen.vnc_tls) == (WALL, True, True)
    assert (seen.engine.fqdn, seen.engine.local_maintenance) == ("virt-he.example.test", True)
    for what in ("units", "systemd's journal", "disk space", "packages", "rights"):
        assert any(line.startswith(what + ":") for line in seen.problems), seen.problems
    judged = diagnose(seen)
    assert judged.has("not-everything-seen") and judged.has("node-certificate-expired")


def test_observe_asks_no_libvirt_that_does_not_run(tmp_path: Path) -> None:
    made = hostile(tmp_path, dict(FILES, **RUNNING))
    seen = observe.observe(made, str(tmp_path / "root"), True)
    assert made.calls("virsh") == [] and made.calls("hosted-engine") == []
    assert "would start it" in seen.engine.libvirt_problem


def test_observe_asks_for_ssh_only_when_the_node_is_expired(tmp_path: Path) -> None:
    made = hostile(tmp_path, dict(FILES, **RUNNING))
    assert observe.observe(made, "/", True).engine.answers_ssh is False
    assert len(made.calls("ssh-keyscan")) == 1
    made.prints("date", "%d.0\n" % (authority.START + 5))
    assert observe.observe(made, "/", True).engine.answers_ssh is None
    assert len(made.calls("ssh-keyscan")) == 1


@pytest.mark.parametrize(
    "given, address", [("", "virt-he.example.test"), ("192.0.2.9", "192.0.2.9")]
)
@pytest.mark.parametrize("status, known", [(0, True), (1, False), (255, None)])
def test_observe_looks_up_the_engine_s_host_key(
    tmp_path: Path, given: str, address: str, status: int, known: Optional[bool]
) -> None:
    made = hostile(tmp_path, dict(FILES, **{"/root/.ssh/known_hosts": b"", **RUNNING}))
    made.prints("ssh-keygen", "", status, "")
    engine = observe.observe(made, "/", True, given).engine
    assert (engine.ssh_address, engine.host_key_known) == (address, known)
    assert made.calls("ssh-keygen")[0].endswith("-F %s -f /root/.ssh/known_hosts" % address)
    assert address in made.calls("ssh-keyscan")[0]


def test_observe_a_disk_in_a_rescue_system_reads_files_only(tmp_path: Path) -> None:
    made = hostile(tmp_path, FILES)
    root = str(tmp_path / "root")
    seen = observe.observe(made, root, False)
    assert seen.moment.wall == WALL + 0.25 and seen.moment.boot_id == ""
    assert made.calls("systemctl") == made.calls("ssh-keyscan") == []
    assert "--directory %s/var/log/journal" % root in made.calls("journalctl")[0]
    judged = diagnose(seen)
    assert judged.has("files-only") and judged.has("node-certificate-expired")
    # Nobody was asked, so nobody did not answer; no VM's console is within reach.
    assert not judged.has("global-maintenance-unknown") and not judged.has("without-ssh")
    (ways,) = [one.remediation for one in judged.findings if one.id == "backup-would-do"]
    assert ways[0] == "--root %s recover --engine-backup FILE" % root
    assert judged.route == "none"


def test_observe_what_is_no_node(tmp_path: Path) -> None:
    made = hostile(tmp_path, RUNNING)
    judged = diagnose(observe.observe(made, "/", True))
    assert judged.inhibitors[0].id == "not-an-ovirt-node"


@pytest.mark.parametrize(
    "path", [inventory.NODE_CERTIFICATE, inventory.NODE_CA, inventory.NODE_KEY]
)
@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01\xff" * 30, NODE.key[:90], authority.der(NODE)], ids=list("ebtd")
)
def test_observe_bad_input_inhibits_with_the_path(path: str, data: bytes, tmp_path: Path) -> None:
    made = hostile(tmp_path, dict(FILES, **RUNNING))
    (tmp_path / "root" / path.lstrip("/")).write_bytes(data)
    judged = diagnose(observe.observe(made, "/", True))
    text = " ".join(line for one in judged.inhibitors for line in one.evidence)
    assert path in text, judged.inhibitors
    assert judged.route == "none"


def test_observe_unreadable_file_is_named(tmp_path: Path) -> None:
    made = hostile(tmp_path, dict(FILES, **RUNNING))
    place = tmp_path / "root" / inventory.NODE_CERTIFICATE.lstrip("/")
    place.unlink()
    place.mkdir()
    seen = observe.observe(made, "/", True)
    assert seen.certificates[0].state == "unreadable"
    assert seen.certificates[0].problem == "Is a directory"


def test_observe_without_a_clock_is_an_error(tmp_path: Path) -> None:
    made = hostile(tmp_path, FILES).prints("date", "", 1, "date: broken")
    with pytest.raises(errors.Error):
        observe.observe(made, "/", False)


@pytest.mark.parametrize("vnc_tls", [True, False])
def test_observe_asks_for_ssh_when_only_the_copy_for_vnc_is_expired(
    vnc_tls: bool, tmp_path: Path
) -> None:
    old = authority.issue("virt-host1.example.test", CA, end=authority.START + 5)
    files = dict(FILES, **RUNNING)
    (vnc,) = [one for one in inventory.INVENTORY if one.kind == inventory.VNC]
    files.update({vnc.path: old.certificate, vnc.key_path: old.key, vnc.ca_path: CA.certificate})
    files["/etc/libvirt/qemu.conf"] = b"vnc_tls=%d\n" % vnc_tls
    made = hostile(tmp_path, files).prints("date", "%d.0\n" % (authority.START + authority.DAY))
    made.prints("curl", "", 7, "curl: (7) refused")
    seen = observe.observe(made, "/", True)
    assert seen.engine.answers_ssh is (False if vnc_tls else None)
    assert bool(made.calls("curl"))  # an ordinary renewal may do


@pytest.mark.parametrize(
    "body, status, problem",
    [
        (authority.issue("virt-he.example.test", CA).certificate, 200, ""),
        (authority.issue("virt-he.example.test").certificate, 200, "not signed by the CA"),
        (b"<html>It works!</html>", 200, "no PEM text"),
        (b"<html>Error</html>", 503, "HTTP status 503"),
    ],
    ids=["its own", "of another CA", "no certificate", "refused"],
)
def test_observe_takes_for_the_engine_s_own_only_what_the_node_s_ca_has_signed(
    body: bytes, status: int, problem: str, tmp_path: Path
) -> None:
    made = hostile(tmp_path, FILES)
    made.prints("curl", "%s\n%d application/x-x509-cert" % (body.decode(), status))
    own, why = engine_certificates.published(made, "fd00::1", inventory.NODE_CA)
    assert problem in why and bool(own) != bool(problem)
    assert own is None or own.not_after == authority.END
    assert "https://[fd00::1]/ovirt-engine/services/pki-resource" in made.calls("curl")[0]
