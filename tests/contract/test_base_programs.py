# SPDX-License-Identifier: Apache-2.0
"""date, sleep, df, env, ssh-keygen and the small file programs: real and simulated, same words."""

import re
from pathlib import Path
from typing import Any, Callable, List

import pytest

from recovery import errors, host, local_host
from recovery.programs import date, df, ssh
from tests.contract import subjects
from tests.simulators import worlds

# Keys made for this test; a public key is no secret.
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICmzyg53nC0VaKdl9MbVaRMwSFgBAbCwBdFMxUvHkDzE"
KNOWN = "virt-he.example.test " + ED25519 + "\n"
PROGRAMS = "date sleep df env ssh-keygen hostname uname id cat cp ls mkdir rm test true".split()


@pytest.fixture
def simulated(tmp_path: Path) -> host.Host:
    world = worlds.make(str(tmp_path / "w"), "bare", "el9").world
    return local_host.LocalHost(world.root, world.programs)


@pytest.fixture
def real(real_programs: Callable[..., Path]) -> host.Host:
    return local_host.LocalHost("/", str(real_programs(*PROGRAMS)))


@pytest.fixture(params=subjects.BOTH)
def subject(request: Any) -> host.Host:
    found: host.Host = request.getfixturevalue(request.param)
    return found


COMMANDS = """\
date -d @0 +%Y
date -u -d @1676894400
date -d @1676894400.25 +%s.%N
date -u -R -d @0
date -u -I -d @0
date -u --iso-8601 -d @0
date -u -Iseconds -d @0
date -u +%F-%T -d 2023-02-20
date -d garbage
date -d @1676894400 +%:z_%Z_%%
sleep x
sleep
sleep 0 0.01s
df -Pk /nonexistent
env TZ=UTC date -d @0
env -i TZ=UTC date -d @0
env nosuch
cat /nonexistent
cat
ls /nonexistent
ls -d /etc
mkdir /etc
mkdir /nonexistent/a/b
rm /nonexistent
rm -f /nonexistent
rm /etc
cp /nonexistent /tmp/x
test -e /etc
test -e /nonexistent
test -f /etc
true
id -u
uname
uname -s
ssh-keygen -lf /nonexistent
""".splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_same_answer(simulated: host.Host, real: host.Host, command: str) -> None:
    words = command.split(" ")
    zone = (("TZ", "UTC"),)
    answers = []
    for one in (simulated, real):
        out, err, status = subjects.texts(subjects.run(one, *words, env=zone))
        # The guard starts the real date by its path, which date then calls itself.
        answers.append((out, re.sub(r"^/(usr/)?bin/date: ", "date: ", err), status))
    assert answers[0] == answers[1]


def test_clock_is_read(subject: host.Host) -> None:
    output = subjects.run(subject, "date", "+%s.%N")
    assert re.match(r"\d{10}\.\d{9}\n$", output.stdout) and output.status == 0
    moments = [subject.now()]
    for _ in range(3):
        subject.sleep(0.2)
        moments.append(subject.now())
    gaps = [
        (after.wall - before.wall, after.boottime - before.boottime)
        for before, after in zip(moments, moments[1:])
    ]
    # /proc/uptime counts hundredths. On a busy machine a reading can take long: the best counts.
    assert all(0.18 <= uptime < 30 for _, uptime in gaps), gaps
    assert min(abs(wall - uptime) for wall, uptime in gaps) < 0.5, gaps
    assert len({moment.boot_id for moment in moments}) == 1 and len(moments[0].boot_id) == 36
    assert re.match(r"2023-02-20 \d\d:00:00$", date.local(subject, 1676894400))


def test_free_space(subject: host.Host) -> None:
    found = df.free(subject, ["/", "/etc"])
    assert [path for path, _ in found] == ["/", "/etc"]
    assert all(free > 0 and free % 1024 == 0 for _, free in found)
    with pytest.raises(errors.ProgramFailed):
        df.free(subject, ["/", "/nonexistent"])
    head = subjects.run(subject, "df", "-Pk", "/").stdout.splitlines()[0]
    assert head.split() == "Filesystem 1024-blocks Used Available Capacity Mounted on".split()


def test_fingerprints(subject: host.Host) -> None:
    found = ssh.fingerprints(subject, ("# comment\n" + KNOWN).encode())
    assert len(found) == 1 and re.match(r"SHA256:[A-Za-z0-9+/]{43}$", found[0])


@pytest.mark.parametrize("text", [KNOWN, ED25519 + " me\n", ED25519 + "\n", "no key\n", ""])
def test_same_fingerprint(simulated: host.Host, real: host.Host, text: str) -> None:
    answers = [
        subjects.texts(subjects.run(one, "ssh-keygen", "-l", "-f", "-", data=text.encode()))
        for one in (simulated, real)
    ]
    assert answers[0] == answers[1]


def test_same_fingerprint_of_a_file(simulated: host.Host, real: host.Host, tmp_path: Path) -> None:
    key = (ED25519 + " me@there\n").encode()
    (tmp_path / "key.pub").write_bytes(key)
    simulated.replace("/tmp/key.pub", key)
    paths: List[Any] = [(simulated, "/tmp/key.pub"), (real, str(tmp_path / "key.pub"))]
    answers = [subjects.texts(subjects.run(one, "ssh-keygen", "-lf", path)) for one, path in paths]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("words", [["hostname"], ["hostname", "-s"], ["uname", "-r"]])
def test_names_are_one_line(subject: host.Host, words: List[str]) -> None:
    output = subjects.run(subject, *words)
    assert re.match(r"[\w.-]+\n$", output.stdout) and output.status == 0
