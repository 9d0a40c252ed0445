# SPDX-License-Identifier: Apache-2.0
import base64
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from recovery import certificates, errors, inventory, pem, x509_compiled, x509_plain
from recovery.observation import Certificate
from tests.unit import authority

ENTRY = inventory.INVENTORY[0]
CA = authority.issue(
    "engine.example.test.56789",
    None,
    end=authority.END * 2,
    private=authority.key("rsa"),
    is_ca=True,
)
NODE = authority.issue("virt-host1.example.test", CA)


@pytest.fixture(params=[x509_compiled, x509_plain], ids=["compiled", "plain"], autouse=True)
def reader(request: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both ways to read certificates are held to the same assertions."""
    monkeypatch.setattr(pem, "_readers", [request.param])
    return request.param


def survey(files: Dict[str, bytes]) -> Dict[str, Certificate]:
    def read(path: str) -> bytes:
        if path not in files:
            raise errors.FileMissing("read", path, "No such file or directory")
        return files[path]

    return {one.path: one for one in certificates.survey(read, inventory.INVENTORY)}


def node_files() -> Dict[str, bytes]:
    return {
        inventory.NODE_CERTIFICATE: NODE.certificate,
        inventory.NODE_KEY: NODE.key,
        inventory.NODE_CA: CA.certificate,
    }


def test_describe_says_what_the_certificate_says() -> None:
    one = certificates.describe(ENTRY, NODE.certificate)[0]
    assert (one.state, one.problem) == ("ok", "")
    assert one.subject == "O=example.test, CN=virt-host1.example.test"
    assert one.issuer == "O=example.test, CN=engine.example.test.56789"
    assert one.sans == ("DNS:virt-host1.example.test", "IP:192.0.2.7")
    assert (one.not_before, one.not_after) == (authority.START, authority.END)
    assert not one.is_ca and len(one.fingerprint) == len(one.spki) == 64


def test_describe_agrees_with_openssl(tmp_path: Path, real_program: Callable[[str], str]) -> None:
    path = tmp_path / "node.pem"
    path.write_bytes(NODE.certificate)
    argv = [real_program("openssl"), "x509", "-noout", "-fingerprint", "-sha256", "-serial"]
    text = subprocess.check_output(argv + ["-in", str(path)]).decode()
    one = certificates.describe(ENTRY, NODE.certificate)[0]
    assert one.fingerprint in text.replace(":", "").lower()
    assert "serial=%X" % one.serial in text.replace("serial=0", "serial=")


def test_describe_skips_the_text_that_openssl_ca_writes_first() -> None:
    data = b"Certificate:\n    Data:\n        Version: 3 (0x2)\n" + NODE.certificate
    assert certificates.describe(ENTRY, data)[0].state == "ok"


def test_describe_lists_every_certificate_of_a_ca_file() -> None:
    entry = [one for one in inventory.INVENTORY if one.path == inventory.NODE_CA][0]
    other = authority.issue("interim", is_ca=True)
    found = certificates.describe(entry, CA.certificate + other.certificate)
    assert [certificates.common_name(one.subject) for one in found] == [
        "engine.example.test.56789",
        "interim",
    ]
    assert len(certificates.describe(ENTRY, NODE.certificate + CA.certificate)) == 1


@pytest.mark.parametrize(
    "data, words",
    [
        (NODE.certificate[:-120], "cut off"),
        (NODE.certificate[:40], "cut off"),
        (b"", "empty"),
        (b" \n", "empty"),
        (bytes(range(256)) * 4, "binary"),
        (authority.der(NODE), "DER"),
        (NODE.key, "private key, no certificate"),
        (b"hello\n", "no PEM text"),
        (NODE.certificate.replace(b"MII", b"MIJ", 1).replace(b"MIIB", b"MAAA"), "damaged"),
        (NODE.certificate[:100] + NODE.certificate[101:], "damaged"),
    ],
    ids=[
        "truncated",
        "truncated early",
        "empty",
        "blank",
        "binary",
        "DER",
        "key",
        "text",
        "damaged ASN.1",
        "damaged base64",
    ],
)
def test_describe_bad_input_is_unreadable_with_one_reason(data: bytes, words: str) -> None:
    found = certificates.describe(ENTRY, data)
    assert len(found) == 1 and found[0].state == "unreadable"
    assert words in found[0].problem
    assert found[0].not_after == 0 and found[0].path == ENTRY.path


def test_load_bad_input_is_an_error_that_names_the_file() -> None:
    with pytest.raises(errors.FileError) as caught:
        pem.load("/etc/pki/x.pem", NODE.key)
    assert caught.value.lines()[0] == (
        "cannot read the certificate /etc/pki/x.pem: it holds a private key, no certificate"
    )


def test_survey_of_a_good_node_matches_keys_and_chain() -> None:
    found = survey(node_files())
    node = found[inventory.NODE_CERTIFICATE]
    assert (node.key_match, node.chain, node.problem) == (True, True, "")
    assert found[inventory.NODE_CA].is_ca
    assert set(found) == {inventory.NODE_CERTIFICATE, inventory.NODE_CA}


def test_survey_without_required_files_says_missing() -> None:
    found = survey({})
    assert [one.problem for one in found.values()] == ["the file is missing"] * 2


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_survey_finds_a_foreign_key(kind: str) -> None:
    files = node_files()
    files[inventory.NODE_KEY] = authority.key_pem(authority.key(kind))
    assert survey(files)[inventory.NODE_CERTIFICATE].key_match is False


def test_survey_matches_rsa_pairs() -> None:
    pair = authority.issue("virt-host1.example.test", CA, private=authority.key("rsa"))
    files = node_files()
    files[inventory.NODE_CERTIFICATE], files[inventory.NODE_KEY] = pair.certificate, pair.key
    assert survey(files)[inventory.NODE_CERTIFICATE].key_match is True


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "the file is empty"),
        (NODE.certificate, "it holds a certificate, no private key"),
        (NODE.key[:80], "it holds no private key in PEM"),
    ],
    ids=["empty", "certificate", "cut off"],  # made anew in each worker, they name no test
)
def test_survey_tells_what_is_wrong_with_the_key(data: bytes, words: str) -> None:
    files = node_files()
    files[inventory.NODE_KEY] = data
    node = survey(files)[inventory.NODE_CERTIFICATE]
    assert node.key_match is False and words in node.problem


def test_survey_without_key_does_not_judge_it() -> None:
    files = node_files()
    del files[inventory.NODE_KEY]
    assert survey(files)[inventory.NODE_CERTIFICATE].key_match is None


def test_survey_finds_a_foreign_ca_of_the_same_name() -> None:
    files = node_files()
    files[inventory.NODE_CA] = authority.issue("engine.example.test.56789", is_ca=True).certificate
    assert survey(files)[inventory.NODE_CERTIFICATE].chain is False


def test_survey_accepts_any_ca_of_the_file() -> None:
    files = node_files()
    files[inventory.NODE_CA] = authority.issue("other", is_ca=True).certificate + CA.certificate
    assert survey(files)[inventory.NODE_CERTIFICATE].chain is True


def test_subject_argument_is_what_openssl_takes() -> None:
    assert certificates.subject_argument("O=a\\, b, CN=h/1") == "/O=a, b/CN=h\\/1"
    assert certificates.common_name("O=a\\, b, CN=virt-host1") == "virt-host1"
    assert certificates.common_name("O=x") == ""


# SSH certificates


@pytest.fixture
def console(tmp_path: Path, real_program: Callable[[str], str]) -> Dict[str, bytes]:
    """The files of the serial console, made by the real ssh-keygen."""
    keygen = real_program("ssh-keygen")

    def run(*words: str) -> None:
        subprocess.check_call([keygen, "-q"] + list(words), cwd=str(tmp_path))

    run("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", "ca")
    run("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", "host-ssh_host_rsa")
    validity = ["-V", "20220101000000Z:20230203000000Z"]
    run(*["-s", "ca", "-I", "h1", "-h", "-n", "h1,h1.test"] + validity + ["host-ssh_host_rsa.pub"])
    names = ("host-ssh_host_rsa", "host-ssh_host_rsa-cert.pub")
    files = {"/etc/pki/ovirt-vmconsole/" + name: (tmp_path / name).read_bytes() for name in names}
    files["/etc/pki/ovirt-vmconsole/ca.pub"] = (tmp_path / "ca.pub").read_bytes()
    return files


CONSOLE = "/etc/pki/ovirt-vmconsole/host-ssh_host_rsa-cert.pub"


def test_survey_reads_the_console_certificate(console: Dict[str, bytes]) -> None:
    one = survey(dict(node_files(), **console))[CONSOLE]
    assert (one.state, one.key_match, one.chain) == ("ok", True, True)
    assert one.subject == "h1" and one.sans == ("DNS:h1", "DNS:h1.test")
    assert (one.not_before, one.not_after) == (1640995200, 1675382400)


def test_survey_finds_a_foreign_console_ca(console: Dict[str, bytes]) -> None:
    console["/etc/pki/ovirt-vmconsole/ca.pub"] = b"ssh-rsa AAAA someone\n"
    assert survey(console)[CONSOLE].chain is False


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"\x00\xff" * 20,
        lambda data: NODE.certificate,
        lambda data: data.split()[0] + b" " + base64.b64encode(b"\x00\x00\x00\x07ssh-rsa"),
        lambda data: data[: len(data) // 2],
        lambda data: data[:60],
    ],
)
def test_console_bad_input_is_unreadable(damage: Any, console: Dict[str, bytes]) -> None:
    console[CONSOLE] = damage(console[CONSOLE])
    one = survey(console)[CONSOLE]
    assert one.state == "unreadable" and one.problem


@pytest.mark.parametrize("step", range(3))
def test_one_flipped_byte_is_no_crash_whatever_it_hits(step: int) -> None:
    """A serial console garbles what is pasted: it is a certificate, or it is refused."""
    (whole,) = pem.der_blocks("/c", NODE.certificate)
    refused = 0
    for place in range(step, len(whole), 3):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        text = b"-----BEGIN CERTIFICATE-----\n%b-----END CERTIFICATE-----\n"
        data = text % base64.encodebytes(bytes(spoilt))
        try:
            certificates.describe(ENTRY, data)
            certificates.key_matches("/c", data, "/k", NODE.key)
            certificates.signed_by("/c", data, "/ca", CA.certificate)
            pem.load("/c", data)
        except errors.Error:
            refused += 1
    assert refused > 10
