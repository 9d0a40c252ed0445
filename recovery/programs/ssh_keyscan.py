# SPDX-License-Identifier: Apache-2.0
"""ssh-keyscan: does an SSH server answer, without logging in (man ssh-keyscan)."""

from recovery import errors, host


def answers(node: host.Host, address: str, seconds: int = 5) -> bool:
    """Tell whether sshd at the address shows a host key. Raises: ProgramMissing.

    Old releases end with 0 even when nothing answered, so the printed key decides.
    """
    argv = ["ssh-keyscan", "-T", str(seconds), address]
    try:
        output = node.run(argv, timeout=seconds + 10, ok=range(256))
    except (errors.ProgramTimeout, errors.ProgramFailed):
        return False
    lines = output.stdout.splitlines()
    return any(len(line.split()) >= 3 and not line.startswith("#") for line in lines)
