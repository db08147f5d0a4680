"""Requests of sagemaker-metrics, which sign as `sagemaker` and have paths of their own."""

from localstack.aws.protocol.service_router import signing_name_path_prefix_rules
from localstack.aws.spec import ServiceModelIdentifier

from localstack_plugin.replacing import replace

METRICS = ServiceModelIdentifier("sagemaker-metrics")


def install() -> None:
    rules = {**signing_name_path_prefix_rules["sagemaker"], "/BatchPutMetrics": METRICS, "/BatchGetMetrics": METRICS}
    replace(
        "localstack.aws.protocol.service_router:signing_name_path_prefix_rules",
        by={**signing_name_path_prefix_rules, "sagemaker": rules},
        why="LocalStack takes a request that signs as `sagemaker` for one of SageMaker itself unless its path is the "
        "runtime's. The two paths of sagemaker-metrics lead to that service.",
    )
