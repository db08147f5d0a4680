"""The configuration of `make mutants` names files that exist, and its report counts correctly."""

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]


@pytest.fixture(scope="module")
def report() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants_report", ROOT / "ci" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules["mutants_report"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("pattern", CONFIGURATION["only_mutate"] + CONFIGURATION["pytest_add_cli_args_test_selection"])
def test_every_module_and_test_that_mutants_run_on_exists(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_every_equivalent_mutant_has_a_reason_and_a_function_that_exists(report: ModuleType) -> None:
    for entry in report.equivalents(report.EQUIVALENTS):
        assert entry.reason
        *names, function = entry.function.split(".")
        path = next(
            path
            for length in range(len(names), 0, -1)
            if (path := ROOT / "src" / Path(*names[:length]).with_suffix(".py")).is_file()
        )
        assert f"def {function}(" in path.read_text(), entry.function


@pytest.mark.parametrize(
    ("mangled", "name"),
    [("x_load__mutmut_1", "load"), ("x__load__mutmut_12", "_load"), ("xǁJobǁmove__mutmut_3", "Job.move")],
)
def test_a_mutant_is_named_by_its_function(report: ModuleType, mangled: str, name: str) -> None:
    assert report.readable(mangled) == name


def test_an_equivalent_mutant_does_not_count(report: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    mutants = [
        report.Mutant("a", "a.f", True),
        report.Mutant("a", "a.f", False, "return 1"),
        report.Mutant("a", "a.f", False, "return 2"),
    ]
    listed = [report.Equivalent("a.f", "return 2", "because"), report.Equivalent("a.g", "pass", "gone")]
    assert report.report(mutants, listed, whole=True) == 0.5
    printed = capsys.readouterr().out
    assert "alive: a.f: return 1" in printed
    assert "return 2" not in printed
    assert "not alive: a.g: pass" in printed
