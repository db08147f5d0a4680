"""The ItemReader and the ResultWriter of a distributed Map: its items from S3 and its results in S3."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.item_reader.resource_eval import (
    resource_eval_s3 as reader,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.result_writer.resource_eval import (  # noqa: E501
    resource_eval_s3 as writer,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.result_writer.result_writer_decl import (  # noqa: E501
    ResultWriter,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.distributed_map import result_files
from localstack_plugin.stepfunctions.distributed_map.map_runs import children_of, failure

Handler = Callable[[Environment, Any, Any], None]
BYTE_ORDER_MARK = "\ufeff"


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.item_reader.resource_eval"
        ".resource_eval_s3:ResourceEvalS3._handle_get_object",
        wrapper=lambda original: staticmethod(catchable(original)),
        why="In LocalStack an object that cannot be read fails the execution with an error of S3. The error is "
        "States.ItemReaderFailed, which a Catch can name.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.item_reader.resource_eval"
        ".resource_output_transformer.resource_output_transformer_csv:ResourceOutputTransformerCSV._eval_body",
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.item_reader.resource_eval"
        ".resource_output_transformer.resource_output_transformer_json:ResourceOutputTransformerJson._eval_body",
        wrapper=readable,
        why="In LocalStack an object that is not JSON fails the execution with States.Runtime. The error is "
        "States.ItemReaderFailed.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.item_reader.resource_eval"
        ".resource_eval_s3:ResourceEvalS3._handle_list_objects_v2",
        by=staticmethod(catchable(list_objects)),
        why="LocalStack's listing ends after 1,000 objects. The listing continues to the last one, and an error is "
        "States.ItemReaderFailed.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.result_writer.resource_eval"
        ".resource_eval_s3:ResourceEvalS3._handle_put_object",
        by=staticmethod(put_results),
        why="LocalStack writes an empty manifest. The manifest and a file for each status are written, as on AWS.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.result_writer"
        ".result_writer_decl:ResultWriter._eval_body",
        by=write_results,
        why="LocalStack evaluates the ResultWriter's parameters on the results. They are evaluated on the state's "
        "input.",
    )


def write_results(result_writer: ResultWriter, env: Environment) -> None:
    """Evaluate the parameters without the results on the stack, then write; the stack ends as LocalStack's does."""
    results = env.stack.pop()
    result_writer.parargs.eval(env=env)
    parameters = env.stack.pop()
    env.stack.extend((results, parameters))
    result_writer.resource_eval.eval_resource(env=env)


@contextmanager
def failing_as(env: Environment, kind: StatesErrorNameType) -> Iterator[None]:
    try:
        yield
    except (ClientError, ValueError, csv.Error) as error:
        raise failure(env, kind, str(error)) from error


def catchable(handle: Handler) -> Handler:
    def handled(env: Environment, part: Any, credentials: Any) -> None:
        with failing_as(env, StatesErrorNameType.StatesItemReaderFailed):
            handle(env, part, credentials)
        if isinstance(env.stack[-1], str):
            env.stack[-1] = env.stack[-1].removeprefix(BYTE_ORDER_MARK)

    return handled


def readable(original: Callable[[Any, Environment], None]) -> Callable[[Any, Environment], None]:
    def transform(self: Any, env: Environment) -> None:
        with failing_as(env, StatesErrorNameType.StatesItemReaderFailed):
            original(self, env)

    return transform


def list_objects(env: Environment, part: Any, credentials: Any) -> None:
    s3 = reader.ResourceEvalS3._get_s3_client(part, credentials)
    pages = s3.get_paginator("list_objects_v2").paginate(**env.stack.pop())
    env.stack.append([result_files.item_from(listed) for page in pages for listed in page.get("Contents", [])])


def put_results(env: Environment, part: Any, credentials: Any) -> None:
    destination = env.stack.pop()
    env.stack.pop()  # the outputs of all items; `children_of` has more
    map_run = env.map_run_record_pool_manager.get_all().pop()
    bucket, prefix = destination["Bucket"], destination.get("Prefix", "")
    s3 = writer.ResourceEvalS3._get_s3_client(part, credentials)
    with failing_as(env, StatesErrorNameType.StatesResultWriterFailed):
        key = result_files.put_results(s3, bucket, prefix, map_run.map_run_arn, children_of(map_run))
    details = {"Bucket": bucket, "Key": key}
    env.stack.append({"MapRunArn": map_run.map_run_arn, "ResultWriterDetails": details})
