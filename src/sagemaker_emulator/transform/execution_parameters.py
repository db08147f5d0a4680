"""The three parameters of a batch transform: given by the request, by the container, or by SageMaker's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IN_FLIGHT_MAX = 100
STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
VARIABLES = {
    "MaxConcurrentTransforms": "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS",
    "MaxPayloadInMB": "SAGEMAKER_MAX_PAYLOAD_IN_MB",
    "BatchStrategy": "SAGEMAKER_BATCH_STRATEGY",
}


@dataclass(frozen=True)
class ExecutionParameters:
    """Parameters that are None are left to the next in line: request, container, defaults."""

    max_concurrent: int | None = None
    max_payload_mb: int | None = None  # 0: no limit
    batch_strategy: str | None = None  # SINGLE_RECORD or MULTI_RECORD, as containers spell it

    @classmethod
    def of_request(cls, wire: Mapping[str, Any]) -> ExecutionParameters:
        strategy = wire.get("BatchStrategy")
        return cls(
            wire.get("MaxConcurrentTransforms"), wire.get("MaxPayloadInMB"), STRATEGIES[strategy] if strategy else None
        )

    @classmethod
    def of_container(cls, answer: Mapping[str, Any]) -> ExecutionParameters:
        """Read the answer of /execution-parameters; leave out values that are impossible."""
        concurrent, payload_mb = (_possible(answer.get(name)) for name in ("MaxConcurrentTransforms", "MaxPayloadInMB"))
        strategy = answer.get("BatchStrategy")
        return cls(concurrent, payload_mb, strategy if strategy in STRATEGIES.values() else None)

    def filled_from(self, other: ExecutionParameters) -> ExecutionParameters:
        """Return these parameters, with those of `other` where they are None."""
        return ExecutionParameters(
            other.max_concurrent if self.max_concurrent is None else self.max_concurrent,
            other.max_payload_mb if self.max_payload_mb is None else self.max_payload_mb,
            self.batch_strategy or other.batch_strategy,
        )

    def by_name(self) -> dict[str, Any]:
        """Return the parameters that are not None, by AWS's names."""
        values = (self.max_concurrent, self.max_payload_mb, self.batch_strategy)
        return {name: value for name, value in zip(VARIABLES, values, strict=True) if value is not None}

    def environment(self) -> dict[str, str]:
        """Return the variables that tell the container what the request says."""
        return {VARIABLES[name]: str(value) for name, value in self.by_name().items()}


DEFAULTS = ExecutionParameters(1, 6, "MULTI_RECORD")


def _possible(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= IN_FLIGHT_MAX else None
