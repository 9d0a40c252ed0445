# SPDX-License-Identifier: Apache-2.0
"""The tool's own overhead in a rewind: against its command sequence as a bare shell script."""

import shlex
from typing import List

import pexpect

from recovery.programs import ssh
from tests import overheard
from tests.benchmarks import measure, recording, worlds

LONGEST = 900  # seconds a script may take


def overhead(runs: int, bench: worlds.Bench, folder: str) -> List[measure.Result]:
    bench.renew()
    status, calls = recording.record(bench.recover)
    if status != 0:
        raise RuntimeError("the recovery to be measured ended with %d" % status)
    looks = [call for call in calls if call.argv[:2] != ("date", "+%s.%N")]

    def subject() -> float:
        bench.renew()
        return measure.timed(lambda: _check(worlds.tool(bench.recover).returncode))

    results = []
    for name, kept in (
        ("its %d commands" % len(calls), calls),
        ("the %d besides `date`" % len(looks), looks),
    ):
        script = write(folder + "/replay%d.sh" % len(kept), kept, bench)

        def replay(script: str = script) -> float:
            bench.renew()
            return measure.timed(lambda: _play(script, bench))

        results.append(
            measure.alternate(
                "rewind", name, "ratio < 1.10" if kept is calls else "", runs, subject, replay
            )
        )
    return results


def _check(status: int) -> None:
    if status != 0:
        raise RuntimeError("the tool ended with %d" % status)


def write(path: str, calls: List[overheard.Call], bench: worlds.Bench) -> str:
    """Write the calls as a script, each with what it read; output goes nowhere."""
    lines = ["cd /"]
    for number, call in enumerate(calls):
        data = path + ".%d" % number
        given = call.data
        if call.terminal and call.argv[0] == "virsh":
            given = "".join(text + "\n" for text in call.typed).encode()
        if given is not None:
            with open(data, "wb") as target:
                target.write(given)
        lines.append(_line(call, data if given is not None else "/dev/null", bench))
    with open(path, "w") as script:
        script.write("\n".join(lines) + "\n")
    return path


def _line(call: overheard.Call, data: str, bench: worlds.Bench) -> str:
    if not call.argv:
        # The certificates put in place belong to the sequence; into the file, its owner stays.
        return 'while read -r line; do echo "$line"; done < %s > %s' % (
            shlex.quote(data),
            shlex.quote(bench.world.root + call.path),
        )
    words = ["%s=%s" % pair for pair in call.env] + list(call.argv)
    asks = call.terminal and call.argv[0] == "ssh"
    source = "" if asks else " < " + shlex.quote(data)
    return (
        " ".join(
            shlex.quote(word) if "=" not in word or " " in word or ";" in word else word
            for word in words
        )
        + source
        + " > /dev/null"
        + ("" if asks else " 2>&1")
    )


def _play(script: str, bench: worlds.Bench) -> None:
    """Run the script on a terminal, since ssh asks for the password there."""
    with open(bench.world.password_file) as source:
        password = source.read().strip()
    environment = dict(bench.environment())
    child = pexpect.spawn("/bin/sh", [script], env=environment, timeout=LONGEST)
    child.delaybeforesend = None
    while child.expect([ssh.PASSWORD, pexpect.EOF]) == 0:
        child.sendline(password)
    child.close()
