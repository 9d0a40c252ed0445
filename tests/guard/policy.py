# SPDX-License-Identifier: Apache-2.0
"""What a test may start, connect to and write: pure; each answer is a reason or nothing."""

import functools
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Iterable, Optional, Sequence, Tuple

# Programs that change (or wake up something that changes) the machine the tests run on.
FORBIDDEN = (
    "timedatectl hwclock chronyc chronyd ntpd ntpdate ntpdig sntp adjtimex rtcwake phc_ctl "
    "systemctl systemd-run systemd-mount service invoke-rc.d loginctl hostnamectl localectl busctl "
    "shutdown reboot poweroff halt telinit init "
    "virsh virtqemud virtproxyd libvirtd hosted-engine vdsm-tool vdsm-client sanlock wdmd "
    "ssh scp sftp ssh-keyscan engine-setup engine-config at crontab sudo su doas pkexec"
).split()

# Real programs a test may ask for by name: readers and calculators, none keeps state here.
ALLOWED = (
    "openssl certtool journalctl systemd-journal-remote ssh-keygen git sh bash dash busybox env "
    "cat true false sleep test ls cp mkdir rm stat id printf echo tar date virsh uname df hostname "
    "curl flock rpm "
    # Makes a package of what the test's own spec says, below the test's own directory.
    "rpmbuild "
    # The archive runs on each of these, and where unshare lets disks be full or networks be cut.
    "unshare setarch python2.7 "
    "python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 "
    # A machine of their own: its clock and its services are not this one's.
    "qemu-system-x86_64 qemu-img mkfs.fat mtools"
).split()

SYSTEM = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin")
LIBRARIES = ("/usr/lib/systemd", "/lib/systemd", "/usr/libexec")
ROOT = str(Path(__file__).resolve().parent.parent.parent)

LAUNCHERS = ("sh", "bash", "dash", "busybox", "env", "setarch")
FORBIDDEN_PATH = re.compile(r"(?<![\w.-])/(?:usr/)?(?:local/)?s?bin/(?:%s)\b" % "|".join(FORBIDDEN))
BUSES = ("/run/dbus/", "/run/systemd/", "/run/libvirt/", "/run/chrony/", "/run/vdsm/")
UNTOUCHABLE = ("/dev/rtc", "/etc/", "/sys/", "/run/", "/var/lib/ovirt", "/var/log/journal/")
READING_DATE = re.compile(
    r"\+|-u$|--utc$|-R$|--rfc|-I|--iso|--date=|--reference=|--help$|--version$"
)
VALUED_DATE = ("-d", "-r")


def program(path: str, argv: Sequence[str]) -> Optional[str]:
    """Why the program at that path may not be started, or nothing."""
    real = os.path.realpath(path)
    name = os.path.basename(real)
    called = os.path.basename(path)
    if _within(real, _own_places()):
        return None
    if name in READERS:
        return READERS[name](argv)
    if name in FORBIDDEN or called in FORBIDDEN:
        return "{} could change this machine".format(name)
    if name not in ALLOWED:
        return "{} is not on the list of programs tests may start".format(real)
    if name in LAUNCHERS and any(FORBIDDEN_PATH.search(word) for word in argv[1:]):
        return "{} would start a forbidden program".format(name)
    return None


def resolve(name: str, search: Iterable[str]) -> Optional[str]:
    """The path exec would find, or nothing where it would find nothing."""
    if "/" in name:
        return name if os.path.exists(name) else None
    places = (os.path.join(folder, name) for folder in search)
    return next((place for place in places if os.access(place, os.X_OK)), None)


def address(family_is_unix: bool, where: object) -> Optional[str]:
    """Why a test may not connect there, or nothing."""
    if family_is_unix:
        text = os.fsdecode(where) if isinstance(where, (str, bytes)) else str(where)
        return "{} is a real bus".format(text) if _under(_real(text), BUSES) else None
    name = where[0] if isinstance(where, tuple) and where else where
    if str(name) in ("localhost", "::1") or str(name).startswith("127."):
        return None
    return "{} is not this machine".format(where)


def write(path: str) -> Optional[str]:
    """Why a test may not open that file for writing, or nothing."""
    real = _real(path)
    if _within(real, _own_places()):
        return None
    return "{} belongs to this machine".format(real) if _under(real, UNTOUCHABLE) else None


def _date(argv: Sequence[str]) -> Optional[str]:
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word in VALUED_DATE and words:
            words.pop(0)
        elif not READING_DATE.match(word):
            return "date {} could set the clock".format(word)
    return None


def _virsh(argv: Sequence[str]) -> Optional[str]:
    head = tuple(argv[1:3])
    others = [word for word in argv[3:] if word.startswith(("-c", "--connect", "connect"))]
    if head == ("-c", "test:///default") and not others:
        return None
    return "virsh may only be started as `virsh -c test:///default`"


def _rpm(argv: Sequence[str]) -> Optional[str]:
    named = len(argv) > 2 and argv[1] == "--dbpath"
    if named and _within(os.path.realpath(argv[2]), _own_places()):
        return None
    return "rpm may only be started as `rpm --dbpath` with a directory of the test's"


def _unshare(argv: Sequence[str]) -> Optional[str]:
    if argv[1:2] not in (["--mount"], ["--net"]):
        return "unshare may only be started with --mount or --net"
    if any(FORBIDDEN_PATH.search(word) for word in argv[2:]):
        return "unshare would start a forbidden program"
    return None


READERS = {  # harmless or not by their arguments
    "date": _date,
    "virsh": _virsh,
    "rpm": _rpm,
    "unshare": _unshare,
}


def _own_places() -> Tuple[str, ...]:
    return _resolved((ROOT, sys.prefix, sys.base_prefix, tempfile.gettempdir()))


@functools.lru_cache(maxsize=None)  # asked at every file that is opened for writing
def _resolved(places: Tuple[str, ...]) -> Tuple[str, ...]:
    # The prefix of a distribution's Python is /usr: that is no own place.
    own = [place for place in places if place not in ("/usr", "/usr/local")]
    return tuple(os.path.realpath(place) for place in own)


def _within(path: str, folders: Iterable[str]) -> bool:
    own_python = os.path.realpath(sys.executable)
    return path == own_python or any(path.startswith(folder + "/") for folder in folders)


def _under(path: str, beginnings: Tuple[str, ...]) -> bool:
    return path.startswith(beginnings)


def _real(path: str) -> str:
    if os.path.islink(path):
        real = os.path.realpath(path)
    else:
        folder, name = os.path.split(os.path.abspath(path))
        real = os.path.join(_real_folder(folder), name)
    return real.replace("/var/run/", "/run/", 1)


@functools.lru_cache(maxsize=4096)  # many files are written to few folders
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
