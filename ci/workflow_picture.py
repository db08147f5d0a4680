"""Draw a hosted workflow, its jobs with their commands: `python ci/workflow_picture.py WORKFLOW PICTURE`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from display.state_machines.definition import Graph, State, Transition
from display.state_machines.drawing import draw
from display.state_machines.pictures import machine_style

SET_UP = ("Set up", "Make the profile", "Make the profile of staging")


def graph_of(workflow: Mapping[str, Any]) -> Graph:
    """Return the jobs as states, and what each needs as transitions."""
    jobs: Mapping[str, Any] = workflow["jobs"]
    transitions = tuple(
        Transition(jobs[needed]["name"], job["name"]) for job in jobs.values() for needed in _direct(jobs, job)
    )
    starts = tuple(job["name"] for job in jobs.values() if not job.get("needs"))
    needed = {name for job in jobs.values() for name in _needs(job)}
    return Graph(starts, tuple(_state(job, name not in needed) for name, job in jobs.items()), transitions)


def _needs(job: Mapping[str, Any]) -> Sequence[str]:
    needs = job.get("needs", ())
    return (needs,) if isinstance(needs, str) else needs


def _direct(jobs: Mapping[str, Any], job: Mapping[str, Any]) -> list[str]:
    """Return the jobs that a job waits for, without those that another of them waits for."""
    needs = _needs(job)
    return [one for one in needs if not any(one in _needs(jobs[other]) for other in needs)]


def _state(job: Mapping[str, Any], is_end: bool) -> State:
    steps = [step["name"] for step in job["steps"] if "run" in step and step["name"] not in SET_UP]
    inside = Graph(
        tuple(steps[:1]),
        tuple(State(name, "Task", "", is_end=name == steps[-1]) for name in steps),
        tuple(Transition(*pair) for pair in pairwise(steps)),
    )
    environment = f"environment {job['environment']}" if "environment" in job else "no AWS account"
    return State(job["name"], "Parallel", environment, is_end, children=(inside,))


def picture_of(workflow: Path) -> str:
    graph = graph_of(yaml.safe_load(workflow.read_text()))
    return draw(graph, f"The jobs of {workflow.name}", style=machine_style()) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(picture_of(Path(sys.argv[1])))
