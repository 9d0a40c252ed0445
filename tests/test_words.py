# SPDX-License-Identifier: Apache-2.0
"""Committed text: a licence line in each source, no machine's paths, no registry, no clutter."""

import re
from typing import List

import pytest

from bundle import paths
from tests import sources

FOLDERS = ("recovery", "simulators", "bundle", "tests", ".ci")
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", ".gitignore")
# Written in pieces, or this file would find itself.
MACHINE_PATHS = re.compile(
    "/" + r"root/\.pyenv|" + "/" + r"work/|/" + r"opt/(pypi|wheels)|/" + "home/[a-z]"
)
REGISTRIES = re.compile(
    "pypi" + r"\.org|python" + r"hosted|debian" + r"\.org|crates" + r"\.io|npmjs" + r"\."
)
CLUTTER = ("utils", "util", "helpers", "helper", "common", "misc")


def texts() -> List[str]:
    return [path.relative_to(paths.ROOT).as_posix() for path in sources.files(*(FOLDERS + TOP))]


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATHS, REGISTRIES], ids=["machine paths", "registries"]
)
def test_no_committed_text_names_this_machine_or_a_registry(pattern: "re.Pattern[str]") -> None:
    found = []
    for name in texts():
        text = (paths.ROOT / name).read_text(encoding="utf-8", errors="replace")
        found += ["{}: {}".format(name, match.group()) for match in pattern.finditer(text)]
    assert found == []


def test_every_source_names_its_licence_first() -> None:
    line = "# SPDX-License-Identifier: Apache-2.0\n"
    modules = sources.modules("recovery", "simulators", "bundle", "tests")
    assert [module.name for module in modules if not module.text.startswith(line)] == []


def test_every_module_of_the_product_says_what_it_is() -> None:
    modules = sources.modules(*sources.PRODUCT)
    silent = [module.name for module in modules if not _docstring(module)]
    assert silent == []


def test_modules_are_named_after_what_they_are() -> None:
    modules = sources.modules("recovery", "simulators", "bundle", "tests")
    assert [module.name for module in modules if module.name.split(".")[-1] in CLUTTER] == []
    classes = [
        line
        for module in modules
        for line in re.findall(r"^class (\w*Manager)\b", module.text, re.M)
    ]
    assert classes == []


def _docstring(module: sources.Module) -> bool:
    first = module.tree.body[0] if module.tree.body else None
    return first is not None and module.text.count('"""') >= 2
