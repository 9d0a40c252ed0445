# SPDX-License-Identifier: Apache-2.0
"""systemctl: arguments; the verbs live in simulators.systemctl."""

from simulators.entry import Call
from simulators.releases import RELEASES

COST = 0.05
VALUED = {"-p": "property", "-P": "value-of", "-t": "type", "-n": "lines", "-o": "output"}
LONG_VALUED = (
    "property",
    "type",
    "state",
    "lines",
    "output",
    "job-mode",
    "what",
    "kill-who",
    "signal",
)
NOBODY = ""  # a name no unit has
VERBS = {
    # verb: (module of simulators.systemctl, function)
    "start": ("control", "start"),
    "stop": ("control", "stop"),
    "restart": ("control", "restart"),
    "try-restart": ("control", "try_restart"),
    "condrestart": ("control", "try_restart"),
    "reload-or-restart": ("control", "restart"),
    "try-reload-or-restart": ("control", "try_restart"),
    "reset-failed": ("control", "reset_failed"),
    "kill": ("control", "kill"),
    "daemon-reload": ("file_verbs", "daemon_reload"),
    "daemon-reexec": ("file_verbs", "daemon_reload"),
    "enable": ("file_verbs", "enable"),
    "disable": ("file_verbs", "disable"),
    "mask": ("file_verbs", "mask"),
    "unmask": ("file_verbs", "unmask"),
    "is-enabled": ("file_verbs", "is_enabled"),
    "cat": ("file_verbs", "cat"),
    "is-active": ("queries", "is_active"),
    "is-failed": ("queries", "is_failed"),
    "is-system-running": ("queries", "is_system_running"),
    "show": ("properties", "show"),
    "status": ("status", "status"),
    "list-units": ("listing", "list_units"),
    "list-timers": ("listing", "list_timers"),
    "list-sockets": ("listing", "list_sockets"),
    "list-jobs": ("listing", "list_jobs"),
    "list-unit-files": ("listing", "list_unit_files"),
    "list-dependencies": ("listing", "list_dependencies"),
}


# What systemd prints where the locale is not one of UTF-8 (systemd: src/basic/glyph-util.c).
PLAIN = {
    "\u25cf": "*",
    "\u25cb": "*",
    "\u00d7": "x",
    "\u2192": "->",
    "\u251c\u2500": "|-",
    "\u2514\u2500": "`-",
}


def main(call: Call) -> int:
    status = _main(call)
    if not _knows_unicode(call):
        for glyph, plain in PLAIN.items():
            old, new = glyph.encode("utf-8"), plain.encode("ascii")
            call.output = [(where, data.replace(old, new)) for where, data in call.output]
    return status


def _knows_unicode(call: Call) -> bool:
    """By the first of the variables that is set; without any, systemd thinks it does."""
    set_ones = [call.env[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if call.env.get(name)]
    return not set_ones or "UTF" in set_ones[0].upper()


def _main(call: Call) -> int:
    options, words = _parse(call.argv[1:])
    if "version" in options:
        call.out(RELEASES[call.world.state["release"]]["systemd_version"])
        return 0
    verb = words[0] if words else "list-units"
    if verb not in VERBS:
        old = RELEASES[call.world.state["release"]]["systemd"] < 250
        call.err(("Unknown operation %s.\n" if old else "Unknown command verb %s.\n") % verb)
        return 1
    module, function = VERBS[verb]
    package = "simulators.systemctl." + module
    act = getattr(__import__(package, None, None, [function]), function)
    names = _expand(call, words[1:])
    if words[1:] and not names:
        if not verb.startswith("list-"):
            return 0  # a pattern that matches nothing is no error
        names = [NOBODY]
    return act(call, options, names)


def _parse(given: list) -> tuple:
    """Return ({option: [values]}, words)."""
    options, words = {}, []  # type: dict, list
    given = list(given)
    while given:
        word = given.pop(0)
        if word == "--":
            words += given
            break
        if word.startswith("--"):
            key, mark, value = word[2:].partition("=")
            if key in LONG_VALUED and not mark:
                value = given.pop(0)
            options.setdefault(key, []).append(value)
        elif word[:2] in VALUED:
            value = word[2:] or given.pop(0)
            options.setdefault(VALUED[word[:2]], []).append(value)
        elif word.startswith("-") and len(word) > 1:
            for letter in word[1:]:
                key = {"a": "all", "l": "full", "q": "quiet"}.get(letter, letter)
                options.setdefault(key, []).append("")
        else:
            words.append(word)
    return options, words


def _expand(call: Call, words: list) -> list:
    """Complete unit names; a pattern stands for the loaded units it matches."""
    from simulators.systemd import definitions

    found = []
    for word in words:
        if "*" in word or "?" in word:
            import fnmatch

            # No ".service" is added: "libvirtd*" stands for the sockets too.
            found += [n for n in call.world.state["units"] if fnmatch.fnmatchcase(n, word)]
        else:
            found.append(definitions.full_name(word))
    return found
