# SPDX-License-Identifier: Apache-2.0
"""Which wheels the archive is made of: from the lock, per Python and architecture.

Runs in the environment `build`, for `packaging`. Imports bundle modules only.
"""

import hashlib
import re
import sys
import tempfile
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from bundle import environment, paths, program

# Each Python by its newest release: locks choose by it. 3.9.1 stands for 3.9.0 and 3.9.1, which
# current cryptography excludes.
PYTHONS = {
    "3.6": "3.6.15",
    "3.7": "3.7.17",
    "3.8": "3.8.20",
    "3.9.1": "3.9.1",
    "3.9": "3.9.25",
    "3.10": "3.10.20",
    "3.11": "3.11.15",
    "3.12": "3.12.13",
    "3.13": "3.13.12",
}

# Dependencies of dependencies that nothing here imports. rich needs its first three to show
# Markdown and source code; cffi needs pycparser to parse C declarations, at build time.
LEFT_OUT = ("pygments", "markdown-it-py", "mdurl", "commonmark", "pycparser")


class Machine(NamedTuple):
    """An architecture, the oldest glibc that its wheels need, the first Python they are for."""

    name: str
    glibc: Tuple[int, int]
    first: str


# There never was a cryptography 40 for ppc64le; its later wheels want the glibc of EL8.
MACHINES = {
    "x86_64": Machine("x86_64", (2, 17), "3.6"),
    "aarch64": Machine("aarch64", (2, 17), "3.6"),
    "ppc64le": Machine("ppc64le", (2, 28), "3.9"),
}


class Pin(NamedTuple):
    """One line of the lock: an exact release and the only bytes that are taken for it."""

    name: str
    version: str
    hashes: FrozenSet[str]


class Wheel(NamedTuple):
    """A wheel file, and for whom it is taken: keys of PYTHONS, `machine` empty when pure."""

    path: Path
    pin: Pin
    machine: str
    pythons: Tuple[str, ...]

    @property
    def folder(self) -> str:
        return "%s-%s" % (self.pin.name, self.pin.version)


def pins(python: str) -> List[Pin]:
    """What the lock says for that Python, less what is left out."""
    from packaging.requirements import Requirement

    found = []
    for line in _lines((paths.LOCKS / "run.txt").read_text()):
        requirement = Requirement(line.split(" --hash")[0])
        if requirement.name in LEFT_OUT or not _applies(requirement, PYTHONS[python]):
            continue
        version = str(requirement.specifier)[len("==") :]
        hashes = frozenset(re.findall(r"--hash=sha256:(\w+)", line))
        found.append(Pin(requirement.name, version, hashes))
    return found


def gather(folder: Path, machines: Sequence[str], offline: bool) -> List[Wheel]:
    """All wheels for these machines, each once; what `folder` lacks is downloaded into it.

    Raises: program.Failed where one is missing and `offline`, or where an index lacks it.
    """
    chosen: Dict[Tuple[Path, str], Wheel] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for machine in [MACHINES[name] for name in machines]:
        for python in PYTHONS:
            wanted = [pin for pin in pins(python) if _offered(pin, machine, python)]
            missing = [pin for pin in wanted if find(folder, pin, machine, python) is None]
            if missing:
                _download(folder, missing, machine, python, offline)
            for pin in wanted:
                wheel = _found(folder, pin, machine, python)
                known = chosen.setdefault((wheel.path, wheel.machine), wheel)
                if python not in known.pythons:
                    known = known._replace(pythons=known.pythons + (python,))
                chosen[(wheel.path, wheel.machine)] = known
    return sorted(chosen.values(), key=lambda wheel: (wheel.folder, wheel.path.name))


def find(folder: Path, pin: Pin, machine: Machine, python: str) -> Optional[Path]:
    """The wheel of that release which runs there: the one for the oldest glibc and Python.

    So that one file serves many Pythons. Bytes that the lock does not know are no wheel.
    """
    from packaging.utils import parse_wheel_filename

    fitting = []
    for path in folder.glob("%s-%s-*.whl" % (pin.name.replace("-", "_"), pin.version)):
        tags = parse_wheel_filename(path.name)[3]
        ranks = [_rank(tag.interpreter, tag.abi, tag.platform, machine, python) for tag in tags]
        good = [rank for rank in ranks if rank is not None]
        if good and hashlib.sha256(path.read_bytes()).hexdigest() in pin.hashes:
            fitting.append((min(good), path.name, path))
    return min(fitting)[2] if fitting else None


def _rank(
    interpreter: str, abi: str, platform: str, machine: Machine, python: str
) -> Optional[Tuple[int, ...]]:
    """Nothing where such a wheel does not run; else the lower the better."""
    ours = tuple(int(part) for part in python.split(".")[:2])
    glibc = _glibc(platform, machine.name)
    if glibc is None or glibc > machine.glibc:
        return None
    digits = re.match(r"(?:cp|py)(\d)(\d*)$", interpreter)
    if digits is None:
        return None
    built_for = (int(digits.group(1)), int(digits.group(2) or 0))
    if abi == "none" and interpreter.startswith("py"):
        return (0, 0) + glibc if built_for[0] == 3 and built_for <= ours else None
    if abi == "abi3":
        return built_for + glibc if built_for <= ours else None
    exact = "cp%d%d" % ours
    return ours + glibc if abi in (exact, exact + "m") else None


def _glibc(platform: str, machine: str) -> Optional[Tuple[int, int]]:
    """The glibc a platform tag asks for; nothing where it is another machine's."""
    if platform == "any":
        return (0, 0)
    old = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    for name, glibc in old.items():
        if platform == "%s_%s" % (name, machine):
            return glibc
    named = re.match(r"manylinux_(\d+)_(\d+)_" + re.escape(machine) + "$", platform)
    return (int(named.group(1)), int(named.group(2))) if named else None


def _offered(pin: Pin, machine: Machine, python: str) -> bool:
    """Whether compiled releases exist there at all: else that Python does without them."""
    order = list(PYTHONS)
    compiled = pin.name in ("cryptography", "cffi")
    return not compiled or order.index(python) >= order.index(machine.first)


def _found(folder: Path, pin: Pin, machine: Machine, python: str) -> Wheel:
    path = find(folder, pin, machine, python)
    if path is None:
        raise program.Failed(
            "cannot take %s %s for Python %s on %s: no wheel in %s has a hash of the lock"
            % (pin.name, pin.version, python, machine.name, folder)
        )
    pure = path.name.endswith("-any.whl")
    return Wheel(path, pin, "" if pure else machine.name, (python,))


def _download(
    folder: Path, missing: List[Pin], machine: Machine, python: str, offline: bool
) -> None:
    if offline:
        names = ", ".join("%s %s" % (pin.name, pin.version) for pin in missing)
        raise program.Failed(
            "cannot build from %s alone: it lacks %s for Python %s on %s"
            % (folder, names, python, machine.name)
        )
    program.say("downloading %d wheels for Python %s, %s" % (len(missing), python, machine.name))
    # Aside first: another build may look into the folder, or download the same, at this moment.
    with tempfile.TemporaryDirectory(prefix="download-", dir=str(folder)) as work:
        listed = Path(work) / "wanted.txt"
        listed.write_text("".join(_requirement(pin) for pin in missing))
        environment.pip(
            Path(sys.executable),
            *(["download"] + environment.QUIET + environment.LOCKED),
            *_options(machine, python),
            *["--dest", work, "-r", str(listed)],
        )
        for wheel in Path(work).glob("*.whl"):
            wheel.replace(folder / wheel.name)


def _requirement(pin: Pin) -> str:
    hashes = "".join(" --hash=sha256:" + one for one in sorted(pin.hashes))
    return "%s==%s%s\n" % (pin.name, pin.version, hashes)


def _options(machine: Machine, python: str) -> List[str]:
    ours = "cp" + "".join(python.split(".")[:2])
    abi = ours + "m" if python in ("3.6", "3.7") else ours
    words = ["--implementation", "cp", "--python-version", PYTHONS[python]]
    words += [word for name in (abi, "abi3", "none") for word in ("--abi", name)]
    for name in ("manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010"):
        words += ["--platform", "%s_%s" % (name, machine.name)]
    if machine.glibc > (2, 17):
        words += ["--platform", "manylinux_%d_%d_%s" % (machine.glibc + (machine.name,))]
    return words + ["--platform", "manylinux_2_5_" + machine.name]


def _lines(text: str) -> Iterator[str]:
    """Logical lines: a backslash joins."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            yield " ".join(line.split())


def _applies(requirement: object, release: str) -> bool:
    marker = getattr(requirement, "marker", None)
    return marker is None or marker.evaluate(
        {
            "python_full_version": release,
            "python_version": ".".join(release.split(".")[:2]),
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "sys_platform": "linux",
        }
    )
