"""The start-up hook of a shell after `scones env`: Python runs it at start-up, in each of the user's environments.

Under the profiles `local` and `local-mode` it makes five changes, each when the user's code imports the module in
question. No setting of AWS's SDKs has these effects:

  - The SageMaker SDK, v2 and v3, passes AWS's own address to its STS clients, so the profile's `endpoint_url` is
    ignored, and `default_bucket()`, `account_id()` and `get_execution_role()` would call the real AWS. With the hook,
    botocore uses the profile's address instead.
  - boto3 before 1.28 (July 2023) reads no address from a profile, so all calls would go to the real AWS. With the hook,
    it does.
  - The SDK reports each call to an address of AWS. With the hook, it does not.
  - Local mode looks for an EC2 instance's credentials at 169.254.169.254. With the hook, it does not.
  - The SDK makes a session of botocore for each look-up, and each session reads botocore's own data files again. With
    the hook they share what was read, so that the first lines of a notebook take a third of the time after the imports.

Under any other profile nothing is changed. The module must run on every Python that has an SDK, so its syntax is that
of Python 3.8, and it imports only what Python has already loaded.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # mypy takes it as true; importing `typing` would slow down every start by some milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

LOCAL_PROFILES = ("local", "local-mode")
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
NOT_SUBSTITUTED = "${PYTHONPATH}"  # kernel.json contains it, and some programs start kernels without substituting it
READER_OF_ENDPOINTS = "ConfiguredEndpointProvider"  # botocore has it since 1.31
EXTRAS = ".sdk-extras.json"
HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120


def is_aws(url: str) -> bool:
    """Return whether the host of a URL is one of AWS's."""
    from urllib.parse import urlsplit  # not at start-up; botocore has imported it

    return (urlsplit(url).hostname or "").endswith(AWS_DOMAINS)


def leave_endpoints_to_the_profile(session: ModuleType) -> None:
    """Let `botocore.session.Session.create_client` use the address of a local profile rather than one of AWS's.

    botocore reports each address that it takes from a profile at INFO, which the SageMaker SDK shows in every notebook.
    """
    from logging import WARNING, getLogger  # not at start-up; botocore has imported both

    from botocore import configprovider

    getLogger("botocore.configprovider").setLevel(WARNING)
    original = session.Session.create_client

    def create_client(self: Any, *arguments: Any, **options: Any) -> Any:
        url, reads_profile = options.get("endpoint_url"), hasattr(configprovider, READER_OF_ENDPOINTS)
        is_unset = is_aws(url) if url else not reads_profile
        if is_unset and self.get_config_variable("profile") in LOCAL_PROFILES:
            options["endpoint_url"] = None if reads_profile else self.get_scoped_config().get("endpoint_url")
        return original(self, *arguments, **options)

    create_client.__doc__ = original.__doc__
    session.Session.create_client = create_client


def share_data_files(loaders: ModuleType) -> None:
    """Let `botocore.loaders.JSONFileLoader.load_file` read each file of botocore's own data once under a local profile.

    The clients of one session share the contents anyway, so nobody changes them. Files with extras, which botocore
    merges into their contents, and models that the user has added are read as before.
    """
    own, original = loaders.Loader.BUILTIN_DATA_PATH + os.sep, loaders.JSONFileLoader.load_file
    read: dict[str, Any] = {}

    def load_file(self: Any, file_path: str) -> Any:
        if file_path in read and uses_local_profile():
            return read[file_path]
        content = original(self, file_path)  # None if there is no such file
        if content is not None and file_path.startswith(own) and not os.path.exists(file_path + EXTRAS):  # noqa: PTH110
            read[file_path] = content
        return content

    loaders.JSONFileLoader.load_file = load_file


def silence(*names: str) -> Callable[[ModuleType], None]:
    """Return a change after which these functions of a module do nothing and return None under a local profile."""

    def change(module: ModuleType) -> None:
        for name in names:
            if hasattr(module, name):
                setattr(module, name, silenced(getattr(module, name)))

    return change


def silenced(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        return None if uses_local_profile() else original(*arguments, **options)

    return call


def uses_local_profile() -> bool:
    return os.environ.get("AWS_PROFILE") in LOCAL_PROFILES


CHANGES = {
    "botocore.loaders": share_data_files,
    "botocore.session": leave_endpoints_to_the_profile,
    "sagemaker.telemetry.telemetry_logging": silence("_send_telemetry_request"),
    "sagemaker.core.telemetry.telemetry_logging": silence("_send_telemetry_request"),
    "sagemaker.serve.utils.telemetry_logger": silence("_send_telemetry"),
    "sagemaker.local.image": silence("_aws_credentials_available_in_metadata_service"),
    "sagemaker.core.local.image": silence("_aws_credentials_available_in_metadata_service"),
}


class Finder:
    """The first import finder. It leaves the import to the others, and applies CHANGES to a module after it has run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in CHANGES or not uses_local_profile():
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                change_after_execution(spec)
                return spec
        return None


def change_after_execution(spec: ModuleSpec) -> None:
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        loader.exec_module = execute
        execute(module)
        CHANGES[spec.name](module)

    loader.exec_module = exec_module


def run_the_users_own() -> None:
    """Run the user's own `sitecustomize`, which this one hides."""
    index = next((index for index, folder in enumerate(sys.path) if os.path.abspath(folder) == HERE), None)  # noqa: PTH100
    ours = sys.modules.pop(__name__)
    if index is not None:
        folder = sys.path.pop(index)
    try:
        __import__(__name__)
    except ImportError as error:
        if error.name != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, ours)
        if index is not None:
            sys.path.insert(index, folder)


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Finder())
    if NOT_SUBSTITUTED in os.environ.get("PYTHONPATH", ""):
        os.environ["PYTHONPATH"] = HERE
        sys.path[:] = [folder for folder in sys.path if NOT_SUBSTITUTED not in folder]
    run_the_users_own()
