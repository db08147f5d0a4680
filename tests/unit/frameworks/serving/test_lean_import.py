"""XGBoost is imported without the libraries that it needs for others' objects only."""

from __future__ import annotations

import importlib
import sys

import pytest

from frameworks.serving.lean_import import OPTIONAL, optional_libraries_hidden


def test_an_optional_library_cannot_be_imported_in_the_block_and_can_be_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in OPTIONAL:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with optional_libraries_hidden():
        for name in OPTIONAL:
            with pytest.raises(ImportError):
                importlib.import_module(name)
    assert not sys.modules.keys() & set(OPTIONAL)


def test_a_library_that_is_imported_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, OPTIONAL[0], sys)
    with optional_libraries_hidden():
        assert importlib.import_module(OPTIONAL[0]) is sys
    assert sys.modules[OPTIONAL[0]] is sys
