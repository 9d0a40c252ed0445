# SPDX-License-Identifier: Apache-2.0
"""rpm -q: state["packages"] maps names to version-release."""

from simulators.entry import Call

COST = 0.1


def main(call: Call) -> int:
    form, names, words = "", [], list(call.argv[1:])
    while words:
        word = words.pop(0)
        if word in ("--qf", "--queryformat"):
            if not words:
                call.err("rpm: %s: missing argument\n" % word)
                return 1
            form = words.pop(0)
        elif word.startswith(("--qf=", "--queryformat=")):
            form = word.partition("=")[2]
        elif not word.startswith("-"):
            names.append(word)
    if not names:
        call.err("rpm: no arguments given for query\n")
        return 1
    missing = 0
    for name in names:
        version = call.world.state["packages"].get(name)
        if version is None:
            call.out("package %s is not installed\n" % name)
            missing += 1
        else:
            call.out(_render(form, name, version))
    return min(missing, 255)


def _render(form: str, name: str, evr: str) -> str:
    version, _, release = evr.partition("-")
    if not form:
        return "%s-%s.x86_64\n" % (name, evr)
    for tag, value in (
        ("NAME", name),
        ("VERSION", version),
        ("RELEASE", release),
        ("ARCH", "x86_64"),
        ("EPOCH", "(none)"),
        ("NEVRA", "%s-%s.x86_64" % (name, evr)),
        ("EVR", evr),
    ):
        form = form.replace("%%{%s}" % tag, value).replace("%%{%s}" % tag.lower(), value)
    return form.replace("\\n", "\n").replace("\\t", "\t")
