"""The tolerated failures of a distributed Map.

docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""


def is_exceeded(failed: int, items: int, tolerated_count: int, tolerated_percentage: float) -> bool:
    """Return whether more of `items` have failed than the state tolerates.

    A limit that the state does not set is 0. If both limits are 0, no failure is tolerated; if one is 0, only the other
    applies.
    """
    if not tolerated_count and not tolerated_percentage:
        return failed > 0
    exceeds_count = bool(tolerated_count) and failed > tolerated_count
    exceeds_percentage = bool(tolerated_percentage) and failed * 100 > tolerated_percentage * items
    return exceeds_count or exceeds_percentage
