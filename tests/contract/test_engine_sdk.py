# SPDX-License-Identifier: Apache-2.0
"""oVirt's own client, which nobody here wrote, accepts the simulated engine over real TLS."""

import glob
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple

import pytest

from bundle import environment, interpreter, program
from simulators import der, install, stories
from simulators.engine_api import server, sso
from tests import matrix
from tests.contract import engine_place, sdk_client

pytestmark = pytest.mark.skipif(
    "%d.%d" % sys.version_info[:2] != matrix.BUILD,
    reason="the client's environment is made for Python %s" % matrix.BUILD,
)
URL = "https://%s/ovirt-engine/api" % engine_place.ENGINE
CA = "/etc/pki/vdsm/certs/cacert.pem"
CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"


class Engine(NamedTuple):
    world: install.World
    port: int


@pytest.fixture(scope="module")
def client() -> str:
    """The Python that has the client; it is compiled, so it needs a compiler and libxml2."""
    present = shutil.which("cc", path="/usr/bin:/bin") and glob.glob("/usr/include/libxml2")
    if not present and os.environ.get("CI") != "true":
        pytest.skip("the client cannot be compiled without gcc and libxml2-dev")
    found = interpreter.find(matrix.BUILD)
    assert found is not None
    try:
        return str(environment.ensure(found, matrix.CLIENT))
    except program.Failed as failure:
        pytest.fail(str(failure), pytrace=False)


def made(folder: Path, scenario: str) -> install.World:
    """The scenario as of today: a real client judges certificates by the real clock."""
    moved = int(time.time()) - stories.TRUE
    return install.create(str(folder / "world"), scenario, "el9", moved=moved)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    world = made(tmp_path_factory.mktemp("engine"), "near-expiry")
    with server.serving(world) as port:
        yield Engine(world, port)


def ask(client: str, engine: Engine, task: str, password: str = sso.PASSWORD) -> Dict[str, Any]:
    with engine_place.proxy(engine.port) as proxy:
        argv = [client, "-I", sdk_client.__file__, URL, engine.world.root + CA, password, task]
        environ = {"https_proxy": proxy, "PATH": "/nonexistent"}
        process = subprocess.run(
            argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120
        )
    assert process.returncode == 0, process.stderr.decode()[-2000:]
    return dict(json.loads(process.stdout.decode()))


def test_sdk_logs_in_lists_hosts_and_takes_one_through_its_enrollment(
    client: str, engine: Engine
) -> None:
    before = der.certificate((Path(engine.world.root + CERTIFICATE)).read_bytes())
    told = ask(client, engine, "whole")
    assert "error" not in told, told
    assert told["product"] == "4.5.4-1.el9"
    assert told["hosts"] == [
        ["virt-host1", "up", "virt-host1.example.test"],
        ["virt-host2", "up", "virt-host2.example.test"],
    ]
    assert told["found"] == 1 and told["subject"] == "O=example.test,CN=virt-host1.example.test"
    assert told["states"] == [
        "preparing_for_maintenance",
        "maintenance",
        "installing",
        "maintenance",
        "unassigned",
        "up",
    ]
    after = der.certificate(Path(engine.world.root + CERTIFICATE).read_bytes())
    assert after.serial != before.serial and after.modulus != before.modulus
    assert after.not_after - before.not_after > 1700 * stories.DAY
    assert engine.world.sim.state()["api"]["sso"]["tokens"] == {}  # it logged out


def test_sdk_wrong_password_is_an_authentication_error(client: str, engine: Engine) -> None:
    told = ask(client, engine, "look", "wrong")
    assert told["error"] == "AuthError"
    assert "access_denied : Cannot authenticate user 'admin@internal'" in told["text"]


def test_sdk_enrolling_a_host_that_is_up_is_refused_with_the_engines_fault(
    client: str, engine: Engine
) -> None:
    told = ask(client, engine, "enroll_too_early")
    assert (told["error"], told["code"]) == ("Error", 409)
    assert 'Fault reason is "Operation Failed"' in told["text"]
    assert "Please switch Host to Maintenance mode first." in told["text"]


def test_sdk_asking_for_an_unknown_host_is_a_not_found_error(client: str, engine: Engine) -> None:
    told = ask(client, engine, "look_for_a_stranger")
    assert (told["error"], told["code"]) == ("NotFoundError", 404)


def test_sdk_does_not_connect_to_an_expired_web_certificate(client: str, tmp_path: Path) -> None:
    world = made(tmp_path, "engine-up")
    with server.serving(world) as port:
        told = ask(client, Engine(world, port), "look")
    assert told["error"] == "Error" and "certificate has expired" in told["text"]
