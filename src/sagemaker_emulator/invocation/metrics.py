"""CloudWatch metrics of endpoints in the namespace AWS/SageMaker, sent every few seconds by one thread."""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients
from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.invocation.visits import Visit

NAMESPACE = "AWS/SageMaker"
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"
VALUES_MAX = 150  # CloudWatch's limit for one datum
DATA_MAX = 100  # in one PutMetricData, well below CloudWatch's limit of 1000
NUMBER = {"Invocations": 1, "InvocationsPerInstance": 1}

# endpoint, variant, endpoint configuration (empty for all), container (empty for the variant as a whole), metric
Series = tuple[str, str, str, str, str]

log = logging.getLogger(__name__)


class Counted(NamedTuple):
    """The variant for which an invocation is counted, and the endpoint configuration, empty for none.

    With a configuration it is counted twice: for its variant, and for this configuration of it, so that an alarm can
    watch what an update brings. Source: auto-rollback configuration and monitoring.
    """

    endpoint: str
    variant: str
    config: str

    @classmethod
    def of(cls, deployment: Deployment, variant: str) -> Counted:
        return cls(deployment.endpoint_name, variant, deployment.counted_config)

    @property
    def of_every_config(self) -> Counted:
        return self._replace(config="")


class InvocationMetrics:
    """Counters, on the server's event loop, and a thread that sends them; rejected metrics are logged and dropped.

    The thread starts with the first invocation: most accounts of a test run never have one.
    """

    def __init__(self, aws: AwsClients, period_s: float) -> None:
        self._aws, self._period_s = aws, period_s
        self._values: defaultdict[Series, Counter[float]] = defaultdict(Counter)
        self._loaded_models: dict[tuple[str, str, str], int] = {}  # by endpoint, variant and container
        self._invocations: Counter[tuple[str, str]] = Counter()  # since the start, by endpoint and variant
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        self._closing.set()
        if self._thread:
            self._thread.join()

    def record(self, counted: Counted, status: int, model_us: int, overhead_us: int) -> None:
        """Count an invocation. `status` is the container's HTTP status, 0 for no answer; latencies in microseconds."""
        latencies_us = {"ModelLatency": model_us, "OverheadLatency": overhead_us}
        self._count(counted, {**NUMBER, **_errors(status), **latencies_us})

    def record_unavailable(self, counted: Counted, overhead_us: int) -> None:
        """Count an invocation that found no healthy instance as a server error, so that alarms on errors notice it."""
        self._count(counted, {**NUMBER, **_errors(503), "OverheadLatency": overhead_us})

    def record_asynchronous(self, counted: Counted, status: int, model_us: int) -> None:
        """Count an asynchronous invocation, which has no metric of its number and its overhead on AWS.

        Source: alarms and logs for tracking metrics from asynchronous endpoints.
        """
        self._count(counted, {**_errors(status), "ModelLatency": model_us})

    def record_containers(self, counted: Counted, visits: Sequence[Visit], overhead_us: int) -> None:
        """Count an invocation of an instance with several containers, for each of them that was asked.

        Source: multi-container endpoints with direct invocation, metrics; inference pipelines, ContainerLatency.
        """
        for visit in visits:
            latencies_us = {"ContainerLatency": visit.latency_us, "OverheadLatency": overhead_us}
            values = {"Invocations": 1, **_errors(visit.status), **latencies_us}
            self._add(counted.of_every_config, values, visit.container)

    def record_setup(self, endpoint: str, variant: str, setup_us: int) -> None:
        """Record the cold start that an invocation of a serverless variant waited for; 0 is none."""
        if setup_us:
            self.add(endpoint, variant, {"ModelSetupTime": setup_us})

    def add(self, endpoint: str, variant: str, values: dict[str, int]) -> None:
        """Count values of other metrics of a variant, by name."""
        self._add(Counted(endpoint, variant, ""), values)

    def set_loaded_models(self, endpoint: str, variant: str, container: str, count: int) -> None:
        """Set how many models a multi-model container has; the last count of a period is sent."""
        with self._lock:
            self._loaded_models[endpoint, variant, container] = count

    def invocations(self, endpoint: str, variant: str) -> int:
        """Return how many invocations a variant has had since the emulator was started."""
        with self._lock:
            return self._invocations[endpoint, variant]

    def _count(self, counted: Counted, values: dict[str, int]) -> None:
        """Count an invocation, and the values of its metrics."""
        with self._lock:
            self._invocations[counted.endpoint, counted.variant] += 1
        self._add(counted, values)

    def _add(self, counted: Counted, values: dict[str, int], container: str = "") -> None:
        with self._lock:
            for name, value in values.items():
                self._values[*counted, container, name][value] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._period_s):
            self._send()
        self._send()

    def _send(self) -> None:
        with self._lock:
            values, self._values = self._values, defaultdict(Counter)
            loaded_models, self._loaded_models = self._loaded_models, {}
        self._put(NAMESPACE, [datum for series, counts in values.items() for datum in _data(series, counts)])
        counts_of_models: dict[Series, Counter[float]] = {}
        for (endpoint, variant, _), count in loaded_models.items():
            counts_of_models.setdefault((endpoint, variant, "", "", "LoadedModelCount"), Counter())[count] += 1
        self._put(INSTANCE_NAMESPACE, [datum for one in counts_of_models.items() for datum in _data(*one)])

    def _put(self, namespace: str, data: list[dict[str, Any]]) -> None:
        for start in range(0, len(data), DATA_MAX):
            try:
                self._aws.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + DATA_MAX])
            except AWS_ERRORS as error:
                log.warning("%d metrics did not reach CloudWatch: %s", len(data) - start, error)
                return


def _errors(status: int) -> dict[str, int]:
    return {
        "Invocation4XXErrors": int(400 <= status < 500),
        "Invocation5XXErrors": int(status == 0 or status >= 500),
    }


def _data(series: Series, counts: Counter[float]) -> list[dict[str, Any]]:
    endpoint, variant, config, container, name = series
    dimensions = {"EndpointName": endpoint, "VariantName": variant, "ContainerName": container}
    data = _of_dimensions(name, dimensions, counts)
    return data + _of_dimensions(name, {**dimensions, "EndpointConfigName": config}, counts) if config else data


def _of_dimensions(metric: str, dimensions: dict[str, str], counts: Counter[float]) -> list[dict[str, Any]]:
    pairs = list(counts.items())
    return [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items() if value],
            "Timestamp": datetime.now(UTC),
            "Values": [float(value) for value, _ in pairs[start : start + VALUES_MAX]],
            "Counts": [float(count) for _, count in pairs[start : start + VALUES_MAX]],
            "Unit": "Microseconds" if metric.endswith(("Latency", "Time")) else "Count",
        }
        for start in range(0, len(pairs), VALUES_MAX)
    ]
