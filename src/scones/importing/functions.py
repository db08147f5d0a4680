"""Plan the functions and layers of an import, and create them in Lambda."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import code_of, message_of
from scones.buckets import Bucket
from scones.errors import ImportedFileError
from scones.importing.code import Package, folder_files, package, zip_names, zipped
from scones.importing.model import Code, FunctionSettings, Layer
from scones.polling import poll

DIRECT_BYTES_MAX = 40_000_000  # a request to Lambda may have 50 MB, in base64
RUNTIME = re.compile(r"python3\.[0-9]{1,2}")
DESCRIPTION = "Imported by scones import"
ROLE_TIMEOUT_S, ROLE_POLL_S = 60, 3
READY_TIMEOUT_S, READY_POLL_S = 120, 0.2


@dataclass(frozen=True)
class FunctionPlan:
    """One function to create. `layers` are the layers of the import that it uses."""

    name: str
    code: Code
    package: Package
    settings: FunctionSettings
    layers: Sequence[str] = ()

    @property
    def handler(self) -> str:
        handler = self.settings.handler or self.package.handler()
        if handler is None:
            raise ImportedFileError(f"{self.code.source} has no lambda_handler at its top")
        return handler


@dataclass(frozen=True)
class LayerPlan:
    """One layer to publish, and the modules that it provides: to all runtimes, or to `runtimes` if it names some."""

    name: str
    data: bytes
    modules: frozenset[str]
    runtimes: frozenset[str] = frozenset()


def layer_plan(layer: Layer) -> LayerPlan:
    """Pack a layer. Raises ImportedFileError if it is not a zip file, or is larger than Lambda allows."""
    if layer.source.is_dir():
        files = folder_files(layer.source)
        names, data = list(files), zipped(files)
    else:
        names, data = zip_names(layer.source), layer.source.read_bytes()
    parts = [name.split("/") for name in names if name.startswith("python/")]
    runtimes = {part[2] for part in parts if part[1] == "lib" and part[3:4] == ["site-packages"]}
    inside = [part[4:] if part[1] == "lib" and runtimes.intersection(part[2:3]) else part[1:] for part in parts]
    modules = frozenset(part[0].removesuffix(".py") for part in inside if part and part[0])
    return LayerPlan(layer.name, data, modules, frozenset(name for name in runtimes if RUNTIME.fullmatch(name)))


def function_plan(name: str, code: Code, settings: FunctionSettings, layers: Sequence[LayerPlan]) -> FunctionPlan:
    """Pack a function. If no template lists its layers, it gets those that provide modules which its code lacks."""
    packed = package(code, has_handler=settings.handler is not None)
    if settings.layers:
        return FunctionPlan(name, code, packed, settings, settings.layers)
    missing = set(packed.missing_modules(frozenset()))
    chosen = [layer for layer in layers if layer.modules & missing]
    if settings == FunctionSettings():
        settings = replace(settings, runtime=_runtime_of(chosen, settings.runtime))
    return FunctionPlan(name, code, packed, settings, tuple(layer.name for layer in chosen))


def _runtime_of(layers: Sequence[LayerPlan], default: str) -> str:
    """Return a runtime that all layers fit: the default one, or else the newest."""
    sets = [layer.runtimes for layer in layers if layer.runtimes]
    common = frozenset.intersection(*sets) if sets else frozenset()
    return default if default in common or not common else max(common, key=lambda name: int(name.partition(".")[2]))


@dataclass(frozen=True)
class FunctionWriter:
    """Lambda, and the bucket for code that is too large for a request."""

    client: BaseClient
    bucket: Bucket
    layer_arns: dict[str, str] = field(default_factory=dict)

    def publish_layer(self, layer: LayerPlan) -> str:
        answer = self.client.publish_layer_version(
            LayerName=layer.name, Description=DESCRIPTION, Content=self._content(layer.data)
        )
        self.layer_arns[layer.name] = answer["LayerVersionArn"]
        return str(answer["LayerVersionArn"])

    def exists(self, name: str) -> bool:
        try:
            self.client.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return False
            raise
        return True

    def write(self, plan: FunctionPlan, role: str) -> bool:
        """Create the function, or replace its code and configuration. Return whether it was created."""
        configuration = {
            "Runtime": plan.settings.runtime,
            "Handler": plan.handler,
            "Role": role,
            "Timeout": plan.settings.timeout_s,
            "MemorySize": plan.settings.memory_mb,
            "Environment": {"Variables": dict(plan.settings.environment)},
            "Layers": [self.layer_arns[name] for name in plan.layers if name in self.layer_arns],
        }
        is_new = not self.exists(plan.name)
        content = self._content(plan.package.data)
        if is_new:
            request = {**configuration, "Description": DESCRIPTION, "Code": content}
            _once_role_is_known(lambda: self.client.create_function(FunctionName=plan.name, **request))
            self._wait(plan.name)
        else:
            self.client.update_function_code(FunctionName=plan.name, **content)
            self._wait(plan.name)
            _once_role_is_known(
                lambda: self.client.update_function_configuration(FunctionName=plan.name, **configuration)
            )
            self._wait(plan.name)
        return is_new

    def _wait(self, name: str) -> None:
        """Wait until a change is complete. botocore's waiters poll only once a second: slow for many functions."""
        for _ in poll(READY_TIMEOUT_S, READY_POLL_S):
            answer = self.client.get_function_configuration(FunctionName=name)
            if answer.get("State") != "Pending" and answer.get("LastUpdateStatus") != "InProgress":
                break
        if "Failed" in (answer.get("State"), answer.get("LastUpdateStatus")):
            reason = answer.get("LastUpdateStatusReason") or answer.get("StateReason")
            raise ImportedFileError(f"Lambda could not create the function {name}: {reason}")

    def _content(self, data: bytes) -> dict[str, Any]:
        if len(data) <= DIRECT_BYTES_MAX:
            return {"ZipFile": data}
        self.bucket.ensure()
        key = f"imported/{hashlib.sha256(data).hexdigest()}.zip"
        self.bucket.s3.put_object(Bucket=self.bucket.name, Key=key, Body=data, ExpectedBucketOwner=self.bucket.account)
        return {"S3Bucket": self.bucket.name, "S3Key": key}


def _once_role_is_known(call: Callable[[], object], sleep: Callable[[float], None] = time.sleep) -> None:
    """Repeat a call while Lambda does not know a new role yet: IAM takes some seconds to propagate it."""
    for waited_s in poll(2 * ROLE_TIMEOUT_S, ROLE_POLL_S, sleep=sleep):
        try:
            call()
            return
        except ClientError as error:
            if "cannot be assumed" not in message_of(error) or waited_s > ROLE_TIMEOUT_S:
                raise
