# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors
from recovery.programs import virsh
from tests.unit import nodes, samples

# What libvirt up to 4.5 (EL7) prints: "%-5s %-30s %s".
OLD = """ Id    Name                           State
----------------------------------------------------
 3     HostedEngine                   running
 -     other.vm-1                     shut off

"""
NEW = samples.read("virsh", "list-all").stdout
SHUT_OFF = samples.read("virsh", "define-list-shut-off").stdout.split("\n\n", 1)[1]
# Codes as recorded in samples/debian12/virsh/terminal.txt.
CONSOLE = r"""#!/bin/sh
echo "virsh $*" >> "${0%/*}/../calls"
printf 'Welcome to virsh, the virtualization interactive terminal.\r\n\r\n'
[ -n "$ASKING" ] && printf 'Please enter your authentication name: ' && read name
while printf '\033[?2004hvirsh $ '; read line; do
    printf '\033[?2004l\r'
    case $line in
    quit) printf '\r\r\n'; exit 0 ;;
    *) ANSWER ;;
    esac
done
"""

GONE = "error: failed to get domain \\047HostedEngine\\047"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write(virsh.AUTH_FILE, "[credentials-vdsm]\n")
    return node


def console(node: nodes.Node, answer: str, sign: str = "#") -> None:
    text = CONSOLE.replace("ANSWER", answer).replace("virsh $ ", "virsh %s " % sign)
    node.script("virsh", text)


@pytest.mark.parametrize(
    "table, rows",
    [
        (NEW, {"HostedEngine": "running"}),
        (SHUT_OFF, {"HostedEngine": "shut off"}),
        (OLD, {"HostedEngine": "running", "other.vm-1": "shut off"}),
        (" Id   Name   State\n--------------------\n\n", {}),
        (
            OLD.replace("shut off", "in shutdown"),
            {"HostedEngine": "running", "other.vm-1": "in shutdown"},
        ),
    ],
    ids=["new", "new, shut off", "old", "empty", "two words"],
)
def test_parse_list_knows_both_shapes(table: str, rows: "dict[str, str]") -> None:
    assert virsh.parse_list(table) == rows


@pytest.mark.parametrize(
    "table",
    [
        "",
        "HostedEngine\n",
        NEW.replace("State", "Status"),
        NEW.replace("State", "State   Title"),
        NEW.replace("-----", "====="),
        NEW.replace("running", "hibernating"),
        NEW.replace("   running", ""),
        NEW.replace("HostedEngine", "Hosted Engine"),
        "\n".join(reversed(NEW.splitlines())),
    ],
)
def test_parse_list_of_an_unknown_table_is_unexpected_output(table: str) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        virsh.parse_list(table)


def test_domains_need_no_credentials(node: nodes.Node) -> None:
    node.answers("virsh", NEW)
    assert virsh.domains(node.host) == {"HostedEngine": "running"}
    assert node.calls() == ["virsh -r list --all"]


def test_domains_of_a_libvirtd_that_is_down_is_program_failed(node: nodes.Node) -> None:
    said = samples.read("virsh", "failed-ro-socket")
    node.answers("virsh", *said)
    with pytest.raises(errors.ProgramFailed, match="Failed to connect socket"):
        virsh.domains(node.host)


@pytest.mark.parametrize("state", virsh.STATES)
def test_domain_state_is_virsh_s_own_word(node: nodes.Node, state: str) -> None:
    console(node, r"printf '%s\n\n'" % state)
    assert virsh.domain_state(node.host, "HostedEngine") == state
    assert node.calls("virsh") == ["virsh -c %s" % virsh.URI]


def test_domain_state_without_credentials_reads_only(node: nodes.Node) -> None:
    node.place(virsh.AUTH_FILE).unlink()
    console(node, r"printf 'running\n\n'", sign=">")
    assert virsh.domain_state(node.host, "HostedEngine") == "running"
    assert node.calls("virsh") == ["virsh -r"]


@pytest.mark.parametrize(
    "text",
    [
        GONE,
        GONE + "\\nerror: Domain not found: no domain with matching name \\047HostedEngine\\047",
    ],
)
def test_domain_state_of_an_unknown_domain_is_absent(node: nodes.Node, text: str) -> None:
    console(node, r"printf '%s\n\n'" % text)
    assert virsh.domain_state(node.host, "HostedEngine") == virsh.ABSENT


def test_domain_state_after_a_reconnection_is_read_all_the_same(node: nodes.Node) -> None:
    text = "error: Reconnected to the hypervisor\\nrunning"
    console(node, r"printf '%s\n\n'" % text)
    assert virsh.domain_state(node.host, "HostedEngine") == "running"


@pytest.mark.parametrize("text", ["", "hibernating", "error: Timed out during operation"])
def test_domain_state_in_unknown_words_is_unexpected_output(node: nodes.Node, text: str) -> None:
    console(node, r"printf '%s\n\n'" % text)
    with pytest.raises(errors.UnexpectedOutput):
        virsh.domain_state(node.host, "HostedEngine")


def test_domain_state_where_virsh_asks_for_a_name_types_nothing(node: nodes.Node) -> None:
    node.script("virsh", CONSOLE.replace('[ -n "$ASKING" ] &&', ""))
    with pytest.raises(errors.UnexpectedOutput, match="authentication name"):
        virsh.domain_state(node.host, "HostedEngine")


REFUSED = r"printf 'error: failed to connect to the hypervisor\n%s\n'; exit 1"
WRONG = "error: authentication failed: authentication failed"


@pytest.mark.parametrize(
    "login",
    ["printf 'Please enter your authentication name: '; read name", REFUSED % WRONG],
    ids=["asked for", "refused"],
)
def test_domain_state_with_credentials_that_let_nobody_in_reads_only(
    node: nodes.Node, login: str
) -> None:
    text = CONSOLE.replace("ANSWER", r"printf 'running\n\n'").replace("virsh $ ", "virsh > ")
    node.script("virsh", text.replace('[ -n "$ASKING" ]', '[ "$1" = -r ] || { %s; } #' % login))
    assert virsh.domain_state(node.host, "HostedEngine") == "running"
    assert node.calls("virsh") == ["virsh -c %s" % virsh.URI, "virsh -r"]


def test_domain_state_of_a_libvirtd_that_is_down_is_asked_once(node: nodes.Node) -> None:
    node.answers("virsh", *samples.read("virsh", "failed-connect-first"))
    with pytest.raises(errors.ProgramFailed):
        virsh.domain_state(node.host, "HostedEngine")
    assert node.calls("virsh") == ["virsh -c %s" % virsh.URI]


def test_domain_state_where_virsh_cannot_connect_is_program_failed(node: nodes.Node) -> None:
    node.answers("virsh", *samples.read("virsh", "failed-connect-first"))
    with pytest.raises(errors.ProgramFailed, match="failed to connect to the hypervisor"):
        virsh.domain_state(node.host, "HostedEngine")


def test_domain_state_of_a_virsh_that_hangs_is_program_timeout(node: nodes.Node) -> None:
    console(node, "exec /bin/sleep 60")
    with pytest.raises(errors.ProgramTimeout):
        virsh.domain_state(node.host, "HostedEngine")
    assert node.host.now().boottime > nodes.UPTIME + virsh.TIMEOUT
