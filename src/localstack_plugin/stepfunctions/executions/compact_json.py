"""JSON in histories, outputs and causes, without spaces and without escapes, as AWS writes it."""

import datetime
import json
from typing import Any

from localstack_plugin.replacing import replace


class Encoder(json.JSONEncoder):
    """Dates as ISO 8601, and what else is no JSON as text."""

    def default(self, value: Any) -> str:
        return value.isoformat() if isinstance(value, datetime.date) else str(value)


ENCODER = Encoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)


def compact(obj: Any, separators: tuple[str, str] | None = None) -> str:
    return ENCODER.encode(obj)


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.utils.encoding:to_json_str",
        "localstack.services.stepfunctions.asl.utils.json_path:to_json_str",
        "localstack.services.stepfunctions.asl.component.common.string.string_expression:to_json_str",
        "localstack.services.stepfunctions.asl.component.program.program:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor"
        ".distributed_item_processor_worker:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"
        ".lambda_eval_utils:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"
        ".state_task_lambda:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.state_task_activitiy"
        ":to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service"
        ":to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_callback:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_sfn:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_sns:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_sqs:to_json_str",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service_events:to_json_str",
        "localstack.services.stepfunctions.backend.execution_worker:to_json_str",
        "localstack.services.stepfunctions.backend.execution:to_json_str",
        "localstack.services.stepfunctions.quotas:to_json_str",
        by=compact,
        why="LocalStack writes JSON with spaces, and escapes characters that are not ASCII. Both count toward the "
        "limit of 262,144 bytes. Here JSON is compact, in UTF-8.",
    )
