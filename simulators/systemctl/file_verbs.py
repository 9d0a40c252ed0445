# SPDX-License-Identifier: Apache-2.0
"""systemctl enable, disable, mask, unmask, is-enabled, cat, daemon-reload."""

from simulators import units
from simulators.entry import Call
from simulators.systemctl import control
from simulators.systemd import definitions, texts, unit_files


def daemon_reload(call: Call, options: dict, names: list) -> int:
    definitions.reload(call.world)
    if texts.systemd(call.world) < 250:
        units.pid1(call.world, "Reloading.", 6)
    return 0


def _created(call: Call, link: str, target: str) -> None:
    form = (
        "Created symlink from %s to %s.\n"
        if texts.systemd(call.world) < 239
        else ("Created symlink %s \u2192 %s.\n")
    )
    call.err(form % (link, target))


def _removed(call: Call, link: str) -> None:
    quoted = texts.systemd(call.world) >= 250
    old = "Removed symlink %s.\n" if texts.systemd(call.world) < 239 else "Removed %s.\n"
    call.err('Removed "%s".\n' % link if quoted else old % link)


def _missing(call: Call, verb: str, name: str) -> int:
    if texts.systemd(call.world) < 239:
        call.err("Failed to execute operation: No such file or directory\n")
    else:
        call.err("Failed to %s unit: Unit file %s does not exist.\n" % (verb, name))
    return 1


def enable(call: Call, options: dict, names: list) -> int:
    for name in names:
        if definitions.get(call.world, name) is None:
            return _missing(call, "enable", name)
        if unit_files.masked(call.world, name):
            call.err(
                "Failed to enable unit: Unit file %s is masked.\n"
                % (unit_files.fragment(call.world, name))
            )
            return 1
        done = unit_files.enable(call.world, name)
        if done:
            _created(call, *done)
    definitions.reload(call.world)
    return control.start(call, {}, names) if "now" in options else 0


def disable(call: Call, options: dict, names: list) -> int:
    for name in names:
        if definitions.get(call.world, name) is None:
            return _missing(call, "disable", name)
        gone = unit_files.disable(call.world, name)
        if gone:
            _removed(call, gone)
    definitions.reload(call.world)
    return control.stop(call, {}, names) if "now" in options else 0


def mask(call: Call, options: dict, names: list) -> int:
    for name in names:
        if definitions.get(call.world, name) is None:
            call.err("Unit %s does not exist, proceeding anyway.\n" % name)
        try:
            done = unit_files.mask(call.world, name, "runtime" in options)
        except FileExistsError:
            link = ("/run" if "runtime" in options else "/etc") + "/systemd/system/" + name
            call.err("Failed to mask unit: File %s already exists.\n" % link)
            return 1
        if done:
            _created(call, *done)
    call.world.cache = {}
    return control.stop(call, {"quiet": [""]}, names) if "now" in options else 0


def unmask(call: Call, options: dict, names: list) -> int:
    for name in names:
        for link in unit_files.unmask(call.world, name, "runtime" in options):
            _removed(call, link)
    call.world.cache = {}
    return 0


def is_enabled(call: Call, options: dict, names: list) -> int:
    status = 1
    for name in names:
        state = unit_files.state(call.world, name)
        if not state:
            call.err("Failed to get unit file state for %s: No such file or directory\n" % name)
            continue
        if "quiet" not in options:
            call.out(state + "\n")
        if state in ("enabled", "enabled-runtime", "static", "alias", "transient"):
            status = 0
    return status


def cat(call: Call, options: dict, names: list) -> int:
    status = 0
    for name in names:
        if definitions.get(call.world, name) is None:
            call.err("No files found for %s.\n" % name)
            status = 1
            continue
        path = unit_files.fragment(call.world, name)
        call.out("# %s\n" % path)
        try:
            with open(call.world.node(path)) as source:
                call.out(source.read())
        except OSError:
            call.out(unit_files.text(call.world, name))
    return status
