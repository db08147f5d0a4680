"""The findings of a comparison: each violation of the analyzer's file has the numbers of the test that fired."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW
from tests.unit.console.test_drift import FILES, answers

from console.aws.monitoring.schedules import parsed
from image_monitoring.comparison.window import RARE_VALUES, Evidence, Verdict, drifted
from image_monitoring.reporting.documents import drift_violation, reported_tests
from image_monitoring.reporting.explanation import drift_sentence

FILE = "monitoring/bikes/runs/bikes-monitor-2/constraint_violations.json"
MISSING = {
    "feature_name": "brightness",
    "constraint_check_type": "completeness_check",
    "description": "3 of 40 records have no readable image",
}


def page_of(open_console: Open, tests: tuple[Evidence, ...], more: tuple[dict[str, str], ...] = ()) -> str:
    """Return the page of a run whose documents the analyzer itself has written from these tests."""
    shown = drifted(tests, 0.01, 0.05)
    verdict = Verdict(40, 40, tests, shown, True, 0.2, ())
    violations = [*more, *(drift_violation(test, drift_sentence(test)) for test in shown)]
    report: dict[str, Any] = {"message": "drifted", "metrics": {"records": 40.0}, "has_violations": True}
    run = {"output": json.dumps(report | {"tests": reported_tests(verdict)}), "startDate": NOW}
    files = {**FILES, FILE: json.dumps({"violations": violations}).encode()}
    return open_console(answers(files, {"second": run})).get("/drift/bikes").text


def rows_of(page: str) -> list[list[str]]:
    """Return the name and the four numbers of each finding."""
    table = page[page.index('class="rows sortable is-long findings"') :].partition("</table>")[0]
    rows = re.findall(r"<tr><td>(.*?)</td>\s*(.*?)</tr>", table, re.DOTALL)
    return [
        [re.sub("<[^>]+>", "", name.partition("<small>")[0]), *re.findall(r">([^<]+)</td>", cells)]
        for name, cells in rows
    ]


CONTRAST = Evidence("pixels", "contrast", 1e-3, 0.24, 0.0212, 22.9, 19.03)
RARE_CONTRAST = Evidence(RARE_VALUES, "contrast, lowest 1%", 1e-20, 0.231, 1e-18, shares=(0.01, 0.241))
ENTROPY = Evidence("pixels", "entropy", 1e-5, 0.28, 0.0007, 3.74, 3.68)
LOOKS = Evidence("unusual images", "unusual images, beyond 90%", 1e-8, 0.2, 5e-6, shares=(0.1, 0.3))


def test_a_row_has_the_numbers_of_the_test_that_fired_and_the_strongest_is_first(open_console: Open) -> None:
    page = page_of(open_console, (CONTRAST, ENTROPY, RARE_CONTRAST, LOOKS))
    assert rows_of(page) == [
        ["contrast, lowest 1%", "1 %", "24.1 %", "+23.1 points", "&lt; 10⁻¹²"],
        ["unusual images, beyond 90%", "10 %", "30 %", "+20 points", "5·10⁻⁶"],
        ["entropy", "3.74", "3.68", "0.28", "7·10⁻⁴"],
    ]
    assert (
        "<small>24 % of the images, instead of 1 %, have a contrast among the baseline&#39;s lowest 1 %</small>" in page
    )
    assert "Features that differ</dt><dd>3<small>of 3</small>" in page


def test_the_test_that_did_not_fire_is_among_those_that_show_no_difference(open_console: Open) -> None:
    page = page_of(open_console, (CONTRAST, ENTROPY, RARE_CONTRAST, LOOKS))
    folded = page[page.index('<details id="near">') :]
    assert "1 test that shows no difference" in folded
    assert ["contrast", "22.9", "19.03", "0.24", "0.021"] in rows_of(folded)


def test_a_distribution_that_differs_is_named_instead_of_its_rare_values(open_console: Open) -> None:
    strong = Evidence("pixels", "contrast", 1e-8, 0.5, 1e-6, 22.9, 12.0)
    (row,) = rows_of(page_of(open_console, (strong, RARE_CONTRAST)))
    assert row == ["contrast", "22.9", "12", "0.5", "10⁻⁶"]


def test_a_violation_without_a_test_has_a_row_without_numbers(open_console: Open) -> None:
    brightness = Evidence("pixels", "brightness", 0.5, 0.1, 1.0, 120.0, 118.0)
    page = page_of(open_console, (brightness, ENTROPY), (MISSING,))
    assert rows_of(page)[0] == ["brightness", "—", "—", "—", "—"]
    assert "3 of 40 records have no readable image" in page


def test_the_page_has_the_place_of_the_file_and_the_rule(open_console: Open) -> None:
    page = page_of(open_console, (ENTROPY,))
    assert f"<code>s3://images/{FILE}</code>" in page
    assert (
        "its corrected p is below 0.01 and its difference is at least 0.05, or 5 percentage points of the images"
        in page
    )


def test_the_curves_say_what_the_size_of_a_share_is(open_console: Open) -> None:
    page = page_of(open_console, (RARE_CONTRAST, ENTROPY))
    assert "Of rare values and unusual images it is the difference of their shares." in page


def test_a_file_that_is_gone_is_not_taken_for_no_difference(open_console: Open) -> None:
    files = {name: body for name, body in FILES.items() if name != FILE}
    page = open_console(answers(files)).get("/drift/bikes").text
    assert "No feature differs" not in page
    assert "The file of the findings cannot be read" in page


def test_the_embedding_has_no_limit_in_its_chart(open_console: Open) -> None:
    whole = Evidence("embedding", "embedding", 0.001, 0.045, 0.007)
    page = page_of(open_console, (whole, ENTROPY))
    charts = dict(re.findall(r'aria-label="Distance of (\w+) from the baseline">(.*?)</svg>', page))
    assert "minimum 0.05" in charts["entropy"]
    assert "minimum" not in charts["embedding"]


def test_violations_of_the_quality_name_their_metric() -> None:
    quality = {"metric_name": "accuracy", "constraint_check_type": "LessThanThreshold", "description": "0.8"}
    assert [each.feature for each in parsed(json.dumps({"violations": [quality]}).encode())] == ["accuracy"]
