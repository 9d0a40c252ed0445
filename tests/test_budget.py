# SPDX-License-Identifier: Apache-2.0
"""The size budget: what fits on a screen gets read."""

import statistics
from typing import Dict, List, Tuple

import pytest

from bundle import paths
from tests import sources

FUNCTION_MEDIAN = 10
FUNCTION_P90 = 30
FUNCTION_MOST = 50
MODULE_MOST = 300
DIRECTORY_MOST = 15

# Directories of many small files of one kind: their names are the index.
MANY_OF_A_KIND = {
    "recovery": "the stages of the flow and its values, one module each, flat on purpose",
    "recovery/programs": "one module per external program",
    "recovery/steps": "one module per step",
    "simulators": "the world's parts, one module each",
    "simulators/programs": "one executable per file",
    "simulators/systemd": "the parts of one large program, PID 1",
}


@pytest.mark.parametrize("folder", sources.PRODUCT)
def test_functions_are_short(folder: str) -> None:
    sizes = sorted(length for _, length in _functions(folder))
    assert statistics.median(sizes) <= FUNCTION_MEDIAN
    assert sizes[int(0.9 * (len(sizes) - 1))] <= FUNCTION_P90


@pytest.mark.parametrize("folder", sources.PRODUCT + ("tests",))
def test_no_function_is_long(folder: str) -> None:
    assert [found for found in _functions(folder) if found[1] > FUNCTION_MOST] == []


@pytest.mark.parametrize("folder", sources.PRODUCT + ("tests",))
def test_no_module_is_long(folder: str) -> None:
    sizes = {module.name: module.text.count("\n") for module in sources.modules(folder)}
    assert {name: size for name, size in sizes.items() if size > MODULE_MOST} == {}


def test_directories_are_small() -> None:
    counts: Dict[str, int] = {}
    for module in sources.modules(*sources.PRODUCT):
        folder = module.path.parent.relative_to(paths.ROOT).as_posix()
        counts[folder] = counts.get(folder, 0) + 1
    big = {folder: count for folder, count in counts.items() if count > DIRECTORY_MOST}
    assert set(big) - set(MANY_OF_A_KIND) == set()


def _functions(folder: str) -> List[Tuple[str, int]]:
    found = []
    for module in sources.modules(folder):
        for function in sources.functions(module):
            found.append(("{}.{}".format(module.name, function.name), sources.length(function)))
    return found
