# SPDX-License-Identifier: Apache-2.0
"""Files and directories of a simulated root, with owner and mode as far as we may set them."""

import os
from typing import Tuple, Union

# Numeric owners as oVirt's packages create them.
ROOT = (0, 0)
ROOT_KVM = (0, 36)
VDSM = (36, 36)
ROOT_QEMU = (0, 107)
OVIRT = (108, 108)
OPENVSWITCH = (992, 990)


def owner(path: str, who: Tuple[int, int]) -> None:
    if os.geteuid() == 0:
        os.lchown(path, who[0], who[1])


def folder(root: str, path: str, mode: int = 0o755, who: Tuple[int, int] = ROOT) -> str:
    target = root + path
    os.makedirs(target, exist_ok=True)
    os.chmod(target, mode)
    owner(target, who)
    return target


def put(
    root: str, path: str, content: Union[bytes, str], mode: int = 0o644, who: Tuple[int, int] = ROOT
) -> None:
    target = root + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with open(target, "wb") as file:
        file.write(data)
    os.chmod(target, mode)
    owner(target, who)


def link(root: str, path: str, target: str) -> None:
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    os.symlink(target, root + path)
