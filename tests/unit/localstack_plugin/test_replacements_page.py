"""docs/localstack.md lists every replacement in LocalStack and every plugin interface in use."""

from pathlib import Path

import pytest

from localstack_plugin import replacements_page
from localstack_plugin.replacements_page import NotLiteralError, Replacement, replacements, replacements_in, with_tables

PAGE = Path(__file__).parents[3] / "docs" / "localstack.md"
SOURCE = "from localstack_plugin.replacing import replace\n"


def test_the_page_has_the_tables_of_the_code() -> None:
    page = PAGE.read_text()
    assert with_tables(page) == page, "run `make docs`"


def test_every_module_that_replaces_something_is_listed() -> None:
    importing = {
        path.relative_to(replacements_page.PLUGIN).as_posix()
        for path in replacements_page.PLUGIN.rglob("*.py")
        if "from localstack_plugin.replacing import" in path.read_text()
    }
    assert {replacement.file for replacement in replacements()} == importing


def test_every_reason_is_written_in_whole_sentences() -> None:
    for replacement in replacements():
        assert replacement.why[0].isupper(), replacement
        assert replacement.why.endswith("."), replacement
        assert "|" not in replacement.why, "it would end the cell of the table"


def test_a_call_over_several_lines_is_read() -> None:
    source = (
        SOURCE + "replace(\n    'module'\n    ':name',\n    'other:name',\n    by=1,\n    why='Be'\n    'cause.',\n)"
    )
    assert list(replacements_in(source, "file.py")) == [
        Replacement("file.py", ("module:name", "other:name"), "Because.")
    ]


@pytest.mark.parametrize(
    "call", ["replace(target, by=1, why='Because.')", "replace('a:b', by=1, why=reason)", "replace('a:b', by=1)"]
)
def test_a_target_or_a_reason_that_is_not_literal_is_refused(call: str) -> None:
    with pytest.raises(NotLiteralError, match=r"file\.py:2: write each target"):
        list(replacements_in(SOURCE + call, "file.py"))


def test_another_function_called_replace_is_not_a_replacement() -> None:
    source = "from dataclasses import replace\nreplace(value, name=1)"
    assert list(replacements_in(source, "file.py")) == []
