"""Java's regular expressions, translated to Python."""

import re
import unicodedata

import pytest

from sagemaker_emulator.wire.model import service_model
from sagemaker_emulator.wire.patterns import in_python, matches

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
def test_a_pattern_matches_as_in_java(pattern: str, value: str, expected: bool) -> None:
    assert (re.fullmatch(in_python(pattern), value, re.ASCII) is not None) is expected
    assert matches(pattern, value) is expected


@pytest.mark.parametrize(
    ("java", "python"),
    [
        (r"a.b", r"a[^\n\r\x85\u2028\u2029]b"),
        (r"[a.b].", r"[a.b][^\n\r\x85\u2028\u2029]"),
        (r"\.\[.", r"\.\[[^\n\r\x85\u2028\u2029]"),
        (r"[[a]", r"[\[a]"),
        (r"[]a].", r"[]a][^\n\r\x85\u2028\u2029]"),
        (r"[^]a]", r"[^]a]"),
        (r"[a]${1,}", r"[a]$"),
        (r"[${1}]", r"[${1}]"),
        (r"\p{Digit}", "[0-9]"),
        (r"\P{Digit}", "[^0-9]"),
        (r"[\p{Digit}_]", "[0-9_]"),
        (r"\pa\z", r"\pa\Z"),
        (r"\uD800\uDC00", r"\U00010000"),
        (r"\udbff\udfff", r"\U0010ffff"),
        (r"\uD83D\uDE00", r"\U0001f600"),
        (r"\u0020", r"\u0020"),
    ],
)
def test_a_pattern_is_translated_to_python(java: str, python: str) -> None:
    assert in_python(java) == python


@pytest.mark.parametrize("category", ["L", "Lu", "M", "N", "Nd", "P", "S", "Z", "Zs"])
def test_a_category_has_the_characters_that_unicode_assigns_to_it(category: str) -> None:
    in_category = re.compile(in_python(rf"\p{{{category}}}"))
    for character in "aXÉ漢\u0301٣½_«€+ \u00a0\u2028\U0001f600\U00020000":
        expected = unicodedata.category(character).startswith(category)
        assert bool(in_category.fullmatch(character)) is expected, character


def test_syntax_that_sagemaker_does_not_use_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^\\P\{L\} inside a character class is in none of SageMaker's patterns$"):
        in_python(r"[\P{L}]")


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime"])
def test_every_pattern_of_the_models_compiles(service: str) -> None:
    model = service_model(service)
    patterns = {model.shape(name).pattern for name in model.shape_names} - {None}
    assert patterns
    for pattern in patterns:
        matches(str(pattern), "a-1")
