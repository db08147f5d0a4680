"""Amazon Resource Names. AWS writes the resource's name in lower case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arns:
    region: str
    account_id: str

    def of(self, kind: str, name: str) -> str:
        """`kind` as it stands in the ARN: training-job, model, endpoint-config, endpoint."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{name.lower()}"
