# SPDX-License-Identifier: Apache-2.0
"""The two that must behave alike: a simulated program and the real one, behind the same port."""

from typing import Optional, Sequence, Tuple

from recovery import dialogue, host, local_host

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


class TestDriverHost(local_host.LocalHost):
    """Every virsh of this host speaks to libvirt's built-in test driver; it has one domain."""

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        return super().run(_test_driver(argv), input, timeout, ok, env)

    def interact(
        self, argv: Sequence[str], dialogue: dialogue.Dialogue, timeout: float = 60
    ) -> str:
        return super().interact(_test_driver(argv), dialogue, timeout)


def _test_driver(argv: Sequence[str]) -> Sequence[str]:
    if argv[0] != "virsh":
        return argv
    rest = argv[2:] if argv[1] == "-r" else argv[3:]
    return ["virsh", "-c", "test:///default"] + list(rest)
