"""A password does not print, whatever is done with what holds it."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from jughpc.store.location import parse
from jughpc.store.redis.server import PASSWORD, Secret, password_from

SECRET = Secret("topsecret")


@pytest.mark.parametrize(
    "show", [str, repr, "{}".format, "{!r}".format, "{:>20}".format, lambda secret: f"{[secret]} {vars(parse('x'))}"]
)
def test_a_password_does_not_print(show):
    assert "topsecret" not in show(SECRET)


def test_a_password_does_not_become_json():
    with pytest.raises(TypeError):
        json.dumps({"password": SECRET})


def test_the_place_that_a_password_leads_to_does_not_print_it():
    place = parse("redis://ada:topsecret@localhost/0")
    for text in (str(place), repr(place), place.spell(), "".join(traceback.format_exception(ValueError(place)))):
        assert "topsecret" not in text


def test_a_password_from_the_environment_is_one():
    assert password_from({PASSWORD: "topsecret"}, Path("/nonexistent")).reveal() == "topsecret"
