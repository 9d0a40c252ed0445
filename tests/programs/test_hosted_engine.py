# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from recovery import errors
from recovery.programs import hosted_engine
from recovery.programs.hosted_engine import HostStatus
from tests.unit import nodes

ROW: Dict[str, Any] = {
    "host-id": 1,
    "host-ts": 4130,
    "score": 3400,
    "engine-status": {"vm": "up", "health": "good", "detail": "Up"},
    "hostname": "virt-host1.example.test",
    "maintenance": False,
    "stopped": False,
    "crc32": "d371fd08",
    "conf_on_shared_storage": True,
    "local_conf_timestamp": 4128,
    "extra": "metadata_parse_version=1\nmaintenance=False\n",
    "live-data": True,
}
TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib64/python3.6/runpy.py", line 193, in _run_module_as_main
json.decoder.JSONDecodeError: Invalid control character at: line 1 column 104 (char 103)
"""
DICT_REPR = "{'1': {'host-id': 1, 'live-data': True}, 'global_maintenance': False}\n"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def status(node: nodes.Node, **answer: Any) -> hosted_engine.Status:
    node.answers("hosted-engine", json.dumps(answer) + "\n")
    return hosted_engine.vm_status(node.host)


def test_vm_status_reads_every_host(node: nodes.Node) -> None:
    other = dict(ROW, hostname="virt-host2.example.test", maintenance=True)
    other.update({"host-id": 2, "live-data": False})
    seen = status(node, **{"1": ROW, "2": other, "global_maintenance": True})
    assert seen.global_maintenance
    assert seen.hosts == (
        HostStatus("1", "virt-host1.example.test", True, "up", "good", "Up", False),
        HostStatus("2", "virt-host2.example.test", False, "up", "good", "Up", True),
    )
    assert node.calls() == ["hosted-engine --vm-status --json"]


def test_vm_status_of_a_host_never_seen_is_empty(node: nodes.Node) -> None:
    row = {"engine-status": "unknown stale-data"}
    seen = status(node, **{"1": row, "global_maintenance": False})
    assert seen.hosts == (HostStatus("", "", False, "", "", "", False),)


@pytest.mark.parametrize(
    "text",
    ["", DICT_REPR, "[]", "7", "null", "{}", '{"1": {}}', "The hosted engine configuration has"],
    ids=["nothing", "dict repr", "list", "number", "null", "empty", "no flag", "words"],
)
def test_vm_status_that_is_no_json_of_ours_is_unexpected_output(
    node: nodes.Node, text: str
) -> None:
    node.answers("hosted-engine", text)
    with pytest.raises(errors.UnexpectedOutput):
        hosted_engine.vm_status(node.host)


def test_vm_status_with_the_broker_down_is_program_failed(node: nodes.Node) -> None:
    node.answers("hosted-engine", stderr=TRACEBACK, status=1)
    with pytest.raises(errors.ProgramFailed, match="Invalid control character"):
        hosted_engine.vm_status(node.host)


@pytest.mark.parametrize("mode", ["global", "local", "none"])
def test_set_maintenance_is_one_call(node: nodes.Node, mode: str) -> None:
    node.answers("hosted-engine")
    hosted_engine.set_maintenance(node.host, mode)
    assert node.calls() == ["hosted-engine --set-maintenance --mode=" + mode]


def test_vm_start_that_fails_is_program_failed(node: nodes.Node) -> None:
    node.answers("hosted-engine", "VM failed to launch\n", status=1)
    with pytest.raises(errors.ProgramFailed, match="VM failed to launch"):
        hosted_engine.vm_start(node.host)


def test_vm_start_waits_longer_than_two_refused_calls_to_vdsm() -> None:
    assert hosted_engine.VM_START_TIMEOUT > 2 * 60


def test_configuration_reads_pairs_and_skips_comments(node: nodes.Node) -> None:
    node.write(hosted_engine.CONF, "# fqdn=no\nfqdn=engine.example.test\n\ncmd=a=b\nhost_id = 1\n")
    seen = hosted_engine.configuration(node.host)
    assert seen == {"fqdn": "engine.example.test", "cmd": "a=b", "host_id": "1"}


def test_configuration_of_a_node_without_hosted_engine_is_file_missing(node: nodes.Node) -> None:
    with pytest.raises(errors.FileMissing):
        hosted_engine.configuration(node.host)


@pytest.mark.parametrize(
    "text, mode",
    [
        (None, None),
        ("", False),
        ("local_maintenance=True\n", True),
        ("local_maintenance=False\nlocal_maintenance_manual=True\n", False),
    ],
)
def test_local_maintenance_is_what_ha_conf_says(
    node: nodes.Node, text: Optional[str], mode: Optional[bool]
) -> None:
    if text is not None:
        node.write(hosted_engine.HA_CONF, text)
    assert hosted_engine.local_maintenance(node.host) is mode
