"""Charts: axes, hover texts, and more points than a chart has room for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from display import figures
from display.calibration_chart import bins, calibration_chart, expected_error
from display.confidence_charts import Decision, bin_edges, confidence_over_time, histogram
from display.line_chart import BOTTOM, Axes, Series, line_chart, thinned
from display.matrix_chart import confusion_matrix
from display.parallel_chart import Line, parallel_chart
from display.scales import fitted, padded, text_width, ticks, time_ticks
from display.scatter_chart import Point, scatter_chart

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.91, 0.98), (-3, 250), (0.5, 0.5)])
def test_ticks_are_round_few_and_inside(low: float, high: float) -> None:
    low, high = padded(low, high)
    values = ticks(low, high)
    assert 2 <= len(values) <= 7
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.1, 0.001), ["0.001", "0.01", "0.1"]),
        ((0.05, 0.00003), ["10⁻⁵", "0.0001", "0.001", "0.01", "0.1"]),
        ((1e-12, 1.0), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1"]),
    ],
)
def test_values_that_span_two_decades_have_a_logarithmic_axis(values: tuple[float, ...], labels: list[str]) -> None:
    scale = fitted(values, 0.0, 100.0)
    assert scale.is_log
    assert [figures.power_of_ten(value) for value in scale.ticks()] == labels
    assert [scale(scale.low), scale(scale.high)] == pytest.approx([0.0, 100.0])
    assert scale((scale.low * scale.high) ** 0.5) == pytest.approx(50.0)


@pytest.mark.parametrize("values", [(0.1, 0.0011), (0.0, 5.0), (-1.0, 1000.0), (3.0,)])
def test_values_that_are_near_each_other_or_not_positive_have_a_linear_axis(values: tuple[float, ...]) -> None:
    assert not fitted(values, 0.0, 100.0).is_log


def test_a_scatter_has_room_for_the_values_of_the_chart_beside_it() -> None:
    svg = scatter_chart([Point(1, 0.5, "a", "/a"), Point(2, 0.6, "b", "/b")], "epochs", "accuracy", [0.5, 0.6, 0.0])
    assert ">0</text>" in svg


SPANS = [
    timedelta(seconds=0.4),
    timedelta(seconds=2),
    timedelta(minutes=3),
    timedelta(hours=30),
    timedelta(days=40),
]


@pytest.mark.parametrize("span", SPANS)
def test_no_two_ticks_of_a_time_axis_have_the_same_label(span: timedelta) -> None:
    labels = [label for _, label in time_ticks(START, START + span)]
    assert len(labels) == len(set(labels)) >= 3


@pytest.mark.parametrize("width", [358.0, 520.0, 860.0, 1072.0])
@pytest.mark.parametrize("span_s", [0.4, 1.0, 1.7, 2.9, 7.0, 40.0, 200.0, 5_000.0, 100_000.0, 400_000.0, 4_000_000.0])
def test_labels_of_a_time_axis_do_not_overlap_in_the_largest_letters(width: float, span_s: float) -> None:
    """`00:18:41.0` lay on `00:18:41.5` on a telephone."""
    start = START.timestamp() + 0.03
    points = [Decision(start + span_s * part, 0, 0.9) for part in (0.0, 0.5, 1.0)]
    series = Series("a", tuple((each.time, each.confidence) for each in points))
    axes = Axes(width=width, x_is_time=True)
    for svg in (confidence_over_time(points, 0.8, ("a",), width), line_chart([series], "A", axes)):
        texts = [each for each in parsed(svg).iter() if each.tag.endswith("text") and is_time(each.text or "")]
        placed = [(float(each.attrib["x"]), text_width(each.text or ""), each.attrib["text-anchor"]) for each in texts]
        ends = [(at - wide * (1 if anchor == "end" else 0.5), wide) for at, wide, anchor in placed]
        assert ends, "an axis has at least one label"
        assert all(left + wide < after for (left, wide), (after, _) in pairwise(ends)), [each.text for each in texts]
        assert all(left + wide <= width for left, wide in ends)


def is_time(label: str) -> bool:
    return re.fullmatch(r"[\d:.]{5,}|\d\d [A-Z][a-z]{2}( \d\d:\d\d)?", label) is not None and not label.startswith("0.")


def test_every_value_of_a_short_curve_has_a_hover_text() -> None:
    svg = line_chart([Series("loss", tuple((float(n), n / 8) for n in range(1, 9)))], "Loss")
    texts = [each.text or "" for each in parsed(svg).iter() if each.get("class") == "value"]
    assert texts == [f"step {n}: {n / 8:.4g}" for n in range(1, 9)]


def test_a_long_curve_keeps_its_extremes() -> None:
    points = tuple((float(n), 1.0 if n == 5000 else n % 7 / 100) for n in range(10_000))
    kept = thinned(points)
    assert len(kept) <= 320
    assert (5000.0, 1.0) in kept


def test_a_single_point_and_equal_values_are_drawn() -> None:
    assert "<circle" in line_chart([Series("a", ((1.0, 0.5),))], "One")
    assert "nan" not in line_chart([Series("a", ((1.0, 0.5), (2.0, 0.5)))], "Equal")


def test_a_curve_is_interrupted_where_points_are_missing() -> None:
    points = ((0.0, 1.0), (60.0, 2.0), (600.0, 1.0), (660.0, 3.0), (1200.0, 2.0))
    svg = line_chart([Series("requests", points)], "Invocations", Axes(gap=90.0))
    curves = [each.get("d") or "" for each in parsed(svg).iter() if each.get("class", "").startswith("curve")]
    assert [curve.count("L") for curve in curves] == [1, 1]
    assert line_chart([Series("requests", points)], "Invocations").count('class="curve') == 1


def test_a_point_alone_between_gaps_is_seen_on_a_long_curve() -> None:
    points = tuple((60.0 * n, 1.0) for n in range(100) if n not in (49, 51))
    svg = line_chart([Series("requests", points)], "Invocations", Axes(gap=90.0))
    outside = svg.split('class="hover"')[0]
    assert outside.count("<circle") == 1


@pytest.mark.parametrize("threshold", [0.93, 0.5, 0.999])
def test_no_bar_of_the_histogram_spans_the_threshold(threshold: float) -> None:
    edges = bin_edges(0.3, threshold)
    assert threshold in edges
    assert edges == sorted(set(edges))
    assert (edges[0], edges[-1]) == (0.3, 1.0)


def test_decisions_below_the_threshold_are_open_and_wrong_ones_have_a_ring() -> None:
    decisions = [Decision(0, 0, 0.99), Decision(1, 1, 0.6), Decision(2, 1, 0.97, label=0)]
    svg = confidence_over_time(decisions, 0.93, ["bicycle", "motorcycle"])
    assert svg.count("is-open") == 1
    assert svg.count("is-wrong") == 1
    assert "it is a bicycle" in svg
    assert histogram(decisions, 0.93, ["bicycle", "motorcycle"]).count('class="bar') == 3


def test_names_from_outside_are_escaped_in_every_chart() -> None:
    evil = '"><script>'
    charts = [
        line_chart([Series(evil, ((1.0, 2.0), (2.0, 3.0))), Series("b", ((1.0, 1.0),))], evil),
        scatter_chart([Point(1, 2, evil, evil)], evil, evil),
        confidence_over_time([Decision(0, 0, 0.5, name=evil)], None, [evil]),
    ]
    assert all("<script" not in chart and parsed(chart) is not None for chart in charts)


def test_a_calibration_error_is_the_weighted_distance_of_accuracy_and_confidence() -> None:
    groups = bins([(0.95, True), (0.95, True), (0.75, False), (0.75, True)])
    assert [(group.count, group.accuracy) for group in groups] == [(2, 0.5), (2, 1.0)]
    assert expected_error(groups) == pytest.approx((2 * 0.25 + 2 * 0.05) / 4)
    assert calibration_chart([(1.0, True), (0.1, False)]).count("<circle") == 2


def test_a_confusion_matrix_has_each_count_and_its_share_of_the_true_class() -> None:
    svg = confusion_matrix([[9, 1], [0, 4]], ["near", "<far>"])
    for told in ("1 of 10 images of near are predicted as &lt;far&gt;", ">90 %<", "4 of 4 images"):
        assert told in svg
    parsed(confusion_matrix([[1] * 30] * 30, [f"class {number}" for number in range(30)]))


@pytest.mark.parametrize(("classes", "has_shares"), [(2, True), (5, True), (8, False)])
def test_a_confusion_matrix_is_as_large_as_other_charts_and_has_shares_where_there_is_room(
    classes: int, has_shares: bool
) -> None:
    svg = confusion_matrix([[1] * classes] * classes, [f"a long name {number}" for number in range(classes)])
    view = [float(each) for each in (parsed(svg).get("viewBox") or "").split()]
    assert view[2] == 520
    assert (view[3] == 300) == has_shares
    assert ("%<" in svg) == has_shares


LINES = [
    Line("a", {"rate": 0.0, "kind": "adam", "accuracy": 0.0}, "/a"),
    Line("b", {"rate": 1.0, "accuracy": 1.0}, "/b", is_best=True),
]


def points_of(svg: str) -> list[list[tuple[float, float]]]:
    """Return the places of each line on the axes, in the pieces in which it is drawn."""
    paths = [each.get("d") or "" for each in parsed(svg).iter() if each.tag.endswith("path")]
    pieces = [piece for path in paths for piece in path[1:].split("M")]
    return [[(float(x), float(y)) for x, _, y in (p.partition(",") for p in piece.split("L"))] for piece in pieces]


def test_a_line_crosses_each_axis_at_its_value() -> None:
    first, *best = points_of(parallel_chart(LINES, ["rate", "kind", "accuracy"]))
    assert (first[0], first[2]) == ((76.0, 306.0), (916.0, 306.0))
    assert (best[0][0], best[-1][-1]) == ((76.0, 34.0), (916.0, 34.0))
    assert best[0][-1] == best[-1][0] == (496.0, 306.0)


@pytest.mark.parametrize("is_narrow", [False, True])
def test_only_the_way_to_a_value_that_is_not_set_is_dashed(is_narrow: bool) -> None:
    lines = [Line("a", {"y": 0.5, "z": 0.5}, "/a"), Line("b", {"x": 1.0, "y": 1.0, "z": 1.0}, "/b")]
    svg = parsed(parallel_chart(lines, ["x", "y", "z"], is_narrow))
    paths = [each for each in svg.iter() if each.tag.endswith("path")]
    assert ["is-not-set" in (each.get("class") or "") for each in paths] == [True, False, False]
    pieces = points_of(ElementTree.tostring(svg, encoding="unicode"))
    assert [len(piece) for piece in pieces] == [2, 2, 3]
    assert pieces[0][-1] == pieces[1][0]


@pytest.mark.parametrize("is_narrow", [False, True])
def test_an_axis_ends_before_the_place_of_what_is_not_set(is_narrow: bool) -> None:
    lines = [Line("a", {"y": 0.0}, "/a"), Line("b", {"x": 1.0, "y": 1.0}, "/b")]
    svg = parsed(parallel_chart(lines, ["x", "y"], is_narrow))
    (ring,) = [each for each in svg.iter() if each.get("class") == "not-set"]
    axis = next(each for each in svg.iter() if each.get("class") == "axis")
    along = "x" if is_narrow else "y"
    ends = [float(axis.get(f"{along}{number}") or 0) for number in (1, 2)]
    assert min(abs(end - float(ring.get(f"c{along}") or 0)) for end in ends) > 20


@pytest.mark.parametrize("is_narrow", [False, True])
@pytest.mark.parametrize("value", [0.01, "adam"])
def test_a_line_without_a_value_passes_the_place_not_set_and_no_value(value: float | str, is_narrow: bool) -> None:
    lines = [Line("a", {"kind": value, "y": 0.0}, "/a"), Line("b", {"y": 0.0}, "/b"), Line("c", {"y": 1.0}, "/c")]
    svg = parallel_chart(lines, ["kind", "y"], is_narrow)
    along = 0 if is_narrow else 1
    (with_value, *without) = [line[0][along] for line in points_of(svg)]
    texts = [each for each in parsed(svg).iter() if each.tag.endswith("text") and each.get("class") == "mark"]
    (mark,) = [each for each in texts if each.text == "not set"]
    place = float(mark.get("x" if is_narrow else "y") or 0) - (0 if is_narrow else 4)
    assert without == [place, place]
    assert abs(with_value - place) > 20
    assert "b\nkind not set\ny 0</title>" in svg


@pytest.mark.parametrize("is_narrow", [False, True])
def test_an_axis_whose_lines_have_one_value_has_only_that_tick(is_narrow: bool) -> None:
    lines = [Line("a", {"rate": 0.002, "y": 0.5}, "/a"), Line("b", {"y": 1.0}, "/b")]
    svg = parallel_chart(lines, ["rate", "y"], is_narrow)
    marks = [each.text for each in parsed(svg).iter() if each.tag.endswith("text") and each.get("class") == "mark"]
    assert marks[:2] == ["not set", "0.002"]
    assert "0.0018" not in svg


def test_a_narrow_chart_shows_every_axis_within_its_width() -> None:
    names = [f"dimension {number}" for number in range(8)]
    svg = parallel_chart(
        [Line("a", dict.fromkeys(names, 0.5), "/a"), Line("b", dict.fromkeys(names, 2.5), "/b")], names, True
    )
    width, height = map(float, (parsed(svg).get("viewBox") or "").split()[2:])
    assert width < 360
    assert all(0 <= x <= width and 0 <= y <= height for line in points_of(svg) for x, y in line)
    assert all(f">{name}</text>" in svg for name in names)


def test_a_narrow_scatter_has_all_points_and_both_names_within_its_width() -> None:
    svg = scatter_chart([Point(1, 0.5, "a", "/a"), Point(30, 0.9, "b", "/b", True)], "epochs", "accuracy", (), 358.0)
    places = [float(each.get("cx") or 0) for each in parsed(svg).iter() if each.tag.endswith("circle")]
    assert all(0 < place < 358 for place in places)
    assert ">epochs</text>" in svg
    assert ">accuracy</text>" in svg


@pytest.mark.parametrize("highest", [0.9, 1.0])
def test_labels_of_the_y_axis_begin_inside_the_picture(highest: float) -> None:
    axes = Axes(write=lambda value: figures.share(value or 0, 1), from_zero=True)
    svg = parsed(line_chart([Series("run", ((0.0, 0.0), (1.0, highest)))], "Share", axes))
    ends = {each.text: float(each.get("x", "")) for each in svg.iter() if each.get("text-anchor") == "end"}
    assert ends["100 %"] >= len("100 %") * 9  # as wide as five digits of 15 px


@pytest.mark.parametrize("falls", [True, False])
def test_the_name_of_a_mark_is_not_on_the_curve(falls: bool) -> None:
    """`best: epoch 14` lay on the end of the loss, and on the axis."""
    values = [1 / (1 + number) for number in range(20)]
    series = Series("loss", tuple((float(n), value if falls else 1 - value) for n, value in enumerate(values)))
    axes = Axes(mark=(14.0, "best: epoch 14"))
    (name,) = (each for each in parsed(line_chart([series], "Loss", axes)).iter() if each.get("class") == "mark-name")
    drawn = parsed(line_chart([series], "Loss", axes))
    curve = next(each for each in drawn.iter() if each.get("class", "").startswith("curve"))
    left, right = float(name.attrib["x"]) - text_width(name.text or ""), float(name.attrib["x"])
    places = [tuple(map(float, each.split(","))) for each in curve.attrib["d"].lstrip("M").split("L")]
    baseline = float(name.attrib["y"])
    assert all(not baseline - 11 <= y <= baseline + 4 for x, y in places if left <= x <= right)
    assert baseline <= axes.height - BOTTOM - 8, "it is not on the axis"


def test_labels_of_the_last_axis_are_beyond_all_lines() -> None:
    """`0.9` stood among the lines that end at the axis."""
    lines = [Line(f"j{n}", {"a": float(n), "b": n / 10}, "/", False) for n in range(1, 10)]
    svg = parsed(parallel_chart(lines, ["a", "b"]))
    last = max(place for path in points_of(parallel_chart(lines, ["a", "b"])) for place, _ in path)
    labels = [each for each in svg.iter() if each.get("class") == "mark"]
    beyond = [each for each in labels if float(each.attrib["x"]) > last]
    assert {each.attrib["text-anchor"] for each in beyond} == {"start"}
    assert len(beyond) >= 3
    assert all(each.attrib["text-anchor"] == "end" for each in labels if each not in beyond)
