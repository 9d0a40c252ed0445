# SPDX-License-Identifier: Apache-2.0
"""An engine whose API answers badly: one clear error each, no host left in the lurch."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import pytest

from simulators import der, engine_vm, keys, pki, stories
from simulators.engine_api import hosts
from tests.procedures import accounts, watched

WEB = "/etc/pki/ovirt-engine/certs/apache.cer"
KEY = "/etc/pki/ovirt-engine/keys/apache.key.nopass"
APACHE_CA = "/etc/pki/ovirt-engine/apache-ca.pem"
UP = ["up", "up"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Tuple[watched.Node, str]:
    """One world for all, and the place where it is kept as it was."""
    folder = tmp_path_factory.mktemp("api")
    node = watched.Node(str(folder / "world"), "near-expiry", "el9")
    node.save(str(folder / "kept"))
    return node, str(folder / "kept")


@pytest.fixture
def node(saved: Tuple[watched.Node, str]) -> watched.Node:
    saved[0].put_back(saved[1])
    return saved[0]


def break_api(node: watched.Node, **fault: Any) -> None:
    with node.world.opened() as world:
        world.state["api"]["faults"] = [fault]


NODES = ("--no-engine-setup",)  # nothing is asked of the engine's own certificates


def begun(
    node: watched.Node, words: Sequence[str] = NODES, point: Optional[watched.Point] = None
) -> watched.Ended:
    password = ("--api-password-file", node.world.directory + "/api-password")
    return node.tool("recover", "--yes", *password, *words, point=point)


def mend(node: watched.Node) -> None:
    with node.world.opened() as world:
        world.state["api"]["faults"] = []


def text(ended: watched.Ended) -> str:
    return " ".join(ended.output.split())


class Answer(NamedTuple):
    """How the API answers at one place, and what the tool has to make of it."""

    fault: Dict[str, Any]
    status: int
    says: Tuple[str, ...]


HOST = "/ovirt-engine/api/hosts"
DEACTIVATE = {"path": "/deactivate", "count": 0}
ANSWERS = {
    "401 to the login's token": Answer(
        {"path": "/ovirt-engine/api", "kind": "401", "count": 0},
        4,
        ("the engine takes no token, though it has just given one", "engine-setup --offline"),
    ),
    "404 for the API itself": Answer(
        {"path": "/ovirt-engine/api", "kind": "404", "detail": "gone", "count": 0},
        5,
        ("cannot ask the engine for /api: the engine does not know it (404)",),
    ),
    "500 for the hosts": Answer(
        {"path": HOST, "kind": "500", "count": 0},
        5,
        ("the engine answers with status 500", "Internal Engine Error", "engine.log"),
    ),
    "503 for everything": Answer(
        {"path": "/ovirt-engine/api", "kind": "503", "count": 0},
        5,
        ("the engine answers with status 503", "; again in 10 s"),
    ),
    "garbage for the hosts": Answer(
        {"path": HOST, "kind": "garbage", "count": 0},
        5,
        ("cannot understand the output of `curl ", "expected a JSON object", "It works!"),
    ),
    "garbage for the token": Answer(
        {"path": "/sso/oauth/token", "kind": "garbage", "count": 0},
        5,
        ("cannot understand the output of `curl ", "expected a JSON object"),
    ),
    "409 to the maintenance": Answer(
        dict(DEACTIVATE, kind="409", detail="[Host has asynchronous running tasks.]"),
        5,
        (
            "cannot take virt-host1 into maintenance: Host has asynchronous running tasks.",
            "recover --route sign",
        ),
    ),
    "404 to the maintenance": Answer(
        dict(DEACTIVATE, kind="404", detail="[No such host]"),
        5,
        (
            "cannot take virt-host1 into maintenance: the engine does not know it (404)",
            "No such host",
        ),
    ),
    "500 to the enrollment": Answer(
        {"path": "/enrollcertificate", "kind": "500", "count": 0},
        5,
        ("cannot enroll virt-host1: the engine answers with status 500",),
    ),
}


@pytest.mark.parametrize("case", sorted(ANSWERS))
def test_answer_that_is_bad_is_one_clear_error_and_undo_leaves_the_host_up(
    case: str, node: watched.Node
) -> None:
    answer = ANSWERS[case]
    break_api(node, **answer.fault)
    ended = begun(node)
    assert ended.status == answer.status, ended.output[-2000:]
    for words in answer.says:
        assert words in text(ended), ended.output[-2000:]
    assert "Traceback" not in ended.output
    mend(node)
    assert node.undo().status == 0
    assert accounts.host_states(node.world) == UP
    assert accounts.changed(node.world) == []


LOST = (
    ("/deactivate", "lost"),
    ("/deactivate", "silent"),
    ("/enrollcertificate", "lost"),
    ("/enrollcertificate", "silent"),
    ("/activate", "lost"),
    (HOST + "?", "silent"),
)


@pytest.mark.parametrize("path, kind", LOST)
def test_answer_lost_on_its_way_does_not_stop_the_run(
    path: str, kind: str, node: watched.Node
) -> None:
    break_api(node, path=path, kind=kind, nth=4 if path.endswith("?") else 1)
    ended = begun(node)
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.host_states(node.world) == UP
    assert accounts.changed(node.world) == accounts.ENROLLED["el9"]
    with node.world.opened() as world:
        assert hosts.every(world)[0]["enrolled"] == 1


def test_engine_that_is_gone_half_way_is_waited_for_then_told(node: watched.Node) -> None:
    def gone(number: int, side: str, what: str) -> None:
        if side == "after" and what.endswith("/deactivate"):
            services(node, False)

    ended = begun(node, point=gone)
    assert ended.status == 5
    assert "Failed to connect to virt-he.example.test port 443: Connection refused" in text(ended)
    assert "cannot wait any longer for virt-host1.example.test" in text(ended)
    services(node, True)
    ended = node.resume()
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.host_states(node.world) == UP


def services(node: watched.Node, on: bool) -> None:
    with node.world.opened() as world:
        world.state["vm"]["services"]["httpd"] = on


def test_wrong_password_changes_nothing_and_a_right_one_goes_on(
    node: watched.Node, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    ended = node.tool("recover", "--yes", "--no-engine-setup", "--api-password-file", str(wrong))
    assert ended.status == 4
    assert (
        "cannot log in to the engine as admin@internal: Cannot authenticate user "
        "'admin@internal': Unable to log in. Verify your login information" in text(ended)
    )
    assert "--api-password-file" in text(ended)
    assert accounts.host_states(node.world) == UP and accounts.changed(node.world) == []
    assert node.resume().status == 0


def test_password_that_nobody_gives_is_a_usage_error(node: watched.Node) -> None:
    ended = node.tool("recover", "--yes", "--no-engine-setup")
    assert ended.status == 2
    assert "nobody gave the password" in text(ended) and "--api-password-file" in text(ended)
    assert accounts.effects(node.world) == []


def test_host_that_the_engine_does_not_know_is_told_with_those_it_knows(
    node: watched.Node,
) -> None:
    ended = begun(node, NODES + ("--route", "renew", "--node", "virt-host7"))
    assert ended.status == 5
    unknown = "cannot find the host virt-host7: the engine knows: virt-host1, virt-host2"
    assert unknown in text(ended)
    assert rehearsed_nothing(node)


def rehearsed_nothing(node: watched.Node) -> bool:
    began = os.path.exists(node.world.root + accounts.STATE)
    return accounts.changed(node.world) == [] and not began


def expired(node: watched.Node) -> None:
    serve(node, "ca", pki.Dates(stories.TRUE - 400 * stories.DAY, stories.TRUE - stories.DAY))


def of_another_ca(node: watched.Node) -> None:
    serve(node, "other-ca", pki.Dates(stories.TRUE - stories.DAY, stories.TRUE + stories.DAY))


def serve(node: watched.Node, key: str, dates: pki.Dates) -> None:
    """Give httpd another certificate, signed by the CA's key or by another one."""
    years = pki.Dates(stories.TRUE - 1000 * stories.DAY, stories.TRUE + 1000 * stories.DAY)
    name = (("C", "US"), ("O", "example.test"), ("CN", "virt-he.example.test.56789"))
    authority = pki.Authority(pki.Register(), key, name, years, "virt-he.example.test")
    subject = (("CN", "virt-he.example.test"),)
    issued = authority.issue("engine", subject, dates, "virt-he.example.test")
    Path(node.world.engine + WEB).write_bytes(issued.pem)
    Path(node.world.engine + KEY).write_bytes(keys.pem("engine"))
    for path in (node.world.engine + APACHE_CA, node.world.root + "/tmp/web-ca.pem"):
        Path(path).parent.mkdir(exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        Path(path).write_bytes(authority.pem)
    with node.world.opened() as world:
        engine_vm.switch(world, "httpd", True)


def switched_off(node: watched.Node) -> None:
    services(node, False)


WEBS: List[Tuple[Callable[[watched.Node], None], str, str]] = [
    (of_another_ca, "engine-web-untrusted", "recover --api-ca FILE"),
    (switched_off, "engine-web-unreachable", "wait until it is up"),
]


@pytest.mark.parametrize("spoil, finding, advice", WEBS)
def test_web_side_that_cannot_be_used_is_a_finding_before_anything_begins(
    spoil: Callable[[watched.Node], None], finding: str, advice: str, node: watched.Node
) -> None:
    spoil(node)
    ended = begun(node)
    assert ended.status == 3
    assert "[%s]" % finding in text(ended) and advice in text(ended)
    assert rehearsed_nothing(node)
    assert accounts.effects(node.world) == []


def test_expired_web_certificate_without_engine_setup_stops_before_any_host(
    node: watched.Node,
) -> None:
    expired(node)
    ended = begun(node)
    assert ended.status == 4
    assert "the engine's own web certificate is expired: its API refuses" in text(ended)
    assert "engine-setup --offline" in text(ended)
    assert accounts.changed(node.world) == []


def test_ca_of_the_web_certificate_may_be_given_and_the_engines_own_is_renewed_beside_it(
    node: watched.Node,
) -> None:
    of_another_ca(node)
    web = Path(node.world.engine + WEB).read_bytes()
    words = ("--api-ca", "/tmp/web-ca.pem", "--engine-password-file", node.world.password_file)
    ended = begun(node, words)
    assert ended.status == 0, ended.output[-2000:]
    assert "[engine-certificate-expires-soon]" in ended.output
    own = der.certificate(Path(node.world.engine + WEB.replace("apache", "engine")).read_bytes())
    assert own.not_after - stories.TRUE > 398 * stories.DAY
    assert Path(node.world.engine + WEB).read_bytes() == web
    assert accounts.host_states(node.world) == UP
