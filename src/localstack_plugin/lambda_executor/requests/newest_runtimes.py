"""Runtimes that AWS has added since LocalStack 4.9.2."""

from localstack.services.lambda_.runtimes import ALL_RUNTIMES, VALID_RUNTIMES

from localstack_plugin.replacing import replace

NEWEST = ["python3.14"]


def install() -> None:
    replace(
        "localstack.services.lambda_.provider:ALL_RUNTIMES",
        "localstack.services.lambda_.api_utils:ALL_RUNTIMES",
        by=[*NEWEST, *ALL_RUNTIMES],
        why="LocalStack refuses python3.14. It is accepted.",
    )
    replace(
        "localstack.services.lambda_.provider:VALID_RUNTIMES",
        by=f"[{', '.join(NEWEST)}, {VALID_RUNTIMES[1:]}",
        why="The refusal of an unknown runtime names python3.14, too.",
    )
