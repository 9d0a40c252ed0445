# SPDX-License-Identifier: Apache-2.0
"""curl: the simulated one in the simulated world, and the real one over TLS to the same engine."""

import contextlib
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List, Sequence

import pytest

from recovery import engine_certificates, errors, host, local_host
from recovery import secret as secrets
from recovery.programs import curl
from simulators import der, install, stories
from simulators.engine_api import server, sso
from tests import overheard
from tests.contract import engine_place, subjects
from tests.simulators import worlds

CA = "/etc/pki/vdsm/certs/cacert.pem"
KEY = "/etc/pki/vdsm/keys/vdsmkey.pem"
BASE = "https://%s/ovirt-engine" % engine_place.ENGINE
HEALTH = curl.Request(BASE + "/services/health")
API = curl.Request(BASE + "/api")


class Curl:
    """One curl, and the engine it speaks with."""

    def __init__(self, world: install.World, node: host.Host, root: str) -> None:
        self.world = world
        self.node = node
        self.root = root  # before the node's paths, where the real program reads them

    def ask(self, request: curl.Request, ca: str = CA) -> curl.Answer:
        return curl.ask(self.node, request, self.root + ca)

    def fault(self, **fault: Any) -> None:
        with self.world.opened() as world:
            world.state["api"]["faults"] = [fault]


Made = Callable[[str], Curl]


@pytest.fixture(params=subjects.BOTH)
def made(
    request: Any, tmp_path: Path, real_programs: Callable[..., Path]
) -> Iterator[Callable[[str], Curl]]:
    """made("near-expiry"): the real curl gets a world of today, its own clock being the real."""
    with contextlib.ExitStack() as stack:

        def make(scenario: str) -> Curl:
            place = str(tmp_path / "world")
            if request.param == subjects.SIMULATED:
                world = worlds.make(place, scenario, "el9").world
                return Curl(world, local_host.LocalHost(world.root, world.programs), "")
            programs = str(real_programs("curl"))
            moved = int(time.time()) - stories.TRUE
            world = install.create(place, scenario, "el9", moved=moved)
            port = stack.enter_context(server.serving(world))
            return Curl(world, led(programs, port), world.root)

        yield make


def led(programs: str, port: int) -> host.Host:
    """The real curl; the engine's name leads to that port, every other name nowhere."""

    def shown(call: overheard.Call) -> Sequence[str]:
        words = ["--connect-to", "%s:443:127.0.0.1:%d" % (engine_place.ENGINE, port)]
        words += ["--connect-to", "virt-he:443:127.0.0.1:%d" % port]
        return [call.argv[0], "-q"] + words + list(call.argv[2:])

    return overheard.OverheardHost("/", programs, shown)


def test_certificate_that_proves_itself_comes_over_a_connection_that_does_not(made: Made) -> None:
    engine = made("engine-up")  # its web certificate is expired
    given = curl.Request(engine_certificates.PUBLISHED % engine_place.ENGINE, accept="*/*")
    with pytest.raises(curl.NotTrusted):
        engine.ask(given)
    answer = curl.ask(engine.node, given, curl.ANY)
    assert (answer.status, answer.kind) == (200, "application/x-x509-cert")
    with open(engine.world.engine + engine_certificates.PKI + "/certs/engine.cer", "rb") as file:
        assert der.certificate(answer.body.encode()) == der.certificate(file.read())


def test_answer_comes_with_status_kind_and_body(made: Made) -> None:
    answer = made("near-expiry").ask(HEALTH)
    assert answer.status == 200 and answer.kind.startswith("text/html")
    assert answer.body == "DB Up!Welcome to Health Status!"


def test_refusal_of_the_server_is_an_answer_too(made: Made) -> None:
    one = made("near-expiry")
    answer = one.ask(API)
    assert answer.status == 401 and "Unauthorized" in answer.body
    one.fault(path="/api", kind="500")
    assert one.ask(API).status == 500


def test_form_and_token_arrive_as_they_were_given(made: Made) -> None:
    """A password of all that could be taken for something else on the way."""
    one = made("near-expiry")
    nasty = 'a"b\\c d&e=f%+#\u00e9\u20ac\t@'
    with one.world.opened() as world:
        world.state["api"]["sso"]["password"] = nasty
    form = (
        ("grant_type", "password"),
        ("scope", sso.SCOPE),
        ("username", sso.USER),
        ("password", secrets.Secret(nasty)),
    )
    answer = one.ask(curl.Request(BASE + "/sso/oauth/token", "POST", form=form))
    assert answer.status == 200, answer
    tokens: List[str] = list(one.world.sim.state()["api"]["sso"]["tokens"])
    answer = one.ask(API._replace(token=secrets.Secret(tokens[0])))
    assert answer.status == 200 and '"full_version": "4.5.4-1.el9"' in answer.body


def test_body_of_a_post_arrives(made: Made) -> None:
    answer = made("near-expiry").ask(
        curl.Request(BASE + "/sso/oauth/token", "POST", body='{"a": "b"}')
    )
    assert answer.status == 400 and "grant_type" in answer.body


def refused(one: Curl, request: curl.Request, ca: str = CA) -> "tuple[int, str, errors.Error]":
    with pytest.raises((curl.NotReached, curl.NotTrusted)) as caught:
        one.ask(request, ca)
    first = caught.value.seen[0]
    status = int(first.partition("(")[2].partition(")")[0])
    return status, first, caught.value


def test_expired_certificate_is_not_trusted_and_said_to_be_expired(made: Made) -> None:
    status, text, error = refused(made("engine-up"), HEALTH)
    assert status == 60 and text == "curl: (60) SSL certificate problem: certificate has expired"
    assert isinstance(error, curl.NotTrusted) and error.expired


def test_certificate_of_another_ca_is_not_trusted(made: Made) -> None:
    one = made("near-expiry")
    Path(one.world.root + "/tmp").mkdir(exist_ok=True)
    other = Path(one.world.root + "/etc/pki/vdsm/libvirt-migrate/ca-cert.pem").read_bytes()
    Path(one.world.root + "/tmp/other.pem").write_bytes(other)
    status, text, error = refused(one, HEALTH, "/tmp/other.pem")
    assert status == 60 and text.startswith("curl: (60) SSL certificate problem: unable to get")
    assert isinstance(error, curl.NotTrusted) and not error.expired


def test_name_that_is_not_in_the_certificate_is_not_trusted(made: Made) -> None:
    status, text, _ = refused(
        made("near-expiry"), curl.Request("https://virt-he/ovirt-engine/services/health")
    )
    wanted = "SSL: no alternative certificate subject name matches target host name 'virt-he'"
    assert (status, text) == (60, "curl: (60) " + wanted)


def test_ca_file_that_is_not_there_is_not_trusted(made: Made) -> None:
    status, text, _ = refused(made("near-expiry"), HEALTH, "/nowhere/ca.pem")
    assert status == 77 and text.startswith("curl: (77) error setting certificate ")


def test_name_that_nobody_knows_is_not_reached(made: Made) -> None:
    status, text, error = refused(made("near-expiry"), curl.Request("https://nobody.invalid/"))
    assert (status, text) == (6, "curl: (6) Could not resolve host: nobody.invalid")
    assert isinstance(error, curl.NotReached)


def test_port_at_which_nobody_listens_is_not_reached(made: Made) -> None:
    one = made("near-expiry")
    url = "https://%s/" % (engine_place.ENGINE if not one.root else "127.0.0.1:1")
    with one.world.opened() as world:
        world.state["vm"]["services"]["httpd"] = False
    status, text, error = refused(one, curl.Request(url))
    assert status == 7 and text.startswith("curl: (7) Failed to connect to ")
    assert isinstance(error, curl.NotReached)


def test_answer_cut_off_half_way_is_not_reached(made: Made) -> None:
    one = made("near-expiry")
    one.fault(path="/health", kind="lost")
    status, text, _ = refused(one, HEALTH)
    assert status == 18 and text.startswith("curl: (18) transfer closed with ")
    assert text.endswith(" bytes remaining to read")


def test_word_that_it_does_not_know_is_a_failure_of_the_program(made: Made) -> None:
    one = made("near-expiry")
    with pytest.raises(errors.ProgramFailed) as caught:
        one.node.run(["curl", "-q", "--silent", "--no-such-option", HEALTH.url])
    assert caught.value.exit_status == 2
    assert "option --no-such-option: is unknown" in caught.value.stderr
