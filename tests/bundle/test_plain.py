# SPDX-License-Identifier: Apache-2.0
"""Where no compiled part can be loaded: everything goes on, in plain Python and with openssl."""

from pathlib import Path
from typing import Any, List

import pytest

from tests import needs
from tests.bundle import conftest

NOWHERE = "/proc/nowhere"


@pytest.mark.slow
def test_node_is_recovered_and_put_back_without_compiled_parts(start: Any, node: List[str]) -> None:
    base = node[: node.index("recover")]
    given = {"SHIV_ROOT": NOWHERE, "python": "3.6"}
    diagnosed(start(*(base + ["diagnose"]), **given))
    # engine-setup is a point of no return: without it everything can be put back.
    done = start(*(node + ["--no-engine-setup"]), **given)
    assert done.status == 0 and "Recovered." in done.out, done
    assert "plain Python" in " ".join(done.out.split())
    put_back(start, base, given)


def diagnosed(done: conftest.Done) -> None:
    assert done.status == 0 and "Route: rewind" in done.out, done
    assert "certificates are read in plain Python" in " ".join(done.out.split())
    assert NOWHERE in done.out


def put_back(start: Any, base: List[str], given: Any) -> None:
    assert "finished" in start(*(base + ["status"]), **given).out
    done = start(*(base + ["undo", "--yes"]), **given)
    assert done.status == 0 and "undone" in done.out, done


def test_run_that_was_cut_off_is_resumed_and_put_back_without_compiled_parts(
    start: Any, node: List[str]
) -> None:
    """Begun with them, cut off where the engine does not answer, gone on with without them."""
    base, programs = node[: node.index("recover")], Path(node[3])
    given = {"SHIV_ROOT": NOWHERE, "python": "3.12"}
    (programs / "ssh").rename(programs / "ssh.away")
    done = start(*(node + ["--no-engine-setup"]))
    assert done.status in (4, 5), done
    (programs / "ssh.away").rename(programs / "ssh")
    again = ["resume" if word == "recover" else word for word in node]
    done = start(*again, **given)
    assert done.status == 0 and "Recovered." in done.out, done
    put_back(start, base, given)


def test_other_machine_has_no_compiled_parts(start: Any, tmp_path: Path) -> None:
    """setarch tells programs that this is another architecture: a rescue system's, say."""
    other = needs.program("setarch") + " i686"
    tried = conftest.run(other.split() + ["/bin/true"])
    if tried.status != 0:
        needs.refused("no other architecture here: " + tried.err.strip())
    done = start("version", "--verbose", before=other)
    assert "compiled parts: cannot be loaded here" in done.out


def test_rehearsal_says_that_it_needs_compiled_parts(start: Any) -> None:
    done = start("rehearse", "node-expired", SHIV_ROOT=NOWHERE)
    assert done.status == 4
    assert "cannot rehearse: the cryptography library cannot be loaded" in done.err
    assert conftest.PYTHONS and "next: SHIV_ROOT=DIR" in done.err


@pytest.mark.parametrize("minor", ["3.6", "3.12"])
def test_disk_of_a_dead_node_is_diagnosed_from_a_rescue_system(
    start: Any, node: List[str], minor: str
) -> None:
    """No program of the node runs, and nothing may be written."""
    root = node[node.index("--root") + 1]
    done = start("--root", root, "diagnose", python=minor, SHIV_ROOT=NOWHERE)
    assert done.status == 0, done
    assert "files below %s only" % root in done.out
    assert "/etc/pki/vdsm/certs/vdsmcert.pem" in done.out and "expired" in done.out
