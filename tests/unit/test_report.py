# SPDX-License-Identifier: Apache-2.0
import io
import json

import pytest

from recovery import display, report, report_json
from recovery.diagnose import diagnose
from tests.unit import observations
from tests.unit.test_diagnose import CASES


@pytest.mark.parametrize("name", sorted(CASES))
def test_diagnosis_text_fits_a_console(name: str) -> None:
    seen = CASES[name].seen
    lines = report.diagnosis_text(seen, diagnose(seen))
    long = [line for line in lines if len(line) > 80 and len(line.split()) > 2]
    assert long == []
    assert all(line == line.rstrip() for line in lines)


def test_diagnosis_text_ends_with_the_route() -> None:
    lines = report.diagnosis_text(observations.expired(), diagnose(observations.expired()))
    start = [number for number, line in enumerate(lines) if line.startswith("Route: rewind")]
    assert start and len(lines) - start[0] < 10
    text = "\n".join(lines)
    for words in (
        "EXPIRED 41 days ago",
        "/etc/pki/vdsm/certs/vdsmcert.pem",
        "DNS:virt-host1.example.test",
        "2023-01-10 12:00:00 UTC, key and CA match",
        "libvirtd failed (exit-code)",
        "has expired",
        "maintenance: global not known",
    ):
        assert words in " ".join(text.split()) or words in text, words


def test_diagnosis_text_names_what_forbids_to_start() -> None:
    seen = CASES["CA expired"].seen
    lines = report.diagnosis_text(seen, diagnose(seen))
    assert lines[-1] == "Nothing is changed while this stands: ca-expired"
    assert any(line.startswith("!! the CA itself is expired") for line in lines)


def test_show_writes_plain_text_where_no_terminal_is() -> None:
    out = io.StringIO()
    display.show(["!! a [b] c", "d"], out)
    assert out.getvalue() == "!! a [b] c\nd\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_show_on_a_terminal_keeps_the_words() -> None:
    out = Terminal()
    display.show(["!! a [b] c /etc/x " + "y" * 90, "d"], out)
    assert "a [b] c /etc/x " + "y" * 90 in out.getvalue()


@pytest.mark.parametrize("name", sorted(CASES))
def test_diagnosis_json_survives_json(name: str) -> None:
    seen = CASES[name].seen
    data = report_json.diagnosis_json(seen, diagnose(seen))
    assert json.loads(json.dumps(data)) == data
    assert data["schema"] == 1 and data["route"] == CASES[name].route


def test_diagnosis_json_gives_times_twice() -> None:
    seen = observations.expired()
    data = report_json.diagnosis_json(seen, diagnose(seen))
    first = data["observation"]["certificates"][0]
    assert (first["not_after"], first["not_after_utc"]) == (
        observations.END,
        "2023-01-10T12:00:00Z",
    )
    assert first["days_left"] == -41
    assert data["observation"]["moment"]["wall_utc"] == "2023-02-20T12:00:00Z"
    assert data["observation"]["rtc_utc"] == "2023-02-20T12:00:00Z"
    assert data["observation"]["failures"][0]["last_utc"] == "2023-02-20T12:00:00Z"
    assert data["window"]["moment_utc"] == "2023-01-09T12:00:00Z"
    assert data["observation"]["sync"]["units"][0]["name"] == "chronyd.service"
