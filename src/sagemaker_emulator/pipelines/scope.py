"""The values that the expressions of an execution refer to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.clients import S3Location, is_temporary
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.errors import ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import looked_up, parts_of
from sagemaker_emulator.pipelines.definitions.parameters import Value
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution

JSON_MAX_BYTES = 16 << 20
OUTPUTS = "ProcessingOutputConfig.Outputs"


@dataclass(frozen=True)
class ExecutionScope:
    """The scope of one step. `record_of` returns the record of a step that has begun, or None."""

    execution: PipelineExecution
    definition: Definition
    parameters: Mapping[str, Value]
    record_of: Callable[[str], StepExecution | None]
    s3: Any
    resource_name: str = ""

    def parameter(self, name: str) -> Value:
        return self.parameters[name]  # the definition was checked

    def variable(self, name: str) -> str:
        variables = {
            "StartDateTime": instant(self.execution.created),
            "CurrentDateTime": instant(time.time()),
            "PipelineName": self.execution.pipeline,
            "PipelineArn": self.execution.pipeline_arn,
            "PipelineExecutionId": self.execution.name,
            "PipelineExecutionArn": self.execution.arn,
        }
        return variables.get(name, self.resource_name)  # TrainingJobName and ProcessingJobName

    def properties(self, step: str) -> dict[str, Any]:
        record = self.record_of(step)
        if record is None:
            raise ExpressionError(f"The step '{step}' has not run.")
        return record.properties

    def property_file(self, step: str, name: str) -> Any:
        file = next(one for one in self.definition.steps[step].property_files if one.name == name)
        path = f"{OUTPUTS}['{file.output}'].S3Output.S3Uri"
        folder = looked_up(self.properties(step), parts_of(path), path)
        return self.json_object(f"{str(folder).rstrip('/')}/{file.path.lstrip('/')}")

    def json_object(self, uri: str) -> Any:
        """Return the content of a JSON file. An S3 that is away raises its own error, because it may answer later."""
        try:
            location = S3Location.parse(str(uri))
            body = self.s3.get_object(Bucket=location.bucket, Key=location.key)["Body"].read(JSON_MAX_BYTES)
            return json.loads(body)
        except ClientError as error:
            if is_temporary(error):
                raise
            raise ExpressionError(f"Received an error while reading file {uri} from S3: {error}") from error
        except (ValueError, RecursionError):
            raise ExpressionError(f"Contents of file {uri} are not in valid JSON format.") from None


def instant(epoch: float) -> str:
    """Return a time in the form of events and of the variables of executions."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
