# SPDX-License-Identifier: Apache-2.0
"""The real openssl, made to live in a simulated root and at a simulated moment.

Absolute paths are mapped into the root, and what would read the machine's clock gets explicit
dates. Used by node and engine alike. Imports nothing of ours.
"""

import os
import time
from typing import Callable, Dict, List, Optional, Tuple

# Options whose value may begin with a slash and is no path.
NO_PATH = ("-subj", "-addext", "-passin", "-passout", "-name", "-set_subject", "-set_issuer")
VERIFYING = ("verify", "cms", "smime", "ocsp")
DAY = 86400
Resolve = Callable[[str], str]


def run(
    program: str,
    words: List[str],
    now: float,
    resolve: Resolve,
    cwd: str,
    data: Optional[bytes],
    env: Dict[str, str],
) -> Tuple[int, bytes, bytes]:
    """Run `openssl WORDS` at the moment `now`; the output shows the paths as they were given."""
    import subprocess

    dated = at_moment(words, now)
    mapped = paths(dated, resolve)
    environment = dict(env, PATH=os.path.dirname(program))
    process = subprocess.Popen(
        [program] + mapped,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    output, errors = process.communicate(data)
    root = resolve("/").encode().rstrip(b"/")
    return process.returncode, output.replace(root, b""), errors.replace(root, b"")


def paths(words: List[str], resolve: Resolve) -> List[str]:
    mapped = []
    for at, word in enumerate(words):
        keep = at and words[at - 1] in NO_PATH
        if word.startswith("file:/"):
            mapped.append("file:" + resolve(word[len("file:") :]))
        else:
            mapped.append(resolve(word) if word.startswith("/") and not keep else word)
    return mapped


def at_moment(words: List[str], now: float) -> List[str]:
    """The same command with the simulated clock written out."""
    if not words:
        return words
    if words[0] == "ca" and "-gencrl" not in words:
        return _signing(words, now)
    if words[0] in VERIFYING and "-attime" not in words:
        return words[:1] + ["-attime", "%d" % now] + words[1:]
    if words[0] == "x509" and "-checkend" in words:
        at = words.index("-checkend") + 1
        shifted = int(words[at]) + int(now) - int(time.time())
        return words[:at] + [str(shifted)] + words[at + 1 :]
    return words


def _signing(words: List[str], now: float) -> List[str]:
    """`openssl ca`: -days, the default days and a missing start become explicit dates."""
    rest = list(words)
    days = _taken(rest, "-days")
    if "-startdate" not in rest and "-not_before" not in rest:
        rest += ["-startdate", stamp(now)]
    if "-enddate" not in rest and "-not_after" not in rest:
        rest += ["-enddate", stamp(now + DAY * int(days or "365"))]
    return rest


def _taken(words: List[str], option: str) -> str:
    if option not in words:
        return ""
    at = words.index(option)
    value = words[at + 1]
    del words[at : at + 2]
    return value


def stamp(seconds: float) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))
