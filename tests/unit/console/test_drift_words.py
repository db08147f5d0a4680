"""The drift page in plain words, and visits of a state that waits and looks again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, machine_answers
from tests.unit.console.test_drift import answers

from console.aws.monitoring.features import (
    MEANINGS,
    MINIMUM_DISTANCE,
    SIGNIFICANCE,
    WITHOUT_MINIMUM,
    meaning,
)
from display.drift_figures import ANSWERED_CLASS, SHARES_OF_IMAGES
from image_monitoring.comparison import window
from image_monitoring.comparison.window import MINIMUM_EFFECT
from image_monitoring.measuring import image_statistics, scores


def test_every_image_statistic_has_plain_words() -> None:
    assert set(image_statistics.NAMES) <= set(MEANINGS)
    assert MINIMUM_DISTANCE == MINIMUM_EFFECT
    assert SIGNIFICANCE == window.SIGNIFICANCE
    assert SHARES_OF_IMAGES == (window.RARE_VALUES, window.UNUSUAL_IMAGES, window.UNUSUAL_EMBEDDINGS)
    assert WITHOUT_MINIMUM == window.EMBEDDING
    assert ANSWERED_CLASS == scores.PREDICTED


def test_features_with_a_number_or_a_range_have_plain_words() -> None:
    assert "number 5" in meaning("embedding_5")
    assert "stranger than 90% of the baseline's images" in meaning("unusual images, beyond 90%")
    assert meaning("brightness, highest 1%").endswith("the share of images among the baseline's highest 1%")
    assert meaning("a column of one's own") == ""


def test_the_page_explains_its_features_and_draws_the_limit(open_console: Open) -> None:
    page = open_console(answers()).get("/drift/bikes").text
    assert "pixels: how bright the image is on average" in page
    assert ">minimum 0.05</text>" in page


def waited(times: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for number in range(times):
        at = NOW + timedelta(seconds=2 * number)
        entered = {"name": "Wait", "input": "{}"}
        exited = {"name": "Wait", "output": "{}"}
        events += [
            {"type": "WaitStateEntered", "timestamp": at, "stateEnteredEventDetails": entered},
            {"type": "WaitStateExited", "timestamp": at + timedelta(seconds=2), "stateExitedEventDetails": exited},
        ]
    return [{"id": number, "previousEventId": number - 1, **event} for number, event in enumerate(events, 1)]


def test_visits_of_a_state_that_waits_again_and_again_are_folded(open_console: Open) -> None:
    page = open_console(machine_answers(events=waited(21))).get("/executions/decide/first").text
    assert "Wait, 19 more times, 38 s together" in page
    folded = page[page.index('class="folded"') : page.index("</ol>")]
    assert folded.index('id="visit-2"') < folded.index('id="visit-20"') < folded.index("</li>")
    assert folded.index('id="visit-21"') > folded.index("</li>")


def test_a_few_visits_are_not_folded(open_console: Open) -> None:
    assert "more times" not in open_console(machine_answers(events=waited(3))).get("/executions/decide/first").text
