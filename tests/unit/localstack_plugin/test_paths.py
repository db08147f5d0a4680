"""Paths of names only are followed without the general selection; they select the same."""

from typing import Any

import pytest

from localstack_plugin.stepfunctions.paths.selection import ELSEWHERE, PathNotFoundError, Walk, follow, select, value_of
from localstack_plugin.stepfunctions.paths.syntax import parsed

DOCUMENT: dict[str, Any] = {"a": {"b": [1], "none": None, "": 2}, "text": "x", "list": [{"a": 1}]}


@pytest.mark.parametrize("path", ["$", "$.a", "$.a.b", "$['a']['none']", "$.a['']"])
def test_a_path_of_names_gives_the_value_itself(path: str) -> None:
    steps = parsed(path).steps
    (expected,) = follow(steps, DOCUMENT, Walk(parsed(path), DOCUMENT))
    assert value_of(steps, DOCUMENT) is expected
    assert select(parsed(path), DOCUMENT) is expected


@pytest.mark.parametrize("path", ["$.list[0]", "$.a['b','none']", "$.text.length()", "$.text.x", "$.list.a", "$.no"])
def test_other_paths_are_left_to_the_general_selection(path: str) -> None:
    assert value_of(parsed(path).steps, DOCUMENT) is ELSEWHERE


@pytest.mark.parametrize("path", ["$.no", "$.no.way", "$.text.x", "$.a.none.x"])
def test_a_definite_path_that_selects_nothing_fails(path: str) -> None:
    with pytest.raises(PathNotFoundError):
        select(parsed(path), DOCUMENT)
