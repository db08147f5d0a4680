"""Metrics of trial components: the service sagemaker-metrics."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, metrics_operation
from sagemaker_emulator.sagemaker import SageMaker


@metrics_operation("BatchPutMetrics")
def batch_put_metrics(sagemaker: SageMaker, request: Request) -> Response:
    """Store values of a trial component's metrics. Timestamps are within the last two weeks and the next two hours."""
    errors = sagemaker.tracking.put_metrics(request["TrialComponentName"], request["MetricData"])
    return {"Errors": errors} if errors else {}


@metrics_operation("BatchGetMetrics")
def batch_get_metrics(sagemaker: SageMaker, request: Request) -> Response:
    """Return statistics of what BatchPutMetrics stored, by step or by period. Timestamps are epoch seconds."""
    return {"MetricQueryResults": [sagemaker.tracking.metric_series(query) for query in request["MetricQueries"]]}
