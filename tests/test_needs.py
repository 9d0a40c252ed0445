# SPDX-License-Identifier: Apache-2.0
"""What this machine lacks: a failure in CI where it can be installed, else a line at the end."""

import pytest

from tests import needs


def test_program_that_is_missing_fails_in_ci_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="the program nosuch is not installed"):
        needs.program("nosuch")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="the program nosuch is not installed"):
        needs.program("nosuch")
    assert needs.program("sh").endswith("/sh")


@pytest.mark.parametrize("ci", ["true", "false"])
def test_refusal_of_the_kernel_is_a_skip_that_the_end_of_the_run_names(
    ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(pytest.skip.Exception) as caught:
        needs.refused("no mounts here")
    reasons = ["Skipped: " + str(caught.value.msg)] * 2 + [
        "Skipped: this machine has no Python 2.7"
    ]
    assert needs.told(reasons) == ["NOT PROVED HERE: no mounts here (2 tests)"]
