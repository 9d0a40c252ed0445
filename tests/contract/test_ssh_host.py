# SPDX-License-Identifier: Apache-2.0
"""The port's two adapters are held to the same assertions.

LocalHost on a directory of this machine; SshHost through a real shell. Other shells than bash are
tried as well: root's login shell is not ours to choose.
"""

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from recovery import dialogue, errors, host, requests
from recovery.local_host import LocalHost
from tests.contract.far_side import AWKWARD, BYTES, PROGRAMS, Place, far, mode
from tests.unit import authority


@pytest.fixture(params=["local", "/bin/bash", "/bin/dash"])
def place(tmp_path: Path, request: Any, real_program: Callable[[str], str]) -> Place:
    real_program("openssl")
    kind = request.param
    if kind == "local":
        (tmp_path / "node").mkdir()
        return Place(LocalHost("/", PROGRAMS), tmp_path / "node")
    if not os.path.exists(kind):
        pytest.skip("there is no %s" % kind)
    return far(tmp_path, kind)


def test_file_of_all_bytes_survives_the_way_there_and_back(place: Place) -> None:
    path = place.path(AWKWARD)
    place.node.replace(path, BYTES)
    assert Path(path).read_bytes() == BYTES and mode(path) == 0o600
    assert place.node.read(path) == BYTES
    place.node.replace(path, b"")
    assert place.node.read(path) == b""
    assert os.listdir(str(place.folder)) == [AWKWARD]


def test_replace_keeps_the_mode_and_takes_that_of_a_model(place: Place) -> None:
    path, model = place.path("a"), place.path("model")
    Path(path).write_text("old")
    os.chmod(path, 0o640)
    place.node.replace(path, b"new")
    assert mode(path) == 0o640
    Path(model).write_text("")
    os.chmod(model, 0o444)
    place.node.replace(path, b"newer", like=model)
    assert mode(path) == 0o444
    place.node.replace(place.path("fresh"), b"", mode=0o644)
    assert mode(place.path("fresh")) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_replace_keeps_the_owner(place: Place) -> None:
    path = place.path("a")
    Path(path).write_text("old")
    os.chown(path, 36, 107)
    place.node.replace(path, b"new")
    assert (os.stat(path).st_uid, os.stat(path).st_gid) == (36, 107)
    place.node.copy(path, place.path("b"), like=path)
    assert os.stat(place.path("b")).st_uid == 36


def test_replace_goes_through_a_link_and_makes_private_directories(place: Place) -> None:
    os.symlink("deep/er/target", place.path("link"))
    place.node.replace(place.path("link"), b"new")
    assert os.path.islink(place.path("link"))
    assert Path(place.path("deep/er/target")).read_bytes() == b"new"
    assert mode(place.path("deep")) == mode(place.path("deep/er")) == 0o700


def test_replace_of_a_directory_is_a_file_error_and_leaves_nothing(place: Place) -> None:
    os.mkdir(place.path("folder"))
    with pytest.raises(errors.FileError) as caught:
        place.node.replace(place.path("folder"), b"new")
    assert caught.value.path == place.path("folder")
    assert os.listdir(str(place.folder)) == ["folder"]
    assert os.listdir(place.path("folder")) == []


def test_copy_is_the_content_with_the_attributes_of_the_model(place: Place) -> None:
    source, target = place.path("source"), place.path("new/target")
    Path(source).write_bytes(BYTES)
    os.chmod(source, 0o440)
    place.node.copy(source, target, like=source)
    assert Path(target).read_bytes() == BYTES and mode(target) == 0o440
    with pytest.raises(errors.FileMissing):
        place.node.copy(place.path("missing"), target)
    assert Path(target).read_bytes() == BYTES


def test_append_adds_and_makes_a_private_file(place: Place) -> None:
    path = place.path("run-1/journal")
    place.node.append(path, b"one\n")
    place.node.append(path, b"two " + BYTES)
    assert Path(path).read_bytes() == b"one\ntwo " + BYTES
    assert mode(path) == 0o600


def test_remove_takes_a_link_itself_and_forgives_what_is_not_there(place: Place) -> None:
    Path(place.path("target")).write_text("")
    os.symlink("target", place.path("link"))
    place.node.remove(place.path("link"))
    place.node.remove(place.path("link"))
    place.node.remove(place.path("no/such/folder"))
    assert os.listdir(str(place.folder)) == ["target"]


def test_remove_takes_along_what_a_power_cut_left(place: Place) -> None:
    Path(place.path("whole")).write_text("")
    Path(place.path(".whole.ovirt-cert-recovery")).write_text("half")
    place.node.remove(place.path("whole"))
    assert os.listdir(str(place.folder)) == []


def test_read_of_what_is_not_there_is_a_missing_file(place: Place) -> None:
    for path in (place.path("missing"), place.path("a/b")):
        Path(place.path("a")).write_text("no directory")
        with pytest.raises(errors.FileMissing):
            place.node.read(path)
        with pytest.raises(errors.FileMissing):
            place.node.digest(path)
    with pytest.raises(errors.FileError, match="directory") as caught:
        place.node.read(str(place.folder))
    assert not isinstance(caught.value, errors.FileMissing)


def test_exists_and_digest_tell_what_is_there(place: Place) -> None:
    Path(place.path(AWKWARD)).write_bytes(b"abc")
    assert place.node.exists(place.path(AWKWARD)) and place.node.exists(str(place.folder))
    assert not place.node.exists(place.path("b"))
    assert place.node.digest(place.path(AWKWARD)).startswith("ba7816bf8f01cfea")


def test_run_keeps_words_streams_and_status_apart(place: Place) -> None:
    output = place.node.run(["printf", "%s|", AWKWARD, "*", ""])
    assert output.stdout == AWKWARD + "|*||"
    said = place.node.run(["sh", "-c", "echo out; echo err >&2; exit 3"], ok=(3,))
    assert said == host.Output("out\n", "err\n", 3)
    with pytest.raises(errors.ProgramFailed) as caught:
        place.node.run(["sh", "-c", "exit 255"])
    assert caught.value.exit_status == 255


def test_run_gives_input_environment_and_directory(place: Place) -> None:
    assert place.node.run(["cat"], input=b"typed").stdout == "typed"
    shown = place.node.run(["sh", "-c", 'echo "$LC_ALL|$A|$PWD"; cat'], env=[("A", "b c")])
    assert shown.stdout == "C|b c|/\n"


def test_run_of_a_program_that_is_missing_or_hangs(place: Place) -> None:
    with pytest.raises(errors.ProgramMissing):
        place.node.run(["no-such-program", "x"])
    with pytest.raises(errors.ProgramTimeout, match="within 1 s"):
        place.node.run(["sleep", "30"], timeout=1)


def test_interact_types_on_a_terminal(place: Place) -> None:
    script = '[ -t 0 ] && printf "name: " && read name && echo "hello $name"'
    talk = dialogue.Dialogue((dialogue.Exchange("name: $", "x y"),))
    assert "hello x y" in place.node.interact(["sh", "-c", script], talk)
    with pytest.raises(errors.ProgramFailed) as caught:
        place.node.interact(["sh", "-c", "exit 7"], dialogue.Dialogue(()))
    assert caught.value.exit_status == 7


def test_clocks_are_those_of_the_node(place: Place) -> None:
    now, instant = place.node.now(), place.node.instant()
    assert now.boot_id == instant.boot_id == place.node.boot_id()
    assert 0 <= instant.boottime - now.boottime < 30
    assert now.wall > 1600000000


def test_request_is_made_with_a_key_that_stays(place: Place) -> None:
    key, path = authority.key("rsa"), place.path("key.pem")
    Path(path).write_bytes(authority.key_pem(key))
    request = place.node.request(path)
    assert b"PRIVATE" not in request
    assert requests.matches(request, path, place.node.key_to_compare(path))
    assert requests.matches(request, path, authority.key_pem(key))
    assert not requests.matches(request, path, authority.key_pem(authority.key("rsa")))
