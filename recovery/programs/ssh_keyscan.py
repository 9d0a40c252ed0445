# SPDX-License-Identifier: Apache-2.0
"""ssh-keyscan: does an SSH server answer, without logging in (man ssh-keyscan)."""

from typing import Tuple

from recovery import errors, host

RESOLVER = 60


def answers(node: host.Host, address: str, seconds: int = 5) -> bool:
    """Tell whether sshd at the address shows a host key. Raises: ProgramMissing."""
    return asked(node, address, seconds)[0]


def asked(node: host.Host, address: str, seconds: int = 5) -> Tuple[bool, str]:
    """Return whether sshd shows a host key, and what says that the name is not known, or "".

    Old releases end with 0 even when nothing answered, so the printed key decides. -T limits all
    but the resolver, which waits five to ten seconds for a name server that is silent, at each type
    of key anew (man resolv.conf); so long one has patience. Raises: ProgramMissing.
    """
    argv = ["ssh-keyscan", "-T", str(seconds), address]
    try:
        output = node.run(argv, timeout=seconds + RESOLVER, ok=range(256))
    except errors.ProgramTimeout as caught:
        return False, "ssh-keyscan %s: %s, as where no name server answers" % (
            address,
            caught.cause,
        )
    except errors.ProgramFailed:
        return False, ""
    lines = output.stdout.splitlines()
    shown = any(len(line.split()) >= 3 and not line.startswith("#") for line in lines)
    told = [line.strip() for line in output.stderr.splitlines() if line.startswith("getaddrinfo ")]
    return shown, "" if shown else "".join(told[:1])
