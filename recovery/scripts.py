# SPDX-License-Identifier: Apache-2.0
"""Shell lines that read and change files durably on another node: text only, for any POSIX sh.

They do there what `files` does here, with coreutils 8.22 (EL7) and newer. Content comes from
standard input and is compared with its digest before anything is replaced: a connection that
breaks ends a file early, and nothing else would tell. `sync FILE` is one file's fsync from
coreutils 8.24 on; before that it synchronises everything, which is more.

Imports nothing of ours.
"""

import hashlib
import posixpath
import shlex
from typing import List, Optional

BROKEN_OFF = 74  # our own exit status: what arrived is not what was sent (EX_IOERR)
ENGLISH = "export LC_ALL=C; "  # we read what goes wrong
# One fixed name, that of `files`: what was left half-written is overwritten by the next try.
NAMES = (
    'p=$(readlink -m %s); d=$(dirname "$p"); t="$d/.$(basename "$p").ovirt-cert-recovery"; '
    'mkdir -p "$d"; rm -f "$t"'
)


def read(path: str) -> str:
    """Print a file so that every byte survives the way."""
    return ENGLISH + "base64 -w0 %s" % shlex.quote(path)


def digest(path: str) -> str:
    """Print the SHA-256 of a file and its name."""
    return ENGLISH + "sha256sum %s" % shlex.quote(path)


def public_half(path: str) -> str:
    """Print the public half of a private key; OpenSSH's own format is not openssl's business."""
    key = shlex.quote(path)
    return (
        ENGLISH
        + "openssl pkey -in %s -passin pass: -pubout 2>/dev/null || ssh-keygen -y -P '' -f %s"
        % (key, key)
    )


def replace(path: str, data: bytes, like: Optional[str], mode: int) -> str:
    """Put standard input, which is `data`, in the place of a file."""
    arrived = 'test "$(sha256sum < "$t")" = "%s  -" || exit %d' % (_sha256(data), BROKEN_OFF)
    return _placed(path, ['cat > "$t"', arrived], like, mode)


def copy(path: str, source: str, like: Optional[str], mode: int) -> str:
    """Put another file's content in the place of a file."""
    return _placed(path, ['cat %s > "$t"' % shlex.quote(source)], like, mode)


def append(path: str, data: bytes) -> str:
    """Add standard input, which is `data`, to a file: wholly or not at all."""
    arrived = 'test "$(tail -c %d "$t" | sha256sum)" = "%s  -" || exit %d'
    return _script(
        [
            NAMES % shlex.quote(path),
            'test ! -e "$p" || cp -p "$p" "$t"',
            'cat >> "$t"',
            arrived % (len(data), _sha256(data), BROKEN_OFF),
        ]
        + _moved(path)
    )


def discard(path: str) -> str:
    """Remove what a replace or an append that failed has left."""
    return _script([NAMES % shlex.quote(path)])


def remove(path: str) -> str:
    """Remove a file, or a link itself."""
    folder = shlex.quote(posixpath.dirname(path))
    half = shlex.quote("%s/.%s.ovirt-cert-recovery" % posixpath.split(path))
    gone = ["rm -f %s %s" % (shlex.quote(path), half)]
    return _script(gone + ["test ! -d %s || sync %s" % (folder, folder)])


def hold(lock: str, held: str, owner: str) -> str:
    """Write the owner's name to `held`, unless somebody else has done so or `lock` is locked.

    The lock is that of a run on the node itself, whose kernel drops it with the process. Over
    the network nothing would drop it in time, so it is taken for a moment only.
    """
    mine = 'test "$(cat %s 2>/dev/null)" = %s || test ! -e %s' % (
        shlex.quote(held),
        shlex.quote(owner),
        shlex.quote(held),
    )
    order = "%s && echo %s > %s" % (mine, shlex.quote(owner), shlex.quote(held))
    return ENGLISH + "umask 077; flock -n %s sh -c %s" % (shlex.quote(lock), shlex.quote(order))


def _placed(path: str, filled: List[str], like: Optional[str], mode: int) -> str:
    model = '"$p"' if like is None else shlex.quote(like)
    return _script(
        [
            NAMES % shlex.quote(path),
            "m=%s" % model,
            *filled,
            'test -e "$m" || chmod %o "$t"' % mode,
            'test ! -e "$m" || chown --reference="$m" "$t"',
            'test ! -e "$m" || chmod --reference="$m" "$t"',
            'test ! -e "$m" || chcon --reference="$m" "$t" 2>/dev/null || true',
        ]
        + _moved(path)
    )


def _moved(path: str) -> List[str]:
    """Make the new file durable, then its name, then the directories that may be new."""
    folders = [posixpath.dirname(path)]
    while folders[-1] not in ("/", ""):
        folders.append(posixpath.dirname(folders[-1]))
    named = " ".join(shlex.quote(one) for one in folders[:-1])
    return ['sync "$t"', 'mv -fT "$t" "$p"', 'sync "$d" %s' % named]


def _script(orders: List[str]) -> str:
    return ENGLISH + "; ".join(["set -e", "umask 077"] + orders)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
