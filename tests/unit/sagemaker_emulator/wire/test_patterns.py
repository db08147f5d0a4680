"""Java's regular expressions in Python's words."""

import pytest

from sagemaker_emulator.wire.model import service_model
from sagemaker_emulator.wire.patterns import matches

TAG_VALUE = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("[a-z]+", "abc\n", False),
        ("^[a-z]+$", "abc\n", False),
        (".*", "one\u2028two", False),
        (r"[\s\S]*", "one\ntwo", True),
        (TAG_VALUE, "Größe: 漢字 ٣", True),
        (TAG_VALUE, "what?", False),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", "€ 5 \u2013 e\u0301!", True),
        (r"\p{ASCII}*", "plain\n", True),
        (r"\p{ASCII}*", "café", False),
        (r"\A\S[\p{Print}]*\z", "id 1", True),
        (r"\A\S[\p{Print}]*\z", " id", False),
        (r"\d+", "٣", False),
        (r"([\p{L}]*)${1,128}", "abc", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "😀\t", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "\x00", False),
        (r"[^ ~^:?*\[]+", "main", True),
        (r"\P{L}+", "123", True),
    ],
)
def test_a_pattern_means_what_it_means_in_java(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime"])
def test_every_pattern_of_the_models_is_understood(service: str) -> None:
    model = service_model(service)
    patterns = {model.shape(name).pattern for name in model.shape_names} - {None}
    assert patterns
    for pattern in patterns:
        matches(str(pattern), "a-1")
