# SPDX-License-Identifier: Apache-2.0
"""Where the archive unpacks: hostile disks, other people's directories, two at once, power cuts."""

import os
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest

from tests import needs
from tests.bundle import conftest

LOADED = "compiled parts: unpacked in "
MISSING = "compiled parts: cannot be loaded here"
LIST = ["version", "--verbose"]
BASES = ("/run", "/root", "/var/tmp", "/tmp", "/dev/shm", "/var/lib")


def last(done: conftest.Done) -> str:
    """The last paragraph of `version --verbose`, on one line: what became of compiled parts."""
    assert done.status == 0, done.err
    return " ".join(done.out[done.out.index("compiled parts: ") :].split())


def own(*scripts: str) -> str:
    """All bases become empty file systems of a namespace, then the scripts run there."""
    mounts = ["/bin/mount -t tmpfs -o mode=1777 none %s" % base for base in BASES]
    return "; ".join(mounts + list(scripts))


class Elsewhere:
    """Runs the archive where the usual directories are replaced; the file itself lies in /mnt."""

    def __init__(self, archive: Path, python: str) -> None:
        self.archive, self.python = archive, python

    def run(
        self, *scripts: str, words: Any = LIST, after: str = "", **environ: str
    ) -> conftest.Done:
        """Run it there, and then `after`, a script that looks at what it left."""
        # The archive and this Python may lie below what is hidden: they are bound before.
        before = "/bin/mount -t tmpfs none /mnt; /bin/mkdir /mnt/stick /mnt/python; "
        before += "/bin/mount --bind %s /mnt/stick; " % self.archive.parent
        before += "/bin/mount --bind %s /mnt/python; " % Path(self.python).parent.parent
        argv = conftest.namespace(before + own(*scripts))
        env = {"PATH": conftest.SYSTEM, "HOME": "/root", "LD_LIBRARY_PATH": "/mnt/python/lib"}
        env.update(environ)
        chosen = {name: value for name, value in env.items() if value}
        program = "/mnt/python/bin/" + Path(self.python).name
        argv += ["/bin/sh", "-c", '"$@"; status=$?; %s; exit $status' % (after or ":"), "sh"]
        return conftest.run(
            argv + [program, "/mnt/stick/" + self.archive.name] + list(words), chosen
        )


@pytest.fixture(params=["3.6", "3.12"])
def elsewhere(archive: Path, request: Any) -> Elsewhere:
    return Elsewhere(archive, conftest.python(request.param))


def test_first_place_for_root_is_in_memory(elsewhere: Elsewhere) -> None:
    assert last(elsewhere.run()) == LOADED + "/run/ovirt-cert-recovery"


def test_places_that_are_noexec_are_passed_over(elsewhere: Elsewhere) -> None:
    noexec = ["/bin/mount -o remount,noexec %s" % base for base in ("/run", "/root", "/var/tmp")]
    assert last(elsewhere.run(*noexec)) == LOADED + "/tmp/ovirt-cert-recovery-0"


def test_read_only_places_are_passed_over(elsewhere: Elsewhere) -> None:
    only = ["/bin/mount -o remount,ro %s" % base for base in ("/run", "/root", "/tmp", "/var/tmp")]
    assert last(elsewhere.run(*only)) == LOADED + "/dev/shm/ovirt-cert-recovery-0"


def test_full_disks_are_passed_over(elsewhere: Elsewhere) -> None:
    full = ["/bin/mount -o remount,size=6m %s" % base for base in ("/run", "/root", "/var/tmp")]
    assert last(elsewhere.run(*full)) == LOADED + "/tmp/ovirt-cert-recovery-0"


def test_noexec_everywhere_goes_on_without_and_names_every_place(elsewhere: Elsewhere) -> None:
    noexec = ["/bin/mount -o remount,noexec %s" % base for base in BASES]
    text = last(elsewhere.run(*noexec))
    assert text.startswith(MISSING)
    for place in ("/run/ovirt-cert-recovery", "/root/.cache/ovirt-cert-recovery/unpacked"):
        assert place + ": mounted noexec" in text
    assert "/var/lib/ovirt-cert-recovery/unpacked: mounted noexec" in text


def test_no_home_and_no_account_finds_a_place(archive: Path, tmp_path: Path) -> None:
    """A uid that /etc/passwd does not know, as under `systemd-run` with a bare environment."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    file = tmp_path / archive.name
    file.write_bytes(archive.read_bytes())
    for path in [tmp_path, *tmp_path.parents]:
        if not path.stat().st_mode & 0o001:  # the tests' own, up to one that everybody may enter
            path.chmod(path.stat().st_mode | 0o055)
    scripts = ["/bin/mount -t tmpfs -o mode=1777 none /var/tmp"]
    argv = conftest.namespace("; ".join(scripts)) + [needs.program("setpriv"), "--reuid=54321"]
    argv += ["--regid=54321", "--clear-groups", "/bin/sh", str(file)] + LIST
    done = conftest.run(argv, {"PATH": conftest.SYSTEM})
    if done.status == 4:
        needs.refused("no Python in PATH that others may run: " + done.err.splitlines()[0])
    assert last(done) == LOADED + "/var/tmp/ovirt-cert-recovery-54321"


@pytest.mark.parametrize(
    "trap, words",
    [
        ("/bin/mkdir -m 777 /run/ovirt-cert-recovery", "others may enter it"),
        ("/bin/mkdir -m 755 /run/ovirt-cert-recovery", "others may enter it"),
        ("/bin/mkdir /run/x; /bin/ln -s x /run/ovirt-cert-recovery", "a symbolic link"),
        ("/bin/mkdir -m 700 /run/ovirt-cert-recovery; /bin/chown 5 /run/*", "belongs to uid 5"),
        (": > /run/ovirt-cert-recovery", "no directory"),
        ("/bin/chmod 0777 /run", "others may put their own in its place"),
    ],
)
def test_directory_that_is_not_private_is_passed_over(archive: Path, trap: str, words: str) -> None:
    there = Elsewhere(archive, conftest.python("3.12"))
    assert LOADED + "/root/.cache/" in last(there.run(trap))
    alone = there.run(trap, "/bin/mount --bind /run /run", SHIV_ROOT="/run")
    assert words in last(alone)


def test_shiv_root_is_used_alone(start: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    text = last(start(*LIST, SHIV_ROOT=str(tmp_path / "file" / "sub")))
    assert text.startswith(MISSING) and str(tmp_path) in text and "/run" not in text


def unpacked(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "unpacked" / "ovirt-cert-recovery").glob("parts-*")
    return found


def test_unpacked_is_private_and_holds_compiled_parts_alone(start: Any, tmp_path: Path) -> None:
    last(start(*LIST))
    folder = unpacked(tmp_path)
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    names = sorted(path.name for path in folder.iterdir())
    assert [name.split(".")[0] for name in names] == ["_cffi_backend", "_rust", "stamp"]


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "emptied":  # what a power cut leaves of a file that was not synced
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "missing":
        path.unlink()
    elif how == "tampered":  # same size, same time
        seen = path.stat()
        path.write_bytes(data[:5000] + b"XXXX" + data[5004:])
        os.utime(str(path), ns=(seen.st_atime_ns, seen.st_mtime_ns))


BOTH = pytest.mark.parametrize("minor", ["3.6", "3.12"])  # cryptography 40, and the newest


@BOTH
@pytest.mark.parametrize("how", ["emptied", "cut", "missing", "tampered"])
def test_cache_that_is_not_as_it_was_is_made_anew(
    start: Any, tmp_path: Path, how: str, minor: str
) -> None:
    last(start(*LIST, python=minor))
    (rust,) = unpacked(tmp_path).glob("_rust*")
    good = rust.read_bytes()
    damage(rust, how)
    assert LOADED in last(start(*LIST, python=minor))
    assert rust.read_bytes() == good
    assert len(list(unpacked(tmp_path).parent.iterdir())) == 2  # the parts, and compiled sources


@BOTH
@pytest.mark.parametrize("how", ["emptied", "cut", "tampered"])
def test_compiled_sources_that_are_damaged_are_made_anew(
    start: Any, tmp_path: Path, how: str, minor: str
) -> None:
    expected = start(*LIST, python=minor)
    (code,) = unpacked(tmp_path).parent.glob("code-*")
    good = code.read_bytes()
    damage(code, how)
    done = start(*LIST, python=minor)
    assert (done.status, done.err) == (0, "") and done.out == expected.out
    assert len(code.read_bytes()) == len(good)


def test_compiled_sources_of_another_archive_are_removed(start: Any, tmp_path: Path) -> None:
    last(start(*LIST))
    (code,) = unpacked(tmp_path).parent.glob("code-*")
    stale = code.with_name("code-0123456789abcdef-" + code.name.split("-", 2)[2])
    code.rename(stale)
    last(start(*LIST))
    assert code.exists() and not stale.exists()


def test_leftover_of_a_start_that_was_killed_is_removed(start: Any, tmp_path: Path) -> None:
    last(start(*LIST))
    root = unpacked(tmp_path).parent
    left = root / ".new-4194303-abc"  # no process has that number: it is the largest there is
    unpacked(tmp_path).rename(left)
    (left / "stamp").unlink()
    assert LOADED in last(start(*LIST))
    assert not left.exists() and unpacked(tmp_path).is_dir()


@BOTH
def test_two_starts_at_the_same_moment_both_work(archive: Path, tmp_path: Path, minor: str) -> None:
    env: Dict[str, str] = {"PATH": conftest.SYSTEM, "SHIV_ROOT": str(tmp_path / "unpacked")}
    argv = [conftest.python(minor), str(archive)] + LIST
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    children = [subprocess.Popen(argv, env=env, **pipes) for _ in range(4)]  # type: ignore
    for child in children:
        out, err = child.communicate(timeout=120)
        assert last(conftest.Done(child.returncode, out.decode(), err.decode())).startswith(LOADED)
    assert [path.name.split("-")[0] for path in sorted(unpacked(tmp_path).parent.iterdir())] == [
        "code",
        "parts",
    ]


def test_clean_removes_what_was_unpacked(start: Any, tmp_path: Path) -> None:
    last(start(*LIST))
    done = start("clean")
    assert done.status == 0 and "removed: %s" % unpacked_root(tmp_path) in done.out
    assert not unpacked_root(tmp_path).exists()
    assert "nothing to remove" in start("clean").out


def test_clean_leaves_the_records_of_recoveries(archive: Path) -> None:
    there = Elsewhere(archive, conftest.python("3.12"))
    kept = "/var/lib/ovirt-cert-recovery"
    made = "/bin/mkdir -p -m 700 {0} {0}/run-1 {0}/unpacked; : > {0}/run-1/journal".format(kept)
    done = there.run(made, words=["clean"], after="/usr/bin/find " + kept)
    assert done.status == 0 and "removed: %s/unpacked\n" % kept in done.out, done
    assert done.out.endswith("{0}\n{0}/run-1\n{0}/run-1/journal\n".format(kept))


def unpacked_root(tmp_path: Path) -> Path:
    return tmp_path / "unpacked" / "ovirt-cert-recovery"


def test_help_and_version_unpack_nothing(start: Any, tmp_path: Path) -> None:
    for word in ("--help", "--version", "selfcheck"):
        assert start(word).status == 0
    assert not (tmp_path / "unpacked").exists()


def test_read_only_noexec_stick_runs_the_tool(elsewhere: Elsewhere) -> None:
    stick = "/bin/mount -o remount,bind,ro,noexec /mnt/stick"
    assert LOADED in last(elsewhere.run(stick))
    assert elsewhere.run(stick, words=["selfcheck"]).status == 0
