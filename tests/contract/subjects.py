# SPDX-License-Identifier: Apache-2.0
"""The two that must behave alike: a simulated program and the real one, behind the same port."""

from typing import Optional, Sequence, Tuple

from recovery import host
from tests import overheard

SIMULATED = "simulated"
REAL = "real"
BOTH = (SIMULATED, REAL)
ANY_STATUS = range(256)


def run(
    node: host.Host, *words: str, data: Optional[bytes] = None, env: host.Pairs = ()
) -> host.Output:
    """Run a program that may fail."""
    return node.run(words, input=data, ok=ANY_STATUS, env=env)


def texts(output: host.Output) -> Tuple[str, str, int]:
    return output.stdout, output.stderr, output.status


def with_test_driver(programs: str) -> host.Host:
    """Return a host whose every virsh speaks to libvirt's test driver; it has one domain."""
    return overheard.OverheardHost("/", programs, _for_test_driver)


def _for_test_driver(call: overheard.Call) -> Sequence[str]:
    if call.argv[:1] != ("virsh",):
        return call.argv
    rest = call.argv[2:] if call.argv[1] == "-r" else call.argv[3:]
    return ("virsh", "-c", "test:///default") + rest
