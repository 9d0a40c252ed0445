# SPDX-License-Identifier: Apache-2.0
"""What a renewal by engine-setup does to the engine's files, and which certificates it is about."""

import os
import re

import pytest

from simulators import der, engine_programs, engine_shell, engine_terminal, engine_vm
from simulators.engine_entities import COMMON
from simulators.engine_setup.dialogue import Dialogue
from simulators.engine_setup.renewal import Renewal
from tests.simulators import setup_dialogues as talk
from tests.simulators import worlds
from tests.simulators.setup_dialogues import certificate, files, stages

DAY = 86400
TRUE = 1676894400
END = 1674208800 - 6 * 3600  # of the engine's own certificates
PKI = talk.PKI
ALL_STAGES = 16
# Lifetimes: what is given to openssl, and the day before the signature.
LIFETIMES = {
    "el7": {"engine": 1801, "apache": 1801},
    "el8": {"engine": 399, "apache": 399},
    "el9": {"engine": 1828, "apache": 399, "websocket-proxy": 399, "jboss": 1828},
}
RENEWED = {
    "el7": "engine jboss websocket-proxy apache reports imageio-proxy".split(),
    "el8": "engine jboss websocket-proxy apache reports".split(),
    "el9": "engine jboss websocket-proxy apache reports ovn-ndb ovn-sdb ovirt-provider-ovn".split(),
}


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_renewal_by_hand_ends_with_new_certificates(tmp_path, release):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    before = files(node)
    hosts = [name for name in before if "virt-host1" in name]
    status, said = talk.renew(node)
    assert status == 0 and said.endswith(talk.DONE)
    assert len(stages(said)) == ALL_STAGES
    assert re.findall("Renewing (.*) certificate", said) == RENEWED[release]
    for name, days in LIFETIMES[release].items():
        new = certificate(node, "certs/%s.cer" % name)
        assert new.not_after - new.not_before == days * DAY
        assert abs(new.not_before - (TRUE - DAY)) < 600
        assert new.names == ("DNS:virt-he.example.test",)
    after = files(node)
    assert all(after[name] == before[name] for name in hosts)
    key = node.engine + PKI + "keys/apache.key.nopass"
    assert after[key] not in before.values()
    assert node.ssh("systemctl is-active ovirt-engine httpd").out == "active\nactive\n"


def test_engine_keeps_its_key_and_the_web_gets_a_new_one(node):
    engine, apache = (certificate(node, "certs/%s.cer" % name) for name in ("engine", "apache"))
    talk.renew(node)
    assert certificate(node, "certs/engine.cer").modulus == engine.modulus
    assert certificate(node, "certs/apache.cer").modulus != apache.modulus


def test_every_replaced_file_has_a_copy_with_the_moment_in_its_name(node):
    before = files(node)
    talk.renew(node)
    for name in ("certs/apache.cer", "keys/apache.p12", "keys/apache.key.nopass"):
        path = node.engine + PKI + name
        kept = [data for other, data in files(node).items() if re.match(path + r"\.\d{14}$", other)]
        assert before[path] in kept, name


def test_register_and_copies_by_serial_number_grow(node):
    first = int(node.ssh("cat %sserial.txt" % PKI).out, 16)
    talk.renew(node)
    following = int(node.ssh("cat %sserial.txt" % PKI).out, 16)
    assert following - first == 5  # engine, jboss, websocket-proxy, apache, reports
    lines = node.ssh("cat %sdatabase.txt" % PKI).out.splitlines()
    for serial, line in zip(range(first, following), lines[-5:]):
        assert line.split("\t")[3] == "%X" % serial
        assert certificate(node, "certs/%X.pem" % serial).serial == serial


def test_store_holds_the_new_certificate_under_the_known_password(node):
    talk.renew(node)
    shown = node.ssh("openssl pkcs12 -in %skeys/apache.p12 -passin pass:mypass -nokeys" % PKI)
    assert shown.status == 0 and shown.out.startswith("Bag Attributes\n")
    pem = shown.out[shown.out.index("-----BEGIN") :]
    assert pem in node.ssh("cat %scerts/apache.cer" % PKI).out


def rule(node, days):
    """Setup's judgement when the engine's certificates have that many days left."""
    with node.world.opened() as world:
        engine_vm.set_wall(world, END - days * DAY)
        shell = engine_shell.Shell(world)
        session = engine_programs.Session(shell, [], b"", dict(shell.env))
        dialogue = Dialogue(world, engine_terminal.Transcript(b""), {}, "/tmp/log")
        renewal = Renewal(session, dialogue)
        return renewal.wanted(), [one.name for one in COMMON if renewal.due(one)]


ENGINE_ONLY = ["engine", "jboss", "reports"]
EVERYTHING = ["engine", "jboss", "websocket-proxy", "apache", "reports"]


@pytest.mark.parametrize(
    "release, days, due",
    [
        ("el7", 366, []),
        ("el7", 364, EVERYTHING),
        ("el7", -500, EVERYTHING),
        ("el8", 61, []),
        ("el8", 59, EVERYTHING),
        ("el9", 366, []),
        ("el9", 364, ENGINE_ONLY),
        ("el9", 61, ENGINE_ONLY),
        ("el9", 59, EVERYTHING),
        ("el9", -500, EVERYTHING),
    ],
)
def test_renewal_is_offered_by_the_thresholds_of_the_release(tmp_path, release, days, due):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    assert rule(node, days) == (bool(due), due)


def test_certificates_of_somebody_else_are_left_alone(node):
    """The administrator has put the web's certificate into its place by hand."""
    path = node.engine + PKI + "certs/apache.cer"
    with open(path, "rb") as file:
        own = file.read()
    with open(node.engine + PKI + "certs/websocket-proxy.cer", "rb") as file:
        other = file.read()
    with open(path, "wb") as file:
        file.write(other)
    assert "apache" not in rule(node, 10)[1]
    with open(path, "wb") as file:
        file.write(own)
    assert "apache" in rule(node, 10)[1]


def test_store_that_nobody_can_read_is_told_about_and_skipped(node):
    with open(node.engine + PKI + "keys/jboss.p12", "wb") as file:
        file.write(b"no PKCS#12")
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 0 and "Renewing jboss certificate" not in said
    text = "[WARNING] Failed to read or parse '/etc/pki/ovirt-engine/keys/jboss.p12'\n"
    assert text + "          Perhaps it was changed since last Setup.\n" in said


def test_missing_store_is_made_without_a_question(node):
    os.unlink(node.engine + PKI + "keys/reports.p12")
    words = talk.UNATTENDED[:2] + [
        talk.UNATTENDED[2].replace("renew=bool:True", "renew=bool:False")
    ]
    status, said = talk.inside(node, words)
    assert status == 0 and "Renewing" not in said
    assert certificate(node, "certs/reports.cer").not_after > TRUE + 300 * DAY


def test_authority_near_its_end_is_renewed_with_its_key_and_serial_number(tmp_path):
    node = worlds.make(tmp_path / "w", "ca-expired", "el9")
    with node.world.opened() as world:
        world.state["vm"].update(where="elsewhere", boot=1, ssh=True)
        for service in engine_vm.SERVICES:
            engine_vm.switch(world, service, True)
    old = certificate(node, "ca.pem")
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 0
    assert "[ INFO  ] Renewing CA: /etc/pki/ovirt-engine/ca.pem\n" in said
    told = "CA /etc/pki/ovirt-engine/ca.pem was renewed, please refresh manually distributed copies"
    assert "[WARNING] %s\n" % told in said
    new = certificate(node, "ca.pem")
    assert (new.serial, new.subject, new.modulus) == (old.serial, old.subject, old.modulus)
    assert abs(new.not_before - TRUE) < 600 and new.not_after - new.not_before == 7300 * DAY
    assert new.ca is True and der.signed_by(certificate(node, "certs/apache.cer"), new)


def test_dates_are_those_of_the_engines_own_clock(node):
    with node.world.opened() as world:
        engine_vm.set_wall(world, TRUE - 60 * DAY)
    status, _ = talk.inside(node, talk.UNATTENDED)
    assert status == 0
    new = certificate(node, "certs/apache.cer")
    assert abs(new.not_before - (TRUE - 61 * DAY)) < 600


def test_web_serves_the_new_certificate_only_after_the_restart(node):
    asking = ("openssl", "s_client", "-connect", "virt-he.example.test:443", "-showcerts")
    before = node.run(*(asking + ("-CAfile", "/etc/pki/vdsm/certs/cacert.pem")))
    assert "NotAfter: Jan 20 04:00:02 2023 GMT" in before.out
    assert "Verify return code: 10 (certificate has expired)" in before.out
    assert "No client certificate CA names sent\n" in before.out
    talk.inside(node, talk.UNATTENDED)
    after = node.run(*(asking + ("-CAfile", "/etc/pki/vdsm/certs/cacert.pem")))
    assert "Verify return code: 0 (ok)" in after.out
    shown = after.out[after.out.index("-----BEGIN") : after.out.index("-----END")]
    assert der.certificate((shown + "-----END CERTIFICATE-----\n").encode()).raw == (
        certificate(node, "certs/apache.cer").raw
    )


def test_web_is_not_reachable_where_the_engine_is_not(tmp_path):
    down = worlds.make(tmp_path / "w")
    output = down.run("openssl", "s_client", "-connect", "virt-he.example.test:443")
    assert output.status == 1 and output.err.endswith("connect:errno=113\n")
