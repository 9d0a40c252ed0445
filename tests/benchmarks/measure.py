# SPDX-License-Identifier: Apache-2.0
"""Alternating measurements of a subject and its baseline, and the table they are shown in."""

import statistics
import sys
import time
from typing import Callable, List, NamedTuple, Tuple

Seconds = Callable[[], float]


class Result(NamedTuple):
    """Pairs of (subject, baseline) in seconds, taken in turn."""

    title: str
    baseline: str
    aim: str
    pairs: List[Tuple[float, float]]

    def ratios(self) -> List[float]:
        return [subject / baseline for subject, baseline in self.pairs]

    def differences(self) -> List[float]:
        return [subject - baseline for subject, baseline in self.pairs]


def timed(action: Callable[[], object]) -> float:
    """Seconds of real time; a benchmark is the one thing here that may look at such a clock."""
    before = time.perf_counter()
    action()
    return time.perf_counter() - before


def alternate(
    title: str, baseline: str, aim: str, runs: int, subject: Seconds, other: Seconds
) -> Result:
    """Measure both in pairs, after one pair that only warms caches; who is first changes."""
    pairs: List[Tuple[float, float]] = []
    for number in range(runs + 1):
        if number % 2:
            second, first = other(), subject()
        else:
            first, second = subject(), other()
        if number:
            pairs.append((first, second))
        sys.stderr.write(".")
        sys.stderr.flush()
    sys.stderr.write(" %s\n" % title)
    return Result(title, baseline, aim, pairs)


def table(results: List[Result]) -> List[str]:
    """One line for each result: its median, then ratio and difference as min/median/max."""
    form = "{:<24} {:<26} {:>4} {:>7} {:>18} {:>20}  {}"
    heads = (
        "what",
        "baseline",
        "runs",
        "ms med",
        "ratio min/med/max",
        "ms more min/med/max",
        "aim",
    )
    lines = [form.format(*heads)]
    for result in results:
        ratios = "/".join("%.2f" % value for value in _spread(result.ratios()))
        more = "/".join("%.0f" % (1000 * value) for value in _spread(result.differences()))
        whole = "%.0f" % (1000 * statistics.median(subject for subject, _ in result.pairs))
        first = (result.title, result.baseline, len(result.pairs), whole)
        lines.append(form.format(*(first + (ratios, more, result.aim))))
    return lines


def _spread(values: List[float]) -> Tuple[float, float, float]:
    return min(values), statistics.median(values), max(values)
