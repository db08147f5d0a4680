"""Install persistence in LocalStack: note requests that change its state, and keep its files in the state folder."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.aws.handlers import run_custom_response_handlers
from localstack.http import Request, Response
from localstack.services.edge import ROUTER

from localstack_plugin.persistence import loading
from localstack_plugin.persistence.changes import Changes, changes_state
from localstack_plugin.persistence.object_files import FileObjectStore, ObjectFolder
from localstack_plugin.persistence.saving import Saver
from localstack_plugin.persistence.services.containers import SERVICES
from localstack_plugin.persistence.state_folder import StateFolder
from localstack_plugin.replacing import replace, wrap

SAVE_PATH = "/_scones/save-state"


@cache
def installed(path: Path) -> Saver:
    """Load the state of this folder, and save changes there from now on. Each call returns the same saver."""
    folder = StateFolder(path)
    objects, changes = ObjectFolder(folder.objects), Changes()
    _keep_files(folder, objects)
    progress = loading.load(folder, objects)
    _note_changes(changes)
    saver = Saver(folder, objects, changes, progress)
    saver.start()
    ROUTER.add(SAVE_PATH, partial(_save_now, saver), methods=["POST"])
    return saver


def _save_now(saver: Saver, request: Request) -> Response:
    """Save everything that was acknowledged before this request, which `scones snapshot save` sends, and respond."""
    saver.save()
    return Response(status=204)


def _keep_files(folder: StateFolder, objects: ObjectFolder) -> None:
    replace(
        "localstack.services.s3.provider:EphemeralS3ObjectStore",
        by=lambda root_directory=None: FileObjectStore(objects),
        why="LocalStack keeps objects in memory and in unnamed files, which disappear with its process. Instead they "
        "are kept in files of the state folder.",
    )
    replace(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.CLOUDWATCH_DATA_ROOT",
        by=str(folder.metrics),
        why="LocalStack keeps the database of metrics among its temporary files. Instead it is kept in the state "
        "folder.",
    )
    replace(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.METRICS_DB",
        by=str(folder.metrics / "metrics.db"),
        why="The path of the database of metrics follows from its folder.",
    )
    replace(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.METRICS_DB_READ_ONLY",
        by=f"file:{folder.metrics / 'metrics.db'}?mode=ro",
        why="The path of the database of metrics follows from its folder.",
    )


def _note_changes(changes: Changes) -> None:
    saved = frozenset(SERVICES)

    def note(chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.service is None or context.operation is None or context.service.service_name not in saved:
            return
        service = context.service.service_name
        if changes_state(service, context.operation.name, context.service_response):
            changes.mark(service)

    run_custom_response_handlers.append(note)
    wrap(
        "localstack.services.stepfunctions.backend.execution:BaseExecutionWorkerCommunication.terminated",
        wrapper=marking(changes, "stepfunctions"),
        why="The end of an execution is a change of the state, which is saved.",
    )
    wrap(
        "moto.logs.models:LogsBackend.put_log_events",
        wrapper=marking(changes, "logs"),
        why="Log events are a change of the state, which is saved.",
    )
    wrap(
        "localstack.services.cloudformation.engine.entities:Stack.set_stack_status",
        "localstack.services.cloudformation.v2.entities:Stack.set_stack_status",
        wrapper=marking(changes, "cloudformation"),
        why="The status of a stack is a change of the state, which is saved.",
    )


def marking(changes: Changes, service: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrapper(original: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            finally:
                changes.mark(service)

        return changed

    return wrapper
