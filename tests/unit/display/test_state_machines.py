"""State machines as graphs: nothing is missing, nothing overlaps, and the pictures in the documents are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from display.state_machines.definition import Graph, condition, read
from display.state_machines.drawing import Drawing, Visit, draw
from display.state_machines.layers import Size, lay_out
from display.state_machines.pictures import machine_style, pictures

ROOT = Path(__file__).parents[3]
DEFINITIONS = ROOT / "local_stepfunctions"
FILES = sorted(DEFINITIONS.glob("*.asl.json"))
SIZE = Size(100, 40)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def graph(path: Path) -> Graph:
    return read(json.loads(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_picture_has_every_state_and_every_transition(path: Path) -> None:
    svg = parsed(draw(graph(path), path.stem))
    drawn = [each.text for each in svg.iter() if each.get("class") == "name"]
    assert sorted(map(str, drawn)) == sorted(graph(path).names())
    lines = [each for each in svg.iter() if str(each.get("class")).startswith("line ")]
    assert len(lines) == count(graph(path))


def count(of: Graph) -> int:
    """Return the number of lines: the transitions, and one from each start."""
    return 1 + len(of.transitions) + sum(count(child) for state in of.states for child in state.children)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_state_overlaps_another(path: Path) -> None:
    states = graph(path)
    sizes = {state.name: SIZE for state in states.states}
    layout = lay_out(states.starts[0], sizes, [(each.source, each.target) for each in states.transitions])
    centers = list(layout.centers.values())
    for number, (x, y) in enumerate(centers):
        assert all(abs(x - a) >= SIZE.width or abs(y - b) >= SIZE.height for a, b in centers[:number])
        assert SIZE.width / 2 <= x <= layout.width - SIZE.width / 2


def test_lines_lead_down_except_those_of_a_loop() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")]
    layout = lay_out("a", dict.fromkeys("abc", SIZE), edges)
    down = {edge: line[0][1] < line[-1][1] for edge, line in layout.lines.items()}
    assert down == {("a", "b"): True, ("b", "c"): True, ("c", "a"): False, ("a", "c"): True}


def test_lines_that_need_not_cross_do_not() -> None:
    edges = [("s", "a"), ("s", "b"), ("a", "y"), ("b", "x")]
    layout = lay_out("s", dict.fromkeys("sabxy", SIZE), edges)
    assert (layout.centers["a"][0] < layout.centers["b"][0]) == (layout.centers["y"][0] < layout.centers["x"][0])


def test_a_visit_gives_its_state_a_tone_a_note_and_a_link() -> None:
    (first,) = graph(FILES[0]).starts
    visits = {first: Visit("good", "40 ms", "told")}
    svg = draw(graph(FILES[0]), "an execution", Drawing(visits, (), {first: "visit-1"}))
    assert "is-visited tone-good" in svg
    assert 'href="#visit-1"' in svg
    assert ">40 ms<" in svg


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"Variable": "$.a", "NumericGreaterThanEquals": 3, "Next": "X"}, "a ≥ 3"),
        ({"Not": {"Variable": "$.a", "StringEquals": "b"}}, "not (a = b)"),
        ({"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.b", "BooleanEquals": False}]},
         "a is present: true and b = false"),
        ({"Condition": "{% $x > 1 %}"}, "$x > 1"),
    ],
)  # fmt: skip
def test_a_choice_is_described_in_one_line(choice: dict[str, object], words: str) -> None:
    assert condition(choice) == words


def test_something_that_is_no_definition_is_refused() -> None:
    with pytest.raises(ValueError, match="StartAt"):
        read({"States": {}, "StartAt": "Nowhere"})


@pytest.mark.parametrize("name", [f"{path.name.removesuffix('.asl.json')}.svg" for path in FILES])
def test_the_pictures_in_the_documents_are_drawn_from_the_definitions(name: str) -> None:
    """Run `make docs` after a change of a definition or of the drawing."""
    assert (ROOT / "docs" / "pictures" / name).read_text() == pictures(DEFINITIONS)[name]


def test_a_picture_that_stands_alone_defines_every_color_that_it_uses() -> None:
    style = machine_style()
    used = set(re.findall(r"var\((--[\w-]+)\)", style)) - {"--tone"}  # a tone's class sets it
    assert "--card" in used
    assert used <= set(re.findall(r"(--[\w-]+):", style))
