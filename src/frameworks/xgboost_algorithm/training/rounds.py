"""The scores of a round: the metrics line in the log, and the decision to stop early."""

from __future__ import annotations

import re
from dataclasses import dataclass

from frameworks.xgboost_algorithm.configuration.metric_names import MAXIMIZED

# SageMaker's log agent writes a tab as #011, and the metric definitions of the built-in algorithm expect that.
TAB = "#011"
SCORE = re.compile(r"\t([^\t:]+):(\S+)")


def scores_of(evaluation: str) -> dict[str, float]:
    """Return the scores in XGBoost's text for a round: `[3]\\ttrain-rmse:0.5\\tvalidation-rmse:0.6`."""
    return {name: float(value) for name, value in SCORE.findall(evaluation)}


def metrics_line(number: int, scores: dict[str, float]) -> str:
    """Return the line as CloudWatch shows it: `[3]#011train-rmse:0.50000#011validation-rmse:0.60000`."""
    return TAB.join([f"[{number}]", *(f"{name}:{score:.5f}" for name, score in scores.items())])


@dataclass
class EarlyStopping:
    """The best round so far, by one metric of the validation data."""

    metric: str
    patience: int
    best_score: float | None = None
    best_round: int = 0
    best_model: bytes | None = None

    def improves(self, scores: dict[str, float]) -> bool:
        """Return whether this round is the best so far. A round without the metric counts as the best."""
        score = scores.get(f"validation-{self.metric}")
        if score is None or self.best_score is None:
            return True
        return score > self.best_score if self.metric in MAXIMIZED else score < self.best_score

    def record(self, number: int, scores: dict[str, float], model: bytes) -> None:
        self.best_score, self.best_round = scores.get(f"validation-{self.metric}"), number
        self.best_model = model

    def is_over(self, number: int) -> bool:
        return number - self.best_round >= self.patience
