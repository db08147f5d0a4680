from datetime import UTC, datetime

from localstack_plugin.lambda_logging.invocation_counts import InvocationCounts, datum

REGION = ("000000000000", "us-east-1")


def test_invocations_are_counted_by_metric_function_and_second() -> None:
    counts = InvocationCounts()
    counts.add(REGION, "classify", 1, "Invocations")
    counts.add(REGION, "classify", 1, "Invocations", "Errors")
    counts.add(REGION, "classify", 2, "Invocations")
    counts.add(("000000000000", "eu-west-1"), "classify", 1, "Invocations")
    taken = counts.take()
    assert taken[REGION] == {
        ("Invocations", "classify", 1): 2,
        ("Errors", "classify", 1): 1,
        ("Invocations", "classify", 2): 1,
    }
    assert len(taken) == 2
    assert counts.take() == {}


def test_a_datum_stands_for_as_many_points_as_were_counted() -> None:
    assert datum(("Invocations", "classify", 60), 3) == {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": "classify"}],
        "Timestamp": datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
        "Values": [1],
        "Counts": [3],
    }
