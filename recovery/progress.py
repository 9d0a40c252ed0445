# SPDX-License-Identifier: Apache-2.0
"""Tell a person what a long dialogue is doing. Imports context, deadman, moment."""

import re

from recovery import context as contexts
from recovery import deadman
from recovery import moment as moments

QUIET = 60.0  # seconds after which the same line is told once more
# otopi's log lines on a terminal; among the stages those that take time or change something.
LINE = re.compile(r"\[ *(INFO|WARNING|ERROR) *\] (.*)")
DULL = re.compile(
    r"Stage: (Initializing|Environment setup|Environment packages setup|Programs detection|"
    r"Misc configuration \(early\)|Package installation|Clean up|Pre-termination|Termination)"
)
ANSWERED = re.compile(r"\((?:Yes, No|OK, Cancel)\) \[\w+\]: *\w+$")


class Told:
    """The listener of one dialogue: passes on lines worth reading, and that it still goes on."""

    def __init__(self, context: contexts.Context, who: str) -> None:
        self.context = context
        self.who = who
        self.begin = self.last = context.node.uptime()
        self.now = "started"
        self.question = ""  # the newest line with one, for prompts that do not repeat it

    def line(self, text: str) -> None:
        """Take a line that was shown, or "" for a while of silence."""
        deadman.beat(self.context)
        found = LINE.search(text)
        if found and not DULL.match(found.group(2)):
            self.now = found.group(2)
            if found.group(1) != "INFO":
                self.now = "%s: %s" % (found.group(1), self.now)
            self._say()
        elif ANSWERED.search(text):
            words = text.strip()
            asked = "%s %s" % (self.question, words) if words.startswith("(") else words
            self.context.say("%s asks: %s" % (self.who, asked))
        elif self.context.node.uptime() - self.last >= QUIET:
            self._say()

        if text.rstrip().endswith("?"):
            self.question = text.strip()

    def _say(self) -> None:
        self.last = self.context.node.uptime()
        self.context.say("%s: %s (%s)" % (self.who, self.now, moments.span(self.last - self.begin)))
