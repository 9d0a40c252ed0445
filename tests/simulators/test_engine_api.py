# SPDX-License-Identifier: Apache-2.0
"""The engine's web side: what is known of the real one, asked of the simulated one."""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple, Tuple

import pytest

from simulators import der, engine_vm, install
from simulators.engine_api import handler, hosts, sso, web
from tests.simulators import worlds

JSON = {"Accept": "application/json"}
FORM = "grant_type=password&scope=ovirt-app-api&username=admin%%40internal&password=%s"
TOKEN = "/ovirt-engine/sso/oauth/token"
HOST1 = hosts.IDENTITIES[0][2]
HOST2 = hosts.IDENTITIES[1][2]


class Said(NamedTuple):
    status: int
    kind: str
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


class Engine:
    """A logged-in client of the handler itself."""

    def __init__(self, world: install.World) -> None:
        self.world = world
        self.token = ""

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> Said:
        given = dict(JSON, **headers)
        if self.token:
            given["Authorization"] = "Bearer " + self.token
        with self.world.opened() as world:
            answer = handler.handle(world, method, path, given, body.encode())
        return Said(answer[0], answer[1].get("Content-Type", ""), answer[2].decode())

    def log_in(self, password: str = sso.PASSWORD) -> Said:
        said = self.ask("POST", TOKEN, FORM % password)
        self.token = said.json().get("access_token", "")
        return said

    def act(self, host: str, action: str) -> Said:
        return self.ask("POST", "/ovirt-engine/api/hosts/%s/%s" % (host, action), "{}")

    def status(self, host: str) -> str:
        return str(self.ask("GET", "/ovirt-engine/api/hosts/" + host).json()["status"])

    def wait(self, seconds: float) -> None:
        self.world.sim.advance(seconds)

    def change(self, host: str, **values: Any) -> None:
        with self.world.opened() as world:
            found = hosts.found(world, host)
            assert found is not None
            found.update(values)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    yield made(tmp_path, "near-expiry", "el9")


def made(tmp_path: Path, scenario: str, release: str) -> Engine:
    one = Engine(worlds.make(str(tmp_path / "world"), scenario, release).world)
    one.log_in()
    return one


def test_token_is_given_for_the_right_password_only(engine: Engine) -> None:
    said = engine.log_in()
    assert said.status == 200
    assert set(said.json()) == {"access_token", "exp", "scope", "token_type"}
    said = engine.log_in("wrong")
    assert said.status == 400
    assert said.json()["error_code"] == "access_denied"
    assert said.json()["error"].startswith("Cannot authenticate user 'admin@internal': ")


@pytest.mark.parametrize(
    "body, code",
    [
        ("", "invalid_request"),
        ("grant_type=magic&scope=ovirt-app-api", "unsupported_grant_type"),
        ("grant_type=password&scope=ovirt-app-api&username=x", "invalid_request"),
    ],
)
def test_every_error_of_a_login_is_a_400(body: str, code: str, engine: Engine) -> None:
    said = engine.ask("POST", TOKEN, body)
    key = "error_code" if "ovirt-app-api" in body else "error"
    assert (said.status, said.json()[key]) == (400, code)


def test_api_without_a_token_or_with_an_old_one_is_401_with_a_page(engine: Engine) -> None:
    engine.wait(sso.IDLE + 1)
    said = engine.ask("GET", "/ovirt-engine/api")
    assert said.status == 401 and "authorization grant has expired" in said.body
    engine.token = ""
    said = engine.ask("GET", "/ovirt-engine/api")
    assert said.status == 401 and said.kind.startswith("text/html")


def test_expired_web_certificate_gives_tokens_and_takes_none(tmp_path: Path) -> None:
    one = made(tmp_path, "engine-up", "el9")
    assert one.token
    said = one.ask("GET", "/ovirt-engine/api")
    assert said.status == 401 and "PKIX path validation failed" in said.body
    # Health and CA are there for everybody, also by plain http.
    assert one.ask("GET", "/ovirt-engine/services/health").body.startswith("DB Up!")
    resource = "/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"
    said = one.ask("GET", resource)
    assert said.kind == "application/x-x509-ca-cert" and said.body.splitlines()[1][75:76]
    ca = Path(one.world.engine + web.PKI + "/ca.pem").read_bytes()
    assert der.certificate(said.body.encode()) == der.certificate(ca)
    assert one.ask("GET", resource.replace("PEM-CA", "x")).status == 400


def test_engine_gives_away_the_certificate_with_which_it_was_started(tmp_path: Path) -> None:
    one = made(tmp_path, "engine-up", "el9")
    resource = "/ovirt-engine/services/pki-resource?resource=engine-certificate"
    before = one.ask("GET", resource)
    assert before.kind == "application/x-x509-cert"
    path = Path(one.world.engine + web.PKI + "/certs/engine.cer")
    assert der.certificate(before.body.encode()) == der.certificate(path.read_bytes())
    path.write_bytes(Path(one.world.engine + web.CERTIFICATE).read_bytes())
    assert one.ask("GET", resource).body == before.body
    with one.world.opened() as world:
        engine_vm.switch(world, "ovirt-engine", True)
    assert one.ask("GET", resource).body != before.body


def test_documents_are_xml_unless_json_is_asked_for(engine: Engine) -> None:
    said = engine.ask("GET", "/ovirt-engine/api/hosts", Accept="*/*")
    assert said.kind.startswith("application/xml")
    assert '<host href="/ovirt-engine/api/hosts/%s" id="%s">' % (HOST1, HOST1) in said.body
    rows = engine.ask("GET", "/ovirt-engine/api/hosts").json()["host"]
    assert [row["name"] for row in rows] == ["virt-host1", "virt-host2"]
    assert rows[0]["port"] == "54321"  # in JSON every value is text
    found = engine.ask("GET", "/ovirt-engine/api/hosts?search=address%3Dvirt-host2*").json()
    assert [row["id"] for row in found["host"]] == [HOST2]
    assert engine.ask("GET", "/ovirt-engine/api/hosts?search=name%3Dx").json() == {"host": []}


def test_host_goes_through_the_real_states(engine: Engine) -> None:
    assert engine.act(HOST1, "enrollcertificate").status == 409
    assert engine.act(HOST1, "deactivate").json()["status"] == "complete"
    assert engine.status(HOST1) == "preparing_for_maintenance"
    engine.wait(60)
    assert engine.status(HOST1) == "maintenance"
    assert engine.act(HOST1, "enrollcertificate").status == 200
    assert engine.status(HOST1) == "maintenance"  # the state follows in a moment
    engine.wait(5)
    assert engine.status(HOST1) == "installing"
    said = engine.act(HOST1, "activate")
    assert said.status == 409 and "Related operation is currently in progress" in said.body
    engine.wait(60)
    assert engine.status(HOST1) == "maintenance"
    assert engine.act(HOST1, "activate").status == 200
    assert engine.status(HOST1) == "unassigned"
    engine.wait(20)
    assert engine.status(HOST1) == "up"


REFUSALS: Tuple[Tuple[str, Dict[str, Any], str], ...] = (
    ("enrollcertificate", {}, "Please switch Host to Maintenance mode first."),
    ("activate", {}, "Cannot activate Host. Host in Up status."),
    ("activate", {"status": "non_responsive"}, "Host is in non responsive state."),
    ("deactivate", {"status": "maintenance"}, "Host is already in Maintenance mode."),
    ("deactivate", {"status": "installing"}, "Host is not operational."),
    (
        "deactivate",
        {"status": "non_responsive", "vms": 1},
        "Host still has running VMs on it and is in Non Responsive state.",
    ),
    (
        "deactivate",
        {"status": "non_responsive", "spm": True},
        "Host is Storage Pool Manager and is in Non Responsive state.",
    ),
)


@pytest.mark.parametrize("action, values, text", REFUSALS)
def test_action_at_a_wrong_time_is_409_with_the_engines_words(
    action: str, values: Dict[str, Any], text: str, engine: Engine
) -> None:
    with engine.world.opened() as world:
        world.state["vdsm"]["cert"] = b""  # it does not answer, so nothing is set right again
    engine.change(HOST1, missed=0.0, **values)
    if not values:
        with engine.world.opened() as world:
            world.state["vdsm"]["cert"] = Path(
                world.node("/etc/pki/vdsm/certs/vdsmcert.pem")
            ).read_bytes()
    said = engine.act(HOST1, action)
    assert said.status == 409, said
    fault = said.json()["fault"]
    assert fault["reason"] == "Operation Failed" and text in fault["detail"]
    assert fault["detail"].startswith("[") and said.json()["status"] == "failed"


@pytest.mark.parametrize("release, status", [("el7", 409), ("el8", 409), ("el9", 200)])
def test_host_that_does_not_answer_is_enrolled_from_4507_on(
    release: str, status: int, tmp_path: Path
) -> None:
    one = made(tmp_path, "near-expiry", release)
    with one.world.opened() as world:
        world.state["vdsm"]["cert"] = b""
    assert one.status(HOST1) == "connecting"
    one.wait(70)
    assert one.status(HOST1) == "non_responsive"
    assert one.act(HOST1, "enrollcertificate").status == status


def test_host_whose_vdsm_answers_again_is_up_by_itself(engine: Engine) -> None:
    engine.change(HOST1, status="non_responsive", missed=0.0)
    assert engine.status(HOST1) == "up"


def test_enrollment_that_fails_is_install_failed_and_may_be_tried_again(engine: Engine) -> None:
    engine.change(HOST1, status="maintenance", fails=True)
    engine.act(HOST1, "enrollcertificate")
    engine.wait(60)
    assert engine.status(HOST1) == "install_failed"
    engine.change(HOST1, fails=False)
    assert engine.act(HOST1, "enrollcertificate").status == 200


def test_release_that_says_done_too_early_does_so(tmp_path: Path) -> None:
    one = made(tmp_path, "near-expiry", "el7")
    certificate = Path(one.world.root + "/etc/pki/vdsm/certs/vdsmcert.pem")
    before = certificate.read_bytes()
    one.change(HOST1, status="maintenance")
    one.act(HOST1, "enrollcertificate")
    one.wait(10)
    assert one.status(HOST1) == "installing"
    one.wait(10)
    assert one.status(HOST1) == "maintenance" and certificate.read_bytes() == before
    one.wait(60)
    assert one.status(HOST1) == "maintenance" and certificate.read_bytes() != before


def test_unknown_paths_hosts_and_methods_are_refused(engine: Engine) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert engine.ask("GET", "/ovirt-engine/api/hosts/" + nobody).status == 404
    assert engine.ask("GET", "/ovirt-engine/api/nothing").status == 404
    assert engine.ask("GET", "/elsewhere").status == 404
    assert engine.act(nobody, "activate").status == 400
    assert engine.act(HOST1, "explode").status == 404


def test_engine_that_is_stopped_is_503_of_the_proxy(engine: Engine) -> None:
    with engine.world.opened() as world:
        world.state["vm"]["services"]["ovirt-engine"] = False
    assert engine.ask("GET", "/ovirt-engine/services/health").status == 503
