# SPDX-License-Identifier: Apache-2.0
"""The little of the shell's grammar that is typed there: lists, pipes, redirections, $( ), <<'X'.

Imports nothing of ours.
"""

from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

OPERATORS = ("2>&1", "2>>", "2>", "&>", "&&", "||", ">>", "<<") + tuple(";|<>&\n()")
REDIRECTIONS = ("<", "<<", ">", ">>", "2>", "2>>", "&>", "2>&1")


MARK = "\0"  # around the name of a variable in a word, or the text of a substituted command


class SyntaxTrouble(Exception):
    """bash's words for it."""


class Word(NamedTuple):
    text: str
    operator: bool = False
    plain: bool = True  # no quotes: patterns in it would be expanded


class Command(NamedTuple):
    words: List[Word]
    variables: List[Tuple[str, str]]
    redirections: List[Tuple[str, str]]


class Piped(NamedTuple):
    """`joint` says when it runs: after success (&&), after failure (||), or always (;)."""

    joint: str
    commands: List[Command]


def tokens(text: str) -> List[Word]:
    found = []
    at = 0
    while at < len(text):
        operator = _operator(text, at)
        if operator:
            found.append(Word(operator, True))
            at += len(operator)
            if operator == "\n":
                at = _documents(text, at, found)
        elif text[at] == "#":
            at += len(text[at:].partition("\n")[0])
        elif text[at] in " \t\r":
            at += 1
        else:
            word, at = _word(text, at)
            found.append(word)
    return found


def _documents(text: str, at: int, found: List[Word]) -> int:
    """Put what follows the line in the place of each <<'WORD' in it; only quoted ones are known."""
    for number in range(len(found) - 1):
        if found[number] == Word("<<", True) and not found[number + 1].operator:
            end = found[number + 1].text
            body, mark, _ = ("\n" + text[at:] + "\n").partition("\n%s\n" % end)
            if found[number + 1].plain or not mark:
                raise SyntaxTrouble("syntax error near unexpected token `<<'")
            found[number : number + 2] = [Word("<<", True), Word((body + "\n")[1:], True)]
            at = min(at + len(body) + len(end) + 1, len(text))
    return at


def _operator(text: str, at: int) -> str:
    for operator in OPERATORS:
        if text.startswith(operator, at):
            return operator
    return ""


def _word(text: str, at: int) -> Tuple[Word, int]:
    parts: List[str] = []
    plain = True
    while at < len(text) and text[at] not in " \t\r\n;|&<>()":
        if text[at] == "'":
            end = _closing(text, "'", at)
            parts.append(text[at + 1 : end])
            plain, at = False, end + 1
        elif text[at] == '"':
            piece, at = _double(text, at)
            parts.append(piece)
            plain = False
        elif text[at] == "\\":
            parts.append(text[at + 1 : at + 2])
            plain, at = False, at + 2
        elif text[at] == "$":
            piece, at = _variable(text, at)
            parts.append(piece)
        else:
            parts.append(text[at])
            at += 1
    return Word("".join(parts), False, plain), at


def _closing(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at + 1)
    if end < 0:
        raise SyntaxTrouble("unexpected EOF while looking for matching `%s'" % mark)
    return end


def _double(text: str, at: int) -> Tuple[str, int]:
    parts = []
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            parts.append(text[at + 1])
            at += 2
        elif text[at] == "$":
            piece, at = _variable(text, at)
            parts.append(piece)
        else:
            parts.append(text[at])
            at += 1
    if at >= len(text):
        raise SyntaxTrouble("unexpected EOF while looking for matching `\"'")
    return "".join(parts), at + 1


def _variable(text: str, at: int) -> Tuple[str, int]:
    end = at + 1
    if text[end : end + 1] == "?":
        return MARK + "?" + MARK, end + 1
    if text[end : end + 1] == "(":
        end = _closed(text, end)
        return MARK + text[at + 1 : end] + MARK, end + 1
    braces = text[end : end + 1] == "{"
    end += braces
    start = end
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if start == end:
        return "$", at + 1
    return MARK + text[start:end] + MARK, end + braces


def _closed(text: str, at: int) -> int:
    """The place of the parenthesis that closes the one at `at`; quotes inside are skipped."""
    at += 1
    while at < len(text) and text[at] != ")":
        if text[at] == "'":
            at = _closing(text, "'", at)
        elif text[at] == '"':
            at = _double(text, at)[1] - 1
        elif text.startswith("$(", at):
            at = _closed(text, at + 1)
        at += 1
    if at >= len(text):
        raise SyntaxTrouble("unexpected EOF while looking for matching `)'")
    return at


def expand(
    text: str, env: Dict[str, str], substitute: Optional[Callable[[str], str]] = None
) -> str:
    """Fill in the variables and what commands print, at the moment the command runs."""
    parts = text.split(MARK)
    for number in range(1, len(parts), 2):
        name = parts[number]
        if name.startswith("(") and substitute is not None:
            parts[number] = substitute(name[1:])
        else:
            parts[number] = env.get(name, "")
    return "".join(parts)


def parse(text: str) -> List[Piped]:
    joint, commands, pending = ";", [], []  # type: Tuple[str, List[Command], List[Word]]
    done = []
    for word in tokens(text) + [Word(";", True)]:
        if not word.operator or word.text in REDIRECTIONS or _is_document(pending):
            pending.append(word)
            continue
        if word.text in ("&", "(", ")"):
            raise SyntaxTrouble("syntax error near unexpected token `%s'" % word.text)
        if pending:
            commands.append(_command(pending))
            pending = []
        elif word.text != ";" and word.text != "\n":
            raise SyntaxTrouble("syntax error near unexpected token `%s'" % word.text)
        if word.text != "|":
            if commands:
                done.append(Piped(joint, commands))
            joint, commands = (";" if word.text == "\n" else word.text), []
    return done


def _is_document(before: List[Word]) -> bool:
    return before[-1:] == [Word("<<", True)]


def _command(words: List[Word]) -> Command:
    plain: List[Word] = []
    variables: List[Tuple[str, str]] = []
    redirections: List[Tuple[str, str]] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, mark, value = word.text.partition("=")
        if word.operator and word.text == "2>&1":
            redirections.append(("2>&1", ""))
        elif word.operator:
            if not rest:
                raise SyntaxTrouble("syntax error near unexpected token `newline'")
            redirections.append((word.text, rest.pop(0).text))
        elif not plain and mark and name.replace("_", "a").isalnum():
            variables.append((name, value))
        else:
            plain.append(word)
    return Command(plain, variables, redirections)
