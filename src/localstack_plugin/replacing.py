"""Where LocalStack has no plugin interface, something of its own is replaced; what is replaced must be there."""

from importlib.metadata import version

WRITTEN_FOR = "4.9.2"


class NotReplaceableError(RuntimeError):
    """LocalStack is not the one that the replacement was written for."""


def replace(owner: object, name: str, replacement: object) -> None:
    """Raises NotReplaceableError, which ends LocalStack's start."""
    installed = version("localstack-core")
    if installed != WRITTEN_FOR or not hasattr(owner, name):
        raise NotReplaceableError(
            f"LocalStack {installed} is not the {WRITTEN_FOR} whose {getattr(owner, '__name__', owner)}.{name} is "
            "replaced: install src/localstack_plugin/requirements.lock, or look at the replacement again"
        )
    setattr(owner, name, replacement)
