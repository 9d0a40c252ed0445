# SPDX-License-Identifier: Apache-2.0
"""The benchmarks can be run, and their table says what an aim is compared with."""

import os
import subprocess
import sys

import pytest

from bundle import paths
from tests.benchmarks import measure


@pytest.mark.slow
def test_benchmarks_print_a_table() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--runs", "1", "help", "diagnose"],
        cwd=str(paths.ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # The guard's programs come first: the copies of a world need cp and find.
        env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/bin:/bin"),
        timeout=300,
    )
    text = ran.stdout.decode("utf-8")
    assert ran.returncode == 0, ran.stderr.decode("utf-8")
    assert text.startswith("Python ") and " cores, load " in text
    titles = [line.split("  ")[0] for line in text.splitlines()[2:]]
    assert titles[:3] == ["--help", "--help by -m", "diagnose"] and len(titles) == 4


def test_table_shows_the_absolute_median_beside_the_difference() -> None:
    pairs = [(0.2, 0.05), (0.1, 0.05), (0.4, 0.1)]
    heads, line = measure.table([measure.Result("cold", "bare", "cold <= 400 ms", pairs)])
    assert heads.split("  ")[0] == "what" and "ms med" in heads
    assert line.split() == "cold bare 3 200 2.00/4.00/4.00 50/150/300 cold <= 400 ms".split()
