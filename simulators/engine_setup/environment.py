# SPDX-License-Identifier: Apache-2.0
"""What engine-setup is told: options, environment keys of type:value, configuration files.

ovirt-engine: packaging/setup/bin/ovirt-engine-setup; otopi: __main__.py, common.py, core/config.py.
Imports nothing of ours.
"""

import configparser
import shlex
from typing import Any, Dict, List

PLAIN = {
    "--offline": {"OVESETUP_CORE/offlinePackager": True},
    "--accept-defaults": {"DIALOG/autoAcceptDefault": True},
    "--reconfigure-optional-components": {"OVESETUP_CORE/reconfigureOptionalComponents": True},
}
WITH_VALUE = {
    "--log": "CORE/logFileName",
    "--config": "CORE/configFileName",
    "--config-append": "CORE/configFileAppend",
    "--generate-answer": "OVESETUP_CORE/answerFile",
    "--jboss-home": "OVESETUP_CONFIG/jbossHome",
}
STANDARD = (
    "/etc/ovirt-engine-setup.conf.d/10-packaging-jboss.conf",
    "/etc/ovirt-engine-setup.conf.d/10-packaging.conf",
    "/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf",
)
FALSE = ("f", "F", "false", "False")


class Wrong(Exception):
    """A line of the shell script that starts setup: `FATAL:` and the text."""


class Unreadable(Exception):
    """A configuration file or a key of the environment that otopi cannot take."""


def of_words(words: List[str]) -> Dict[str, Any]:
    """The environment the command line makes; the last --otopi-environment counts, and wins."""
    found: Dict[str, Any] = {}
    own = ""
    for word in words:
        name, mark, value = word.partition("=")
        if word in PLAIN:
            found.update(PLAIN[word])
        elif mark and name in WITH_VALUE:
            found[WITH_VALUE[name]] = value
        elif mark and name == "--otopi-environment":
            own = value
        else:
            raise Wrong("Invalid option '%s'" % word)
    found.update(of_text(own))
    return found


def of_text(text: str) -> Dict[str, Any]:
    found = {}
    for statement in shlex.split(text):
        key, mark, value = statement.partition("=")
        if mark:
            found[key] = typed(value)
    return found


def typed(text: str) -> Any:
    kind, mark, value = text.partition(":")
    if not mark:
        raise Unreadable("Missing variable type")
    if kind == "none":
        return None
    if kind == "bool":
        return value not in FALSE
    if kind == "int":
        return int(value)
    if kind in ("str", "multi-str"):
        return value
    raise Unreadable("'Invalid variable type %s'" % kind)


def files(environment: Dict[str, Any]) -> List[str]:
    """The configuration files in their order; the last one wins."""
    own = environment.get("CORE/configFileName")
    found = own.split(":") if own else list(STANDARD)
    return found + [one for one in environment.get("CORE/configFileAppend", "").split(":") if one]


def of_file(text: str, path: str) -> Dict[str, Any]:
    """The keys of one configuration or answer file."""
    parser = configparser.ConfigParser(interpolation=None)
    setattr(parser, "optionxform", str)  # noqa: B010 (mypy refuses a method assigned)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable("Cannot parse configuration file %s: %s" % (path, error)) from error
    found = {}
    section = "environment:default"
    for key, value in parser.items(section) if parser.has_section(section) else ():
        try:
            found[key] = typed(value)
        except (Unreadable, ValueError) as error:
            where = "key %s at section %s: %s" % (key, section, error)
            raise Unreadable("Cannot parse configuration file " + where) from error
    return found
