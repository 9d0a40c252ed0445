# SPDX-License-Identifier: Apache-2.0
"""Each scenario in each release shows its symptom, and the commands an administrator knows."""

import time

import pytest

from simulators import der, rehearse, scenarios
from tests.simulators import worlds

RELEASES = ("el7", "el8", "el9")
CERT = "/etc/pki/vdsm/certs/vdsmcert.pem"
DEAD = (
    "node-expired",
    "expired-500-days",
    "mixed-ages",
    "global-maintenance",
    "local-maintenance",
    "engine-up",
    "no-common-window",
    "ntp-reachable",
    "clock-ahead",
    "ca-expired",
)
HAS_EXPIRED = "The server certificate %s has expired" % CERT


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


def messages(node, unit="libvirtd.service"):
    with node.world.opened() as world:
        from simulators import libvirtd, units

        try:
            libvirtd.start(world, unit)
        except units.StartFailed as failed:
            return [text for text, _ in failed.messages]
    return []


def active(node, *names):
    with node.world.opened() as world:
        from simulators import units

        return [units.state(world, name + ".service")["active"] for name in names]


def end(node, path=CERT):
    with open(node.root + path, "rb") as file:
        return der.certificate(file.read()).not_after


def test_every_scenario_has_a_line():
    assert set(scenarios.NAMES) == set(scenarios.SUMMARIES)
    assert all("\n" not in text and text for text in scenarios.SUMMARIES.values())


@pytest.mark.parametrize("name", DEAD)
def test_libvirtd_is_dead_because_of_the_date(tmp_path, name, release):
    node = worlds.make(tmp_path / "w", name, release)
    assert active(node, "libvirtd", "vdsmd", "chronyd") == ["failed", "inactive", "active"]
    assert messages(node)[-1] == HAS_EXPIRED
    assert node.ok("date", "+%s").startswith("16768944" if name != "clock-ahead" else "173996")


def test_node_expired(tmp_path, release):
    node = worlds.make(tmp_path / "w", "node-expired", release)
    shown = node.ok("openssl", "x509", "-noout", "-enddate", "-in", CERT)
    assert shown == "notAfter=Jan 20 10:00:00 2023 GMT\n"
    output = node.run("openssl", "s_client", "-connect", "localhost:54321")
    assert output.status == 1 and "connect:errno=111" in output.err


def test_russian_locale(tmp_path, release):
    node = worlds.make(tmp_path / "w", "russian-locale", release)
    assert messages(node)[-1] == "Срок действия сертификата сервера %s истек." % CERT


def test_expired_500_days(tmp_path, release):
    node = worlds.make(tmp_path / "w", "expired-500-days", release)
    assert 1676894400 - end(node) == 500 * 86400


def test_mixed_ages(tmp_path, release):
    node = worlds.make(tmp_path / "w", "mixed-ages", release)
    assert end(node, "/etc/pki/vdsm/libvirt-vnc/server-cert.pem") < end(node)
    with open(node.root + "/etc/libvirt/qemu.conf") as file:
        assert "vnc_tls=1" in file.read()


def test_all_valid_and_still_running(tmp_path, release):
    for name in ("all-valid", "still-running"):
        node = worlds.make(tmp_path / name, name, release)
        assert active(node, "libvirtd", "vdsmd") == ["active", "active"]
        assert node.ok("virsh", "-r", "domstate", "HostedEngine") == "running\n\n"
        output = node.run(
            "openssl",
            "s_client",
            "-connect",
            "localhost:54321",
            "-CAfile",
            "/etc/pki/vdsm/certs/cacert.pem",
        )
        code = "0 (ok)" if name == "all-valid" else "10 (certificate has expired)"
        assert "Verify return code: " + code in output.out
        assert node.ssh("hostname -f").out == "virt-he.example.test\n"


def test_ca_expired_shows_behind_the_nodes_own(tmp_path, release):
    node = worlds.make(tmp_path / "w", "ca-expired", release)
    ca = end(node, "/etc/pki/vdsm/certs/cacert.pem")
    assert end(node) < ca < 1676894400
    with node.world.opened() as world:
        world.step_clock(end(node) - 86400)
    assert messages(node) == []


def test_clock_ahead_has_a_true_hardware_clock(tmp_path, release):
    node = worlds.make(tmp_path / "w", "clock-ahead", release)
    with node.world.opened() as world:
        assert abs(world.rtc() - world.true()) < 1
        assert world.wall() - world.true() > 700 * 86400
        assert end(node) > world.true()


def test_no_common_window(tmp_path, release):
    node = worlds.make(tmp_path / "w", "no-common-window", release)
    with open(node.root + "/etc/pki/vdsm/certs/cacert.pem", "rb") as file:
        ca = der.certificate(file.read())
    with open(node.root + CERT, "rb") as file:
        cert = der.certificate(file.read())
    assert cert.not_after < ca.not_before and der.signed_by(cert, ca)
    with node.world.opened() as world:
        world.step_clock(cert.not_after - 86400)
    assert messages(node)[-1] == (
        "The CA certificate /etc/pki/vdsm/certs/cacert.pem is not yet active"
    )


def test_engine_up(tmp_path, release):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    assert node.ssh("hostname -f").out == "virt-he.example.test\n"


def test_unrelated_failure(tmp_path, release):
    node = worlds.make(tmp_path / "w", "unrelated-failure", release)
    assert active(node, "libvirtd") == ["failed"]
    assert "configuration file syntax error" in messages(node)[-1]


def test_a_rehearsal_begins_and_ends_with_the_worlds_own_account(tmp_path):
    prepared = rehearse.prepare("node-expired", "el8", str(tmp_path / "w"))
    assert prepared.arguments[:4] == [
        "--root",
        prepared.world.root,
        "--programs",
        prepared.world.programs,
    ]
    lines = rehearse.epilogue(prepared.world)
    assert "changed files: 0" in lines and "HostedEngine: shut off" in lines
    with open(prepared.world.root + CERT, "ab") as file:
        file.write(b"\n")
    assert "  changed " + CERT in rehearse.epilogue(prepared.world)


def test_a_world_after_the_first_is_made_in_about_a_second(tmp_path):
    rehearse.prepare("node-expired", "el8", str(tmp_path / "one"))
    begin = time.process_time()
    rehearse.prepare("node-expired", "el8", str(tmp_path / "two"))
    assert time.process_time() - begin < 3
