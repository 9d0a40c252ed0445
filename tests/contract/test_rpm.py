# SPDX-License-Identifier: Apache-2.0
"""rpm: two packages of a node, in the simulated database and in a real one made for the test."""

from pathlib import Path
from typing import Any, Callable, Sequence

import pytest

from recovery import host, local_host
from recovery.programs import rpm
from simulators import base_files
from tests import overheard
from tests.contract import subjects
from tests.simulators import worlds

RELEASE = "el9"
NAMES = ("vdsm", "chrony")
SYSTEM = "/usr/bin:/bin"
SPEC = """\
Name: {0}
Version: {1}
Release: {2}
Summary: Stands for the node's own
License: Apache-2.0
%description
Nothing is in it.
%files
"""
COMMANDS = """\
rpm -q vdsm
rpm -q nosuch
rpm -q vdsm nosuch chrony neither
rpm -q --qf %{NAME} chrony vdsm
rpm -q --queryformat=%{name}\\t%{epoch}\\t%{ARCH}\\n vdsm
rpm -q --qf=%{EVR}|%{NEVRA}|\\n vdsm nosuch
rpm -q --qf
rpm -q
""".splitlines()


@pytest.fixture
def simulated(tmp_path: Path) -> host.Host:
    world = worlds.make(str(tmp_path / "w"), "bare", RELEASE).world
    with world.opened() as inside:
        inside.state["packages"] = {name: base_files.packages(RELEASE)[name] for name in NAMES}
    return local_host.LocalHost(world.root, world.programs)


@pytest.fixture
def real(real_programs: Callable[..., Path], tmp_path: Path) -> host.Host:
    """A host whose every rpm looks into that database, and not into this machine's."""
    programs, database = real_programs("rpm", "rpmbuild"), str(tmp_path / "db")

    def here(call: overheard.Call) -> Sequence[str]:
        to = ("rpm", "--dbpath", database)
        return to + call.argv[1:] if call.argv[0] == "rpm" else call.argv

    node = overheard.OverheardHost("/", "%s:%s" % (programs, SYSTEM), here)
    for name in NAMES:
        made = built(node, tmp_path, name)
        # No plugin: one of them tells logind that somebody installs.
        node.run(["rpm", "-i", "--justdb", "--nodeps", "--noplugins", made])
    return node


def built(node: host.Host, folder: Path, name: str) -> str:
    """The path of an empty package of that name, in the version that the simulated node has."""
    version, _, release = base_files.packages(RELEASE)[name].partition("-")
    (folder / "p.spec").write_text(SPEC.format(name, version, release))
    words = ["rpmbuild", "-bb", "--target", "x86_64", str(folder / "p.spec")]
    own = {"_topdir": folder, "_tmppath": folder, "_rpmfilename": "%%{NAME}.rpm"}
    for macro, value in own.items():
        words += ["--define", "%s %s" % (macro, value)]
    node.run(words)
    return str(folder / "RPMS" / (name + ".rpm"))


@pytest.fixture(params=subjects.BOTH)
def subject(request: Any) -> host.Host:
    found: host.Host = request.getfixturevalue(request.param)
    return found


def test_versions_of_what_is_installed_and_nothing_of_what_is_not(subject: host.Host) -> None:
    found = rpm.versions(subject, ["vdsm", "nosuch", "chrony", "openssl"])
    assert found == [("vdsm", "4.50.3.4-1.el9"), ("chrony", "4.3-1.el9")]
    assert rpm.versions(subject, ["nosuch"]) == []


def test_same_answers(simulated: host.Host, real: host.Host) -> None:
    for command in COMMANDS:
        told = [subjects.texts(subjects.run(one, *command.split())) for one in (simulated, real)]
        assert told[0] == told[1], command
