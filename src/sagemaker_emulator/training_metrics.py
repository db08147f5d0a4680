"""FinalMetricDataList: what MetricDefinitions read from the log, the built-in image bringing its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.training_job import Metric

BUILT_IN = {
    "image-classification": {
        "train:accuracy": r"Epoch\[\d+\] Train-accuracy=(\S+)",
        "validation:accuracy": r"Epoch\[\d+\] Validation-accuracy=(\S+)",
    }
}
BUILT_IN_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?/([\w-]+)[:@].+")


@dataclass
class MetricReader:
    """Reads metrics as lines pass by; the last value of each is the final one."""

    patterns: dict[str, re.Pattern[str]]
    latest: dict[str, Metric] = field(default_factory=dict)

    @classmethod
    def for_request(cls, algorithm: dict[str, Any]) -> MetricReader:
        """ValidationException for a regular expression that does not compile."""
        definitions = {entry["Name"]: entry["Regex"] for entry in algorithm.get("MetricDefinitions", ())}
        try:
            patterns = {name: re.compile(regex) for name, regex in {**_built_in(algorithm), **definitions}.items()}
        except re.error as error:
            raise validation(f"Invalid MetricDefinitions regex {error.pattern!r}: {error}") from error
        return cls(patterns)

    def read(self, line: str, now: float) -> None:
        for name, pattern in self.patterns.items():
            if match := pattern.search(line):
                self._record(name, match, now)

    def _record(self, name: str, match: re.Match[str], now: float) -> None:
        try:
            self.latest[name] = Metric(name, float(match[1] if match.re.groups else match[0]), now)
        except ValueError:
            return  # AWS drops a match that is not a number


def _built_in(algorithm: dict[str, Any]) -> dict[str, str]:
    match = BUILT_IN_IMAGE.fullmatch(algorithm.get("TrainingImage", ""))
    return BUILT_IN.get(match[1], {}) if match else {}
