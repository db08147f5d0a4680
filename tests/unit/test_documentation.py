"""The documents name every setting, make target, dependency and folder, and nothing that does not exist."""

from __future__ import annotations

import configparser
import itertools
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import documentation

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\b(?:SAGEMAKER_EMULATOR|SCONES)_[A-Z_]+\b")
INTERNAL_VARIABLES = {
    "SAGEMAKER_EMULATOR_INSTANCE",
    "SCONES_AWS_ENDS",
    "SCONES_LAMBDA_LAYERS",
    "SCONES_LAMBDA_LINE",
    "SCONES_LAMBDA_PACKAGES",
    "SCONES_LAMBDA_SECRET",
    "SCONES_LAMBDA_SERVER_PIPE",
    "SCONES_LOCAL_CLOUD",
    "SCONES_PERSISTENCE_DIR",
    "SCONES_SHELL_BEFORE",
    "SCONES_SHELL_FOLDER",
}
TABLE_ROW = re.compile(r"^\| (.+?) \|", re.MULTILINE)
ARCHITECTURE = ROOT / "docs" / "architecture.md"
WITH_SUBFOLDERS = ("src", "tests")
FOLDER = re.compile(r"`([\w.-]+(?:/[\w.-]+)*)/`")
PATH = re.compile(r"`((?:src|tests|docs|docker|benchmarks|fuzz|ci|local|local_stepfunctions)/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_servers_page_lists_every_variable_that_the_servers_read() -> None:
    code = "".join(path.read_text() for path in [*(ROOT / "src").rglob("*.py"), ROOT / "docker-compose.yml"])
    page = (ROOT / "docs" / "servers.md").read_text()
    assert set(VARIABLE.findall(code)) - INTERNAL_VARIABLES == set(VARIABLE.findall(page))


def test_every_make_command_in_the_readme_is_a_target() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()

    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE)) | {
        name for line in re.findall(r"^(?:\.PHONY|STEPS) ?:=? ?(.*)$", makefile, re.MULTILINE) for name in line.split()
    }
    commands = set(re.findall(r"^(?:\w+=\S+ )?make ((?:[a-z-]+ ?)+?)(?: {2,}|$)", readme, re.MULTILINE))
    assert commands
    assert {name for line in commands for name in line.split()} <= targets


def test_every_dependency_has_a_reason_in_the_decision_about_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    decision = (ROOT / "docs" / "adr" / "0003-dependencies.md").read_text()
    project_tables = decision.partition("Benchmarks and set-up")[0]

    names = {re.split(r"[\[=<>]", requirement)[0] for requirement in requirements}
    assert set(TABLE_ROW.findall(project_tables)) - {"package", "---"} == names


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(line) for line in listing.splitlines() if (ROOT / line).is_file()]


def folders() -> set[str]:
    """Return every top-level folder, and every folder below `src` and `tests`, of the files that git tracks."""
    parents = {parent for file in tracked_files() for parent in file.parents if parent.name}
    return {path.as_posix() for path in parents if len(path.parts) == 1 or path.parts[0] in WITH_SUBFOLDERS}


def test_the_architecture_page_names_every_folder() -> None:
    assert sorted(folders() - set(FOLDER.findall(ARCHITECTURE.read_text()))) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])  # it also names earlier paths
def test_a_page_names_only_paths_that_exist(page: str) -> None:
    assert [path for path in PATH.findall((ROOT / page).read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file(page: str) -> None:
    path = ROOT / page
    assert [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()] == []


def test_every_part_has_a_page() -> None:
    parts = {folder for folder in folders() if folder.startswith("src/") and folder.count("/") == 1}
    table = ARCHITECTURE.read_text().partition("## Parts")[2].partition("## ")[0]
    pages = {
        folder: LINK.findall(row) for row in table.splitlines() for folder in FOLDER.findall(row) if folder in parts
    }
    assert sorted(parts - pages.keys()) == []
    assert [folder for folder, links in pages.items() if not links] == []


def layers() -> dict[str, int]:
    """Return each folder below `src` that a layers contract of import-linter names, with the number of its layer."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    numbers = {}
    for contract in contracts.values():
        for container in contract.get("containers", "").split():
            for number, layer in enumerate(contract["layers"].split("\n")):
                for name in layer.replace("|", " ").split():
                    numbers[f"src/{container.replace('.', '/')}/{name}"] = number
    return numbers


def test_the_tables_of_the_architecture_page_have_the_order_of_the_layers() -> None:
    numbers = layers()
    rows = [row.removesuffix("/`").removeprefix("`") for row in TABLE_ROW.findall(ARCHITECTURE.read_text())]
    tables: dict[str, list[str]] = {}
    for folder in (row for row in rows if row in numbers):
        tables.setdefault(folder.rpartition("/")[0], []).append(folder)
    assert tables
    for table in tables.values():
        assert table == sorted(table, key=lambda folder: numbers[folder])


@pytest.mark.parametrize("page", documentation.PAGES)
def test_every_example_is_run_or_names_its_test(page: str) -> None:
    examples = documentation.examples_of(page)
    unknown = [example.line for example in examples if example.language not in ("sh", "python", "json", "text")]
    without_a_test = [example.line for example in examples if not (ROOT / example.tested_by).exists()]
    assert (unknown, without_a_test) == ([], [])


def test_an_example_that_nobody_runs_has_a_language() -> None:
    """A block without a language counts as a drawing: commands must not hide in one."""
    for page in documentation.PAGES:
        blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
        assert [block for block in blocks if re.match(r"(scones|make|aws|pip|python) ", block)] == []


@pytest.mark.parametrize(
    ("expected", "output", "matches"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a …\n", "a b\n", True),
        ("…\nc\n", "a\nb\nc\n", True),
        ("…\nc\n", "c\nd\n", False),
    ],
)
def test_the_output_of_an_example_is_compared(expected: str, output: str, matches: bool) -> None:
    assert bool(documentation.printed(expected).fullmatch(output)) is matches
