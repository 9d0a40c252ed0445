# SPDX-License-Identifier: Apache-2.0
"""Signing here, without any program; openssl and gnutls judge in tests/contract/test_signing.py."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import certificates, errors, inventory, issued, pem, requests, signing
from tests.unit import authority

START, END = authority.START, authority.END
CA = authority.issue("engine.example.test.56789", is_ca=True, end=END * 2)
SIGNER = signing.Authority(CA.loaded, CA.private)
NODE = authority.issue("virt-host1.example.test", CA)
SUBJECT = "/O=example.test/CN=virt-host1.example.test"
SANS = ("DNS:virt-host1.example.test", "IP:192.0.2.7", "IP:2001:db8::7")
WANTED = signing.Wanted(SUBJECT, SANS, START, END, "http://e.example.test/ca")
REQUEST = requests.make("/key.pem", NODE.key)
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)


def described(data: bytes) -> Any:
    return certificates.describe(inventory.COPIES[0], data)[0]


def test_sign_gives_what_was_asked_for_and_nothing_to_complain_about() -> None:
    made = signing.sign(REQUEST, SIGNER, WANTED)
    seen = described(made)
    assert (seen.not_before, seen.not_after) == (START, END)
    assert seen.sans == SANS and not seen.is_ca
    found = issued.problems(
        made, ("/key.pem", NODE.key), ("/ca.pem", CA.certificate), SUBJECT, SANS, [START, END - 1]
    )
    assert found == []


def test_sign_twice_never_gives_the_same_serial() -> None:
    first, second = (described(signing.sign(REQUEST, SIGNER, WANTED)).serial for _ in "12")
    assert first != second
    assert all(1 << 158 <= serial < 1 << 159 for serial in (first, second))


def test_sign_of_what_is_no_request_is_one_clear_error() -> None:
    with pytest.raises(errors.Error, match="cannot sign the request: it cannot be read"):
        signing.sign(b"garbage", SIGNER, WANTED)


@pytest.mark.parametrize("san", ["virt-host1.example.test", "URI:http://x", "RFC822Name:a@b"])
def test_sign_for_a_name_of_another_kind_is_one_clear_error(san: str) -> None:
    with pytest.raises(errors.Error, match="is neither DNS: nor IP:"):
        signing.sign(REQUEST, SIGNER, WANTED._replace(sans=(san,)))


def test_sign_without_an_address_of_the_ca_leaves_that_extension_out() -> None:
    made = signing.sign(REQUEST, SIGNER, WANTED._replace(url=""))
    assert signing.url_of(made) == ""
    assert signing.url_of(signing.sign(REQUEST, SIGNER, WANTED)) == WANTED.url


@pytest.mark.parametrize(
    "data", [NODE.certificate, b"garbage", b""], ids=["none", "garbage", "empty"]
)
def test_url_of_a_certificate_that_names_none_is_empty(data: bytes) -> None:
    assert signing.url_of(data) == ""


@given(TEXTS, TEXTS)
def test_name_of_a_subject_is_the_name_it_was_taken_from(organisation: str, common: str) -> None:
    text = "O=%s, CN=%s" % (organisation.replace(",", "\\,"), common.replace(",", "\\,"))
    if "\\" in organisation + common:
        return  # openssl's -subj has no way to write all of them
    made = signing.name(certificates.subject_argument(text))
    assert [one.value for one in made] == [organisation, common]
    assert certificates.named(made) == text


def test_name_with_a_label_that_nobody_knows_is_one_clear_error() -> None:
    with pytest.raises(errors.Error, match="a part named 'XX'"):
        signing.name("/XX=a/CN=b")


def test_name_with_a_number_for_a_label_takes_it() -> None:
    assert [one.oid.dotted_string for one in signing.name("/2.5.4.5=a")] == ["2.5.4.5"]


def test_temporary_ca_signs_for_its_time_and_can_sign_no_other_ca() -> None:
    made = signing.temporary("/CN=interim", START, START + 86400)
    (seen,) = certificates.describe(inventory.Entry("/ca.pem", inventory.CA), signing.text(made))
    assert seen.is_ca and seen.not_after == START + 86400
    limits = made.certificate.extensions.get_extension_for_class(pem.x509().BasicConstraints)
    assert limits.critical and limits.value.path_length == 0


def test_authority_never_shows_its_key() -> None:
    assert repr(SIGNER) == "Authority(********)" and "RSA" not in str(SIGNER)


def test_belong_together_tells_a_key_of_another_ca() -> None:
    assert signing.belong_together(SIGNER)
    assert not signing.belong_together(SIGNER._replace(key=NODE.private))


def test_trusted_knows_a_renewed_ca_by_name_and_key() -> None:
    renewed = authority.issue(
        "engine.example.test.56789", is_ca=True, private=CA.private, end=END * 3
    )
    other = authority.issue("engine.example.test.56789", is_ca=True)
    both = other.certificate + renewed.certificate
    assert signing.trusted(SIGNER, "/ca.pem", both) == [renewed.loaded]
    assert signing.trusted(SIGNER, "/ca.pem", other.certificate) == []


@pytest.mark.parametrize("end, stamp", [(END, b"2302"), (2524608000 + 9, b"20500101000009Z")])
def test_record_writes_the_end_as_certificates_do(end: int, stamp: bytes) -> None:
    made = signing.sign(REQUEST, SIGNER, WANTED._replace(end=end))
    line = signing.record(made).split(b"\n")[0].split(b"\t")
    assert line[1].startswith(stamp) and line[5] == SUBJECT.encode()
    assert int(line[3], 16) == described(made).serial and len(line[3]) == 40
