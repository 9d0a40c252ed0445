# SPDX-License-Identifier: Apache-2.0
"""virsh: the state of domains, asked in its own console (man virsh)."""

import re
from typing import Dict, List, Union

from recovery import dialogue, errors, host

AUTH_FILE = "/etc/ovirt-hosted-engine/virsh_auth.conf"
URI = "qemu:///system?authfile=%s" % AUTH_FILE
READ_ONLY = ["virsh", "-r"]
PROMPT = r"virsh [#>] $"
# Without the credentials virsh asks for them; what is typed next would be taken for a name.
QUESTIONS = (r"Please enter your authentication name: $", r"Please enter your password: $")
ASKED = "Please enter your "
STATES = (
    "no state",
    "running",
    "idle",
    "paused",
    "in shutdown",
    "shut off",
    "crashed",
    "pmsuspended",
)
ABSENT = "absent"
TIMEOUT = 45  # while libvirtd is being started by its socket, virsh waits for it


def connection(node: host.Host) -> List[str]:
    """Return the virsh command that may connect: with the node's credentials, else read-only."""
    return ["virsh", "-c", URI] if node.exists(AUTH_FILE) else READ_ONLY


def domain_state(node: host.Host, name: str) -> str:
    """Return the domain's state in virsh's own word, or "absent".

    Where the node's credentials let nobody in, it is read over the read-only socket.
    Raises: ProgramFailed (no connection), ProgramTimeout, UnexpectedOutput.
    """
    argv = connection(node)
    try:
        return _state(node, argv, name)
    except (errors.ProgramFailed, errors.UnexpectedOutput) as caught:
        if argv == READ_ONLY or not _refused(caught):
            raise
    return _state(node, READ_ONLY, name)


def _refused(caught: Union[errors.ProgramFailed, errors.UnexpectedOutput]) -> bool:
    """Tell whether virsh was not let in, or asked who we are."""
    if isinstance(caught, errors.UnexpectedOutput):
        return ASKED in caught.text
    return "authentication failed" in caught.stdout + caught.stderr


def _state(node: host.Host, argv: List[str], name: str) -> str:
    order = "domstate %s" % name
    shown = node.interact(argv, _ask(order), timeout=TIMEOUT)
    answer = _answer(argv, shown, order)
    if answer in STATES:
        return answer
    if "failed to get domain" in answer or "no domain with matching name" in answer:
        return ABSENT
    raise errors.UnexpectedOutput(argv, answer, "a state of %s" % name)


def _ask(order: str) -> dialogue.Dialogue:
    exchanges = (
        dialogue.Exchange(PROMPT, order),
        dialogue.Exchange(PROMPT, "quit"),
    )
    return dialogue.Dialogue(exchanges, QUESTIONS)


def _answer(argv: List[str], shown: str, order: str) -> str:
    """Return what stands between the echo of our order and the next prompt."""
    found = re.search(r"virsh [#>] %s\n(.*?)\nvirsh [#>] " % re.escape(order), shown, re.DOTALL)
    if not found:
        raise errors.UnexpectedOutput(argv, shown, "the answer to `%s`" % order)
    lines = [line for line in found.group(1).splitlines() if "connected" not in line]
    return "\n".join(line.strip() for line in lines).strip()


def domains(node: host.Host) -> Dict[str, str]:
    """Return name and state of every domain, over the read-only socket (needs no credentials).

    Raises: ProgramFailed (libvirtd cannot be reached), UnexpectedOutput (an unknown table).
    """
    argv = ["virsh", "-r", "list", "--all"]
    return parse_list(node.run(argv, timeout=TIMEOUT).stdout)


def parse_list(text: str) -> Dict[str, str]:
    """Parse the table of `virsh list --all`; both shapes, up to libvirt 4.5 and newer."""
    argv = ["virsh", "list", "--all"]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or lines[0].split() != ["Id", "Name", "State"] or set(lines[1]) != {"-"}:
        raise errors.UnexpectedOutput(argv, text, "a table with Id, Name and State")
    rows = {}
    for line in lines[2:]:
        cells = line.split(None, 2)
        if len(cells) != 3 or cells[2] not in STATES:
            raise errors.UnexpectedOutput(argv, line, "an id, a name and a state")
        rows[cells[1]] = cells[2]
    return rows
