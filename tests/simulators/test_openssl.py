# SPDX-License-Identifier: Apache-2.0
"""openssl on the node: s_client against recordings, the rest by the real program."""

import re

import pytest

from simulators import place
from tests.simulators import samples, worlds

CA = "/etc/pki/vdsm/certs/cacert.pem"
CERT = ("-cert", "/etc/pki/vdsm/certs/vdsmcert.pem", "-key", "/etc/pki/vdsm/keys/vdsmkey.pem")
VARYING = (
    (r"\d+ bytes", "N bytes"),
    (r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT", "DATE"),
    (r"^[0-9A-F]{16}:", "ID:"),
    (r"(?m)^[A-Za-z0-9+/=]{1,64}$\n?", ""),
)


def plain(text):
    for pattern, word in VARYING:
        text = (
            re.sub(pattern, word, text, flags=re.M)
            if word != ""
            else "".join(
                line
                for line in text.splitlines(True)
                if line == "DONE\n" or not re.match(r"[A-Za-z0-9+/=]{1,64}\n?$", line)
            )
        )
    return text


def same(output, case):
    sample = samples.read("openssl", case)
    assert plain(output.out) == plain(sample.out)
    assert plain(output.err) == plain(sample.err)
    assert output.status == sample.status


def connect(node, *words):
    return node.run("openssl", "s_client", "-connect", "localhost:54321", *words)


@pytest.fixture
def valid(tmp_path):
    return worlds.make(tmp_path / "w", "all-valid")


@pytest.fixture
def stale(tmp_path):
    return worlds.make(tmp_path / "stale", "still-running")


def test_what_vdsm_serves_as_recorded(valid, stale):
    same(connect(valid, "-CAfile", CA, *CERT), "valid-with-client-certificate")
    same(connect(valid, *CERT), "no-ca-file")
    same(connect(valid, "-showcerts", "-CAfile", CA, "-verify_return_error", *CERT), "showcerts")
    same(connect(stale, "-CAfile", CA), "expired-no-client-certificate")
    same(connect(stale, "-CAfile", CA, "-verify_return_error"), "expired-verify-return-error")


def test_nobody_listens(tmp_path):
    same(connect(worlds.make(tmp_path / "w")), "connection-refused")


def test_the_process_serves_what_it_has_loaded_until_it_is_restarted(stale, valid):
    """A file renewed below a running vdsmd changes nothing; a restart does."""
    path = "/etc/pki/vdsm/certs/vdsmcert.pem"
    with open(valid.root + path, "rb") as file:
        place.put(stale.root, path, file.read())
    assert "certificate has expired" in connect(stale, "-CAfile", CA).out
    with stale.world.opened() as world:
        from simulators import units

        units.stop(world, "vdsmd.service")
        assert units.start(world, "vdsmd.service")
    assert "Verify return code: 0 (ok)" in connect(stale, "-CAfile", CA).out


def test_an_expired_client_certificate_as_recorded(valid, stale):
    path = "/etc/pki/vdsm/certs/vdsmcert.pem"
    with open(stale.root + path, "rb") as file:
        place.put(valid.root, "/tmp/old.pem", file.read())
    output = connect(valid, "-CAfile", CA, "-cert", "/tmp/old.pem", "-key", CERT[3])
    same(output, "client-certificate-expired")


def test_real_openssl_with_paths_inside_the_node(stale):
    shown = stale.ok(
        "openssl", "x509", "-noout", "-subject", "-in", "/etc/pki/vdsm/certs/vdsmcert.pem"
    )
    assert "virt-host1.example.test" in shown
    with open(stale.root + "/etc/pki/vdsm/certs/vdsmcert.pem") as file:
        assert stale.ok("openssl", "x509", "-noout", "-subject", data=file.read()) == shown
    output = stale.run("openssl", "verify", "-CAfile", CA, "/etc/pki/vdsm/certs/vdsmcert.pem")
    assert output.status == 2 and "certificate has expired" in output.err
    output = stale.run("openssl", "x509", "-noout", "-in", "/nosuch")
    assert output.status == 1 and stale.root not in output.err
