"""What a distributed Map reads from S3 and writes there: whole listings, errors that can be caught, every result."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.client import BaseClient
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

from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.distributed_map.map_runs import Children, children_of, failure

Handler = Callable[[Environment, Any, Any], None]
STATUSES = ("FAILED", "PENDING", "SUCCEEDED")


def install() -> None:
    read = reader.ResourceEvalS3._handle_get_object
    replace(reader.ResourceEvalS3, "_handle_get_object", staticmethod(catchable(read)))
    replace(reader.ResourceEvalS3, "_handle_list_objects_v2", staticmethod(catchable(list_objects)))
    replace(writer.ResourceEvalS3, "_handle_put_object", staticmethod(put_results))
    replace(ResultWriter, "_eval_body", write_results)


def write_results(result_writer: ResultWriter, env: Environment) -> None:
    """Its parameters are read from the state's input; LocalStack reads them from the results."""
    results = env.stack.pop()
    result_writer.parargs.eval(env=env)
    parameters = env.stack.pop()
    env.stack.extend((results, parameters))
    result_writer.resource_eval.eval_resource(env=env)


@contextmanager
def failing_as(env: Environment, kind: StatesErrorNameType) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise failure(env, kind, str(error)) from error


def catchable(handle: Handler) -> Handler:
    def handled(env: Environment, part: Any, credentials: Any) -> None:
        with failing_as(env, StatesErrorNameType.StatesItemReaderFailed):
            handle(env, part, credentials)

    return handled


def list_objects(env: Environment, part: Any, credentials: Any) -> None:
    s3 = reader.ResourceEvalS3._get_s3_client(part, credentials)
    pages = s3.get_paginator("list_objects_v2").paginate(**env.stack.pop())
    env.stack.append([item_of(found) for page in pages for found in page.get("Contents", [])])


def item_of(found: dict[str, Any]) -> dict[str, Any]:
    """As a child workflow gets it."""
    return {
        "Etag": found["ETag"],
        "Key": found["Key"],
        "LastModified": int(found["LastModified"].timestamp()),
        "Size": found["Size"],
        "StorageClass": found["StorageClass"],
    }


def put_results(env: Environment, part: Any, credentials: Any) -> None:
    """<prefix>/<map run>/manifest.json, and a file of each status that it names."""
    where = env.stack.pop()
    env.stack.pop()  # the outputs
    map_run = env.map_run_record_pool_manager.get_all().pop()
    prefix = where.get("Prefix", "")
    folder = f"{prefix}{'/' if prefix and not prefix.endswith('/') else ''}{map_run.map_run_arn.split(':')[-1]}"
    s3 = writer.ResourceEvalS3._get_s3_client(part, credentials)
    with failing_as(env, StatesErrorNameType.StatesResultWriterFailed):
        files = {status: put_file(s3, where["Bucket"], folder, status, children_of(map_run)) for status in STATUSES}
        manifest = {"DestinationBucket": where["Bucket"], "MapRunArn": map_run.map_run_arn, "ResultFiles": files}
        key = f"{folder}/manifest.json"
        s3.put_object(Bucket=where["Bucket"], Key=key, Body=json.dumps(manifest).encode())
    details = {"Bucket": where["Bucket"], "Key": key}
    env.stack.append({"MapRunArn": map_run.map_run_arn, "ResultWriterDetails": details})


def put_file(s3: BaseClient, bucket: str, folder: str, status: str, children: Children) -> list[dict[str, Any]]:
    chosen = [child for child in children if child["Status"] == status]
    if not chosen:
        return []
    key, body = f"{folder}/{status}_0.json", json.dumps(chosen).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return [{"Key": key, "Size": len(body)}]
