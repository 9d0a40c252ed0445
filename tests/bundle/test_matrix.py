# SPDX-License-Identifier: Apache-2.0
"""The very same file on every Python of a node: version, diagnosis, a whole rehearsal."""

from pathlib import Path
from typing import Any

import pytest

from bundle import contents
from tests import matrix
from tests.bundle import conftest

NEWER = ("3.9", "3.10", "3.11", "3.12", "3.13")


@pytest.mark.slow
@pytest.mark.parametrize("minor", conftest.PYTHONS)
def test_archive_recovers_a_rehearsed_node_with_the_newest_cryptography_there_is(
    start: Any, minor: str, tmp_path: Path
) -> None:
    done = start("--version", python=minor)
    assert (done.status, done.out) == (0, "ovirt-cert-recovery %s\n" % contents.version()), done
    done = start("rehearse", "node-expired", python=minor)
    assert done.status == 0, done.out + done.err
    assert "Recovered." in done.out and "vdsm certificate: valid" in done.out
    assert "Route: rewind" in done.out and "plain Python" not in done.out
    assert done.err == ""
    done = start("rehearse", "node-expired", "--command", "diagnose", python=minor)
    assert "Route: rewind, set the clock back" in done.out and "has expired (" in done.out
    listed = " ".join(start("version", "--verbose", python=minor).out.split())
    assert "compiled parts: unpacked in %s" % tmp_path in listed
    used = "50.0.2" if minor in NEWER else "40.0.2"
    assert "* cryptography %s with OpenSSL" % used in listed
    for note in contents.KNOWN.values():
        assert note in listed


SAYS = {
    "engine-up": "Route: sign",
    "offline-backup": "Route: offline-ca",
    "interim": "put a temporary certificate and its CA in place",
    "near-expiry": "Route: renew",
}


@pytest.mark.slow
@pytest.mark.parametrize("minor", [one for one in conftest.PYTHONS if one not in matrix.PYTHONS])
@pytest.mark.parametrize("scenario", sorted(SAYS))
def test_archive_goes_every_route_where_the_suite_does_not_run(
    start: Any, minor: str, scenario: str
) -> None:
    done = start("rehearse", scenario, python=minor)
    assert done.status == 0, done.out + done.err
    assert SAYS[scenario] in done.out and done.err == ""


@pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix"])
def test_head_is_read_by_the_shell_of_each_system(
    start: Any, archive: Path, real_program: Any, shell: str
) -> None:
    """sh is bash on EL and dash on Debian."""
    name, _, option = shell.partition(" ")
    env = {"PATH": conftest.SYSTEM + ":" + str(Path(conftest.python("3.12")).parent)}
    words = [real_program(name)] + option.split() + [str(archive), "--version"]
    done = conftest.run(words, env)
    assert (done.status, done.out) == (0, "ovirt-cert-recovery %s\n" % contents.version()), done
    nowhere = conftest.run(words, {"PATH": str(archive.parent)})
    assert nowhere.status != 0 and "Python 3.6 or newer" in nowhere.err, nowhere


@pytest.mark.parametrize("minor", ["3.6", "3.12"])
def test_archive_colours_a_terminal(archive: Path, tmp_path: Path, node: Any, minor: str) -> None:
    """rich is there for each Python, though pygments, which it names, is not."""
    import pexpect

    words = [str(archive)] + node[: node.index("recover")] + ["diagnose"]
    env = {"PATH": conftest.SYSTEM, "TERM": "xterm", "SHIV_ROOT": str(tmp_path / "unpacked")}
    child = pexpect.spawn(conftest.python(minor), words, env=env, timeout=120)
    shown = child.read().decode("utf-8", "replace")
    child.close()
    assert child.exitstatus == 0, shown
    assert "\x1b[1;32mRoute: rewind" in shown


def test_python_2_says_what_is_needed(start: Any) -> None:
    done = start("--version", python="2.7")
    assert done.status == 4
    assert "cannot start ovirt-cert-recovery: it needs Python 3.6 or newer, this is 2.7" in done.err
    assert "Traceback" not in done.err
