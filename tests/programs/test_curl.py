# SPDX-License-Identifier: Apache-2.0
"""curl: what is said on the command line, what on standard input, what is made of its end."""

import pytest

from recovery import errors
from recovery import secret as secrets
from recovery.programs import curl

CA = "/ca.pem"
REQUEST = curl.Request(
    "https://engine/token",
    "POST",
    token=secrets.Secret("t0ken"),
    form=(("user", "a@b"), ("password", secrets.Secret('p"w\\d&\n'))),
)


def test_command_holds_no_secret_and_verifies_with_the_given_ca() -> None:
    argv = curl.command(REQUEST, CA)
    assert argv[:2] == ["curl", "-q"]  # nobody's ~/.curlrc may add --insecure
    assert argv[argv.index("--cacert") + 1] == CA
    assert argv[-3:] == ["--config", "-", "https://engine/token"]
    shown = " ".join(argv)
    assert "t0ken" not in shown and "p" + '"w' not in shown and "--insecure" not in shown
    assert "t0ken" not in repr(REQUEST)


def test_config_quotes_what_would_end_a_value() -> None:
    lines = curl.configuration(REQUEST).decode().splitlines()
    assert lines == [
        'header = "Accept: application/json"',
        'header = "Authorization: Bearer t0ken"',
        'data = "user=a%40b&password=p%22w%5Cd%26%0A"',
    ]
    body = curl.Request("https://engine/x", "POST", body='{"a": "\\\\"}')
    assert curl.configuration(body).decode().splitlines()[-1] == (
        'data = "{\\"a\\": \\"\\\\\\\\\\"}"'
    )


@pytest.mark.parametrize(
    "text, quoted",
    [("a b", "a%20b"), ("~-._", "~-._"), ("\u20ac", "%E2%82%AC"), ("%2F", "%252F")],
)
def test_quoted_text_is_what_a_url_takes(text: str, quoted: str) -> None:
    assert curl.quoted(text) == quoted


def test_output_without_a_status_is_not_understood() -> None:
    with pytest.raises(errors.UnexpectedOutput, match="an HTTP status in the last line"):
        curl.answer(["curl"], "<html>\nhello")


def test_output_of_many_lines_is_split_at_the_last() -> None:
    assert curl.answer(["curl"], "a\nb\n\n204 text/plain; charset=x") == curl.Answer(
        204, "text/plain; charset=x", "a\nb\n"
    )
