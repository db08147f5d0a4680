"""Amazon Resource Names. AWS writes the resource's name in lower case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arns:
    region: str
    account_id: str

    def of(self, kind: str, name: str) -> str:
        """Return the ARN of a resource.

        `kind` is the resource type in ARNs, such as training-job or endpoint-config.
        """
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{name.lower()}"
