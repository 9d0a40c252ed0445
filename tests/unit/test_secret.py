# SPDX-License-Identifier: Apache-2.0
import copy
import json
import pickle
from typing import Any, Callable

import pytest

from recovery.dialogue import Exchange
from recovery.secret import Secret

VALUE = "correct horse"


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, lambda one: "%s %r" % (one, one), lambda one: repr([one, {1: one}])],
)
def test_secret_shown_in_any_way_is_stars(show: Callable[[Any], str]) -> None:
    assert VALUE not in show(Secret(VALUE))
    assert "********" in show(Secret(VALUE))


def test_secret_in_an_exchange_is_stars() -> None:
    assert VALUE not in repr(Exchange("password: ", Secret(VALUE)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secret_pickled_is_refused(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE), protocol)


def test_secret_as_json_is_refused() -> None:
    with pytest.raises(TypeError):
        json.dumps({"password": Secret(VALUE)})


def test_secret_copied_is_refused() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(VALUE))


def test_secret_has_no_attributes_to_dump() -> None:
    with pytest.raises(TypeError):
        vars(Secret(VALUE))


def test_reveal_returns_the_value() -> None:
    assert Secret(VALUE).reveal() == VALUE
