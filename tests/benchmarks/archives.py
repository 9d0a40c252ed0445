# SPDX-License-Identifier: Apache-2.0
"""The archive's starts, cold and warm, against a bare interpreter, a PEX and a plain zipapp.

`diagnose` reads a node's disk at rest: it imports cryptography and starts few programs.
"""

import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import Dict, List, Sequence

from bundle import environment, interpreter, paths, program
from tests.benchmarks import measure, worlds

PYTHONS = ("3.6", "3.9", "3.12")
PACKAGES = ("recovery", "simulators")
PURE = ("pexpect", "ptyprocess", "dateutil", "six.py", "asn1crypto")
COLD = "cold <= 400 ms"
WARM = "warm <= 150 ms"


class Archives:
    """What is compared, built once in a folder; a PEX and a zipapp are for this Python alone."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.ours = self.folder / paths.ARCHIVE.name
        program.run([sys.executable, "-m", "bundle", "build", str(self.ours)], env=_clone())
        self.plain = self.folder / "plain.pyz"
        self.pex = self.folder / "tool.pex"
        _zipapp(self.folder / "app", self.plain)
        _pex(self.folder / "sources", self.pex)

    def sizes(self) -> List[str]:
        """One line for each file."""
        return [
            "%-28s %6.2f MB" % (path.name, path.stat().st_size / 1e6)
            for path in (self.ours, self.plain, self.pex)
        ]


def starts(runs: int, archives: Archives, bench: worlds.Bench) -> List[measure.Result]:
    """Every figure beside that of `python -c pass` of the same Python, in turn."""
    results: List[measure.Result] = []
    at_rest = ["--root", bench.world.root, "diagnose"]
    for minor in PYTHONS:
        found = interpreter.find(minor)
        if found is None:
            continue
        results += _of(runs, minor, found.path, archives.ours, "archive", archives, at_rest)
    for path, name in ((archives.plain, "zipapp"), (archives.pex, "PEX")):
        minor = interpreter.running().minor
        results += _of(runs, minor, sys.executable, path, name, archives, at_rest)
    return results


def _of(
    runs: int,
    minor: str,
    python: str,
    file: Path,
    name: str,
    archives: Archives,
    at_rest: Sequence[str],
) -> List[measure.Result]:
    cache = str(archives.folder / "cache")
    environ = {"PATH": "/usr/bin:/bin", "SHIV_ROOT": cache, "PEX_ROOT": cache, "HOME": cache}

    def run(words: Sequence[str]) -> float:
        argv = [python, str(file)] + list(words)
        return measure.timed(lambda: _quiet(argv, environ))

    def cold(words: Sequence[str]) -> float:
        shutil.rmtree(cache, ignore_errors=True)
        os.mkdir(cache)
        return run(words)

    def bare() -> float:
        return measure.timed(lambda: _quiet([python, "-c", "pass"], environ))

    title, beside = "%s %s " % (name, minor), "python%s -c pass" % minor
    os.makedirs(cache, exist_ok=True)
    return [
        measure.alternate(title + "--help cold", beside, "", runs, lambda: cold(["--help"]), bare),
        measure.alternate(
            title + "--help", beside, "ratio <= 2.0", runs, lambda: run(["--help"]), bare
        ),
        measure.alternate(title + "cold", beside, COLD, runs, lambda: cold(at_rest), bare),
        measure.alternate(title + "warm", beside, WARM, runs, lambda: run(at_rest), bare),
    ]


def _quiet(argv: Sequence[str], environ: Dict[str, str]) -> None:
    subprocess.run(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environ,
        check=True,
    )


def _clone() -> Dict[str, str]:
    return dict(os.environ, PYTHONPATH=str(paths.ROOT))


def _zipapp(folder: Path, target: Path) -> None:
    """The same sources, straight from the zip; no compiled part can be imported from there."""
    _sources(folder)
    site = Path(str(environment.ensure(interpreter.running(), "run"))).parent.parent
    for name in PURE:
        (found,) = site.glob("lib/python*/site-packages/" + name)
        if found.is_dir():
            shutil.copytree(str(found), str(folder / name))
        else:
            shutil.copyfile(str(found), str(folder / name))
    main = "import sys\nfrom recovery.__main__ import main\n\nsys.exit(main())\n"
    (folder / "__main__.py").write_text(main)
    zipapp.create_archive(str(folder), str(target), compressed=True)


def _pex(folder: Path, target: Path) -> None:
    _sources(folder)
    pex = environment.ensure(interpreter.running(), "benchmark").with_name("pex")
    argv = [str(pex), "--intransitive", "--no-build", "--requirement"]
    argv += [str(paths.LOCKS / "run.txt"), "--sources-directory", str(folder)]
    program.run(argv + ["--entry-point", "recovery.__main__:main", "--output-file", str(target)])


def _sources(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "vm", "samples")
    for name in PACKAGES:
        shutil.copytree(str(paths.ROOT / name), str(folder / name), ignore=ignored)
