"""LocalStack's own pages, such as /_localstack/health."""

from collections.abc import Callable
from typing import Any

from localstack.constants import INTERNAL_RESOURCE_PATH

from localstack_plugin.replacing import wrap

Handle = Callable[[Any, Any, Any, Any], None]


def only_for_own_paths(serve: Handle) -> Handle:
    def serve_page(handler: Any, chain: Any, context: Any, response: Any) -> None:
        if context.request.path.startswith(INTERNAL_RESOURCE_PATH):
            serve(handler, chain, context, response)

    return serve_page


def install() -> None:
    wrap(
        "localstack.aws.handlers.internal:LocalstackResourceHandler.__call__",
        wrapper=only_for_own_paths,
        why="For every request LocalStack looks for a page of its own. All these pages are below /_localstack, so it "
        "looks only for paths below that.",
    )
