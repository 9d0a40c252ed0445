# SPDX-License-Identifier: Apache-2.0
import pytest

from recovery import register

LISTING = "1000.pem\nca.der\nengine.cer\napache.cer\na.example.test.cer\n10.0.0.7.cer\n"
LISTING += "a.example.test-ovn.cer\na.example.test.cer.20230101000000\n"
END_2023 = 1674208800


def line(end: str, subject: str, status: str = "V", revoked: str = "") -> str:
    return "%s\t%s\t%s\t1001\tunknown\t%s\n" % (status, end, revoked, subject)


def test_nodes_are_those_with_a_file_of_their_name_and_the_newest_end_counts() -> None:
    database = line("230120100000Z", "/O=example.test/CN=a.example.test")
    database += line("240120100000Z", "/O=example.test/CN=a.example.test")
    database += line("230120100000Z", "/C=US/O=example.test/CN=engine.example.test")
    database += line("230120100000Z", "/O=example.test/CN=10.0.0.7")
    database += line("230120100000Z", "/O=example.test/CN=never.enrolled")
    expected = {"a.example.test": END_2023 + 365 * 86400, "10.0.0.7": END_2023}
    assert register.nodes(database, LISTING) == expected


def test_nodes_ends_in_either_form_of_a_date() -> None:
    for text, end in (("20501231000000Z", 2556057600), ("991231000000Z", 946598400)):
        database = line(text, "/O=x/CN=a.example.test")
        assert register.nodes(database, LISTING) == {"a.example.test": end}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage\n",
        line("230120100000Z", "/O=x/OU=qemu/CN=a.example.test"),
        line("230120100000Z", "/O=x/CN=a.example.test", "R", "220101000000Z"),
        "V\t2301\t\t1001\tunknown\t/O=x/CN=a.example.test\n",
    ],
    ids=["nothing", "garbage", "migration", "revoked", "torn"],
)
def test_nodes_what_is_no_node_s_certificate_is_left_out(text: str) -> None:
    assert register.nodes(text, LISTING) == {}
