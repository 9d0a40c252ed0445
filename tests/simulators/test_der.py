# SPDX-License-Identifier: Apache-2.0
"""The small DER reader, with the real openssl as the judge."""

import subprocess

import pytest

from simulators import der
from tests.guard import programs

CONF = """[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:true
[leaf]
basicConstraints = CA:false
subjectAltName = DNS:node.example.test,IP:192.0.2.7
"""


def openssl(directory, *words, **options):
    result = subprocess.run(
        (str(programs.find("openssl")),) + words,
        cwd=str(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=options.get("check", True),
    )
    return result.stdout


CA = "/C=US/O=example.test/CN=ca.56789"
LEAF = "/O=example.test/CN=n\u00f6de.example.test"
SIGN = (
    "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 0x1003 -days 398"
    " -extfile conf -extensions leaf -out leaf.pem"
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    directory = tmp_path_factory.mktemp("der")
    (directory / "conf").write_text(CONF)
    for name in ("ca", "leaf", "other"):
        openssl(directory, "genrsa", "-out", name + ".key", "2048")
    for line in (
        "req -new -x509 -key ca.key -config conf -extensions ca -days 3650 -out ca.pem -subj " + CA,
        "req -new -key leaf.key -config conf -utf8 -out leaf.csr -subj " + LEAF,
        SIGN,
    ):
        openssl(directory, *line.split())
    return directory


def read(pki, name):
    return (pki / name).read_bytes()


def test_dates_and_serial_as_openssl_prints_them(pki):
    import calendar
    import time

    cert = der.certificate(read(pki, "leaf.pem"))
    text = openssl(pki, "x509", "-in", "leaf.pem", "-noout", "-dates", "-serial").decode()
    shape = "%b %d %H:%M:%S %Y GMT"
    lines = dict(line.split("=", 1) for line in text.splitlines())
    assert cert.not_before == calendar.timegm(time.strptime(lines["notBefore"], shape))
    assert cert.not_after == calendar.timegm(time.strptime(lines["notAfter"], shape))
    assert "%X" % cert.serial == lines["serial"] == "1003"


def test_names_and_extensions(pki):
    cert = der.certificate(read(pki, "leaf.pem"))
    assert der.name(cert.subject) == [("O", "example.test"), ("CN", "n\u00f6de.example.test")]
    assert der.name(cert.issuer)[0] == ("C", "US")
    assert cert.names == ("DNS:node.example.test", "IP:192.0.2.7")
    assert cert.ca is False and cert.version == 3
    assert der.certificate(read(pki, "ca.pem")).ca is True


def test_signature(pki):
    ca = der.certificate(read(pki, "ca.pem"))
    leaf = der.certificate(read(pki, "leaf.pem"))
    assert der.signed_by(leaf, ca) and der.signed_by(ca, ca)
    assert not der.signed_by(leaf, leaf)
    assert not der.signed_by(leaf._replace(signed=leaf.signed[:-1] + b"\0"), ca)


def test_every_digest_openssl_offers_for_rsa(pki):
    ca = der.certificate(read(pki, "ca.pem"))
    for digest in ("sha256", "sha384", "sha512"):
        data = openssl(
            pki,
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            "5",
            "-days",
            "3",
            "-" + digest,
        )
        assert der.signed_by(der.certificate(data), ca)


def test_key_match_in_both_formats(pki):
    leaf = der.certificate(read(pki, "leaf.pem"))
    assert der.key_matches(leaf, read(pki, "leaf.key"))
    assert not der.key_matches(leaf, read(pki, "other.key"))
    old = openssl(pki, "rsa", "-in", "leaf.key", "-traditional", check=False)
    if old:
        assert b"RSA PRIVATE KEY" in old and der.key_matches(leaf, old)


def test_text_before_the_certificate_is_skipped(pki):
    text = openssl(pki, "x509", "-in", "leaf.pem", "-text")
    assert text.startswith(b"Certificate:")
    assert der.certificate(text) == der.certificate(read(pki, "leaf.pem"))


def test_several_certificates_in_one_file(pki):
    data = read(pki, "ca.pem") + b"\n" + read(pki, "leaf.pem")
    assert [cert.ca for cert in der.certificates(data)] == [True, False]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\x01\x02",
        b"-----BEGIN CERTIFICATE-----\n",
        b"nothing here",
        bytes(range(255, -1, -1)) * 2,
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    ],
)
def test_broken_files_are_errors_of_our_own(data):
    with pytest.raises(der.Error):
        der.certificate(data)


def test_every_truncation_is_an_error(pki):
    whole = der.blocks(read(pki, "leaf.pem"), (der.CERTIFICATE,))[0]
    for end in range(0, len(whole), 37):
        with pytest.raises(der.Error):
            der._certificate(whole[:end])


def test_a_key_is_no_certificate_and_the_reverse(pki):
    with pytest.raises(der.Error):
        der.certificate(read(pki, "leaf.key"))
    with pytest.raises(der.Error):
        der.key_modulus(read(pki, "leaf.pem"))


def test_days_agree_with_the_calendar():
    import datetime

    for number in range(-40000, 80000, 97):
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=number)
        assert der.days(date.year, date.month, date.day) == number
