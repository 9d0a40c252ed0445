# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

import pytest

from recovery import errors, images
from tests.unit import nodes

PATH = "/etc/pki/vdsm/certs/vdsmcert.pem"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write(PATH, "old").chmod(0o640)
    return node


def mode(node: nodes.Node, path: str = PATH) -> int:
    return node.place(path).stat().st_mode & 0o7777


def test_save_keeps_a_copy_with_its_mode(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", PATH)
    assert image == {"path": PATH, "backup": "/var/lib/run-1/before" + PATH}
    assert node.host.read(image["backup"]) == b"old"
    assert mode(node, image["backup"]) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_put_back_restores_the_owner(node: nodes.Node) -> None:
    os.chown(str(node.place(PATH)), 36, 36)
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.place(PATH).unlink()
    images.put_back(node.host, image)
    assert (node.place(PATH).stat().st_uid, node.place(PATH).stat().st_gid) == (36, 36)


def test_put_back_makes_the_file_what_it_was(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.write(PATH, "new").chmod(0o666)
    for _ in range(2):
        images.put_back(node.host, image)
        assert (node.host.read(PATH), mode(node)) == (b"old", 0o640)


def test_put_back_of_unchanged_content_restores_the_mode(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.place(PATH).chmod(0o666)
    images.put_back(node.host, image)
    assert mode(node) == 0o640


def test_put_back_of_a_missing_file_removes_it(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", "/etc/new")
    assert image == {"path": "/etc/new", "backup": ""}
    node.write("/etc/new", "ours")
    for _ in range(2):
        images.put_back(node.host, image)
        assert not node.host.exists("/etc/new")


def test_put_back_through_a_link_keeps_the_link(node: nodes.Node) -> None:
    node.place("/etc/link").symlink_to(PATH)
    image = images.save(node.host, "/var/lib/run-1", "/etc/link")
    node.host.replace("/etc/link", b"new")
    images.put_back(node.host, image)
    assert node.place("/etc/link").is_symlink()
    assert node.host.read(PATH) == b"old"


def test_put_back_without_its_backup_is_an_error_and_changes_nothing(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.place(image["backup"]).unlink()
    node.write(PATH, "new")
    with pytest.raises(errors.FileMissing):
        images.put_back(node.host, image)
    assert node.host.read(PATH) == b"new"


def test_save_again_writes_nothing_new(node: nodes.Node) -> None:
    image = images.save(node.host, "/var/lib/run-1", PATH)
    before = node.place(image["backup"]).stat().st_ino
    images.save(node.host, "/var/lib/run-1", PATH)
    assert node.place(image["backup"]).stat().st_ino == before


def test_save_never_takes_what_the_run_has_changed_for_the_original(node: nodes.Node) -> None:
    """An undo that could not put it back left it so; the next resume saves again."""
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.write(PATH, "ours")
    assert images.save(node.host, "/var/lib/run-1", PATH) == image
    assert node.host.read(image["backup"]) == b"old"


def test_put_all_back_puts_back_what_it_can_and_then_fails(node: nodes.Node) -> None:
    node.write("/etc/other", "other")
    saved = [images.save(node.host, "/var/lib/run-1", path) for path in (PATH, "/etc/other")]
    node.place(saved[0]["backup"]).unlink()
    node.write(PATH, "ours")
    node.write("/etc/other", "ours")
    with pytest.raises(errors.FileError, match=PATH):
        images.put_all_back(node.host, saved)
    assert (node.host.read(PATH), node.host.read("/etc/other")) == (b"ours", b"other")


def test_save_anew_goes_by_what_is_there_now(node: nodes.Node) -> None:
    """The run was cut off before it had changed anything; somebody else has since."""
    image = images.save(node.host, "/var/lib/run-1", PATH)
    node.write(PATH, "mended")
    assert images.save(node.host, "/var/lib/run-1", PATH, anew=True) == image
    assert node.host.read(image["backup"]) == b"mended"
    node.place(PATH).unlink()
    gone = images.save(node.host, "/var/lib/run-1", PATH, anew=True)
    assert gone["backup"] == "" and not node.host.exists(image["backup"])
