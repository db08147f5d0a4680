"""The static list of commands agrees with the commands that the parts have."""

from __future__ import annotations

import pytest

from command_line.catalog import COMMANDS, PAGES, WORKFLOW, Entry, aws_commands, local_cloud_commands
from console.cli import cli as pages
from local_cloud.cli import cli as local_cloud
from sagemaker_emulator.cli import cli as emulator
from scones.cli import cli as application

SUMMARIES = {name: summary for section in COMMANDS.values() for name, summary in section.items()}


def test_every_visible_command_of_the_parts_is_in_the_catalog() -> None:
    parts = {**local_cloud.commands, **emulator.commands}
    assert {name for name, command in parts.items() if not command.hidden} == set(local_cloud_commands())
    assert {name for name, command in application.commands.items() if not command.hidden} == set(COMMANDS[WORKFLOW])
    assert set(pages.commands) == set(COMMANDS[PAGES])


@pytest.mark.parametrize("entry", local_cloud_commands().values(), ids=lambda entry: entry.name)
def test_the_summary_of_a_local_command_begins_its_help(entry: Entry) -> None:
    assert " ".join((entry.load().help or "").split()).startswith(SUMMARIES[entry.name])


@pytest.mark.parametrize("entry", aws_commands().values(), ids=lambda entry: entry.name)
def test_the_summary_of_a_step_begins_with_the_verb_of_its_help(entry: Entry) -> None:
    """The catalog's line is shorter than some of the application's."""
    assert (entry.load().help or "").split()[0] == SUMMARIES[entry.name].split()[0]


def test_no_two_parts_have_a_command_with_the_same_name() -> None:
    assert sum(map(len, COMMANDS.values())) == len(SUMMARIES)
