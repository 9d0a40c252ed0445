# SPDX-License-Identifier: Apache-2.0
"""Paths of a node: links are followed inside its root."""

import os
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import errors, files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def node(root: Path) -> files.Files:
    return files.Files(str(root))


def test_locate_of_a_loop_is_a_file_error(node: files.Files, root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(errors.FileError, match="Too many levels"):
        node.read("/a")


def test_exists_of_a_loop_is_false(node: files.Files, root: Path) -> None:
    (root / "a").symlink_to("a")
    assert not node.exists("/a")


@pytest.mark.parametrize(
    "target, inside",
    [
        ("/outside", "outside"),
        ("../../../../outside", "outside"),
        ("/../outside", "outside"),
        ("sub/../../outside", "outside"),
    ],
)
def test_locate_follows_links_as_the_node_would(
    node: files.Files, root: Path, target: str, inside: str
) -> None:
    (root / "dir").mkdir()
    (root / "dir/link").symlink_to(target)
    assert node.locate("/dir/link") == str(root / inside)
    assert node.locate("/dir/link/below") == str(root / inside / "below")


PARTS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "etc", "l1", "l2", "l3"]), max_size=8)
PATHS = st.tuples(st.sampled_from(["", "/"]), PARTS).map(lambda both: both[0] + "/".join(both[1]))


@given(PATHS, st.lists(PATHS.filter(bool), min_size=3, max_size=3))
def test_locate_of_any_path_and_links_stays_inside(
    tmp_path_factory: Any, path: str, targets: List[str]
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "etc").mkdir()
    (root / "a").mkdir()
    for name, target in zip(("l1", "l2", "l3"), targets):
        (root / name).symlink_to(target)
        (root / "etc" / name).symlink_to(target)
    try:
        place = files.Files(str(root)).locate(path)
    except errors.FileError:
        return  # a loop
    assert os.path.realpath(place) == os.path.normpath(place)
    assert (os.path.realpath(place) + "/").startswith(os.path.realpath(str(root)) + "/")


def test_locate_agrees_with_the_kernel_in_the_real_root(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert files.Files("/").locate(str(tmp_path / "link")) == os.path.realpath(
        str(tmp_path / "real")
    )
