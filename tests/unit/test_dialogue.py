# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from recovery import dialogue
from recovery.dialogue import Exchange

BANNER = "quit\r\n\x1b[?2004l\r\r\n\x1b[?2004hvirsh # "


def test_plain_of_a_recorded_prompt_has_no_codes() -> None:
    assert dialogue.plain(BANNER) == "quit\n\nvirsh # "


def test_plain_of_a_window_title_has_none() -> None:
    assert dialogue.plain("\x1b]0;root@node1: ~\x07root@node1:~# ") == "root@node1:~# "


@given(st.lists(st.sampled_from(["\x1b[?2004h", "\x1b[0;1;31m", "\r", "virsh", " # ", "\n"])))
def test_plain_of_pieces_equals_plain_of_the_whole(pieces: "list[str]") -> None:
    shown = ""
    for piece in pieces:
        for letter in piece:  # a read may end anywhere, in the midst of a code too
            shown = dialogue.plain(shown + letter)
    assert shown == dialogue.plain("".join(pieces))


def test_candidates_end_with_the_first_that_must_come() -> None:
    may, must, later = Exchange("a", optional=True), Exchange("b"), Exchange("c")
    assert dialogue.candidates((may, must, later)) == (may, must)
    assert dialogue.candidates((must, may)) == (must,)
    assert dialogue.candidates((may,)) == (may,)
    assert dialogue.candidates(()) == ()
