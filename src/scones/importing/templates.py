"""State machines and functions in a CloudFormation or SAM template.

Only values that the template itself contains are resolved: parameters with a default, pseudo parameters, names and ARNs
of its own resources. For the rest of CloudFormation, there is `aws cloudformation deploy`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones import documents
from scones.errors import ImportedFileError
from scones.importing.model import (
    STANDARD,
    Code,
    Export,
    FunctionSettings,
    Layer,
    Place,
    StateMachine,
    TemplateFunction,
)

MACHINES = {"AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine"}
FUNCTIONS = {"AWS::Lambda::Function", "AWS::Serverless::Function"}
LAYERS = {"AWS::Lambda::LayerVersion", "AWS::Serverless::LayerVersion"}
NAMES = {
    "AWS::SNS::Topic": ("TopicName", "sns", ""),
    "AWS::SQS::Queue": ("QueueName", "sqs", ""),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/"),
    "AWS::IAM::Role": ("RoleName", "iam", "role/"),
    **dict.fromkeys(MACHINES, ("StateMachineName", "states", "stateMachine:")),
    **dict.fromkeys(FUNCTIONS, ("FunctionName", "lambda", "function:")),
}
PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True)
class Template:
    document: Mapping[str, Any]
    file: Path
    place: Place

    def export(self) -> Export:
        """Return the template's resources. An error in one becomes a problem, and the others are still read."""
        export = Export()
        readers: list[tuple[set[str], Callable[[str, Mapping[str, Any], Export], None]]] = [
            (LAYERS, self._read_layer),
            (FUNCTIONS, self._read_function),
            (MACHINES, self._read_machine),
        ]
        for types, read in readers:
            for logical_id, resource in self._resources.items():
                if resource.get("Type") in types:
                    try:
                        read(logical_id, resource.get("Properties", {}), export)
                    except ImportedFileError as error:
                        export.problems.append(f"{logical_id} of {self.file}: {error}")
        return export

    @property
    def _resources(self) -> Mapping[str, Any]:
        resources = self.document.get("Resources", {})
        return {key: value for key, value in resources.items() if isinstance(value, dict)}

    # ---- resources ----

    def _read_machine(self, logical_id: str, properties: Mapping[str, Any], export: Export) -> None:
        text = properties.get("DefinitionString", properties.get("Definition"))
        if text is None and isinstance(uri := properties.get("DefinitionUri"), str):
            definition = documents.read(self._beside(uri))
            export.taken.add(self.file.parent / uri)
        elif text is None:
            raise ImportedFileError("its definition is in a bucket: give the definition's file instead")
        else:
            resolved = self.resolved(text)
            definition = documents.parse(resolved) if isinstance(resolved, str) else resolved
        values = self.resolved(properties.get("DefinitionSubstitutions", {}))
        kind = str(properties.get("StateMachineType", properties.get("Type", STANDARD)))
        filled = substituted(definition, values)
        export.machines.append(StateMachine(self._name(logical_id), filled, self.file, kind))

    def _read_function(self, logical_id: str, properties: Mapping[str, Any], export: Export) -> None:
        merged = {**self._globals, **properties}
        variables = [part.get("Environment", {}).get("Variables", {}) for part in (self._globals, properties)]
        settings = FunctionSettings(
            handler=merged.get("Handler"),
            runtime=str(merged.get("Runtime", FunctionSettings.runtime)),
            timeout_s=int(self.resolved(merged.get("Timeout", FunctionSettings.timeout_s))),
            memory_mb=int(self.resolved(merged.get("MemorySize", FunctionSettings.memory_mb))),
            environment={name: str(self.resolved(value)) for part in variables for name, value in part.items()},
            layers=tuple(self._layer_name(layer) for layer in merged.get("Layers", [])),
        )
        name = self._name(logical_id)
        export.functions.append(TemplateFunction(name, self._code(name, merged), settings))

    def _code(self, name: str, properties: Mapping[str, Any]) -> Code | None:
        code = properties.get("CodeUri", properties.get("Code"))
        inline = properties.get("InlineCode") or (code.get("ZipFile") if isinstance(code, dict) else None)
        if inline is not None:
            module = str(properties.get("Handler", "index")).rpartition(".")[0]
            return Code(name, self.file, str(self.resolved(inline)), module)
        if code is None:
            return Code(name, self.file.parent)
        return Code(name, self._beside(code)) if isinstance(code, str) and not code.startswith("s3://") else None

    def _read_layer(self, logical_id: str, properties: Mapping[str, Any], export: Export) -> None:
        content = properties.get("ContentUri", properties.get("Content"))
        if not isinstance(content, str) or content.startswith("s3://"):
            raise ImportedFileError("its content is in a bucket: put its folder or zip file beside the template")
        export.layers.append(Layer(logical_id, self._beside(content)))

    @property
    def _globals(self) -> Mapping[str, Any]:
        section = self.document.get("Globals", {}).get("Function", {})
        return section if isinstance(section, dict) else {}

    def _beside(self, name: str) -> Path:
        path = (self.file.parent / name).resolve()
        if not path.is_relative_to(self.file.parent.resolve()):
            raise ImportedFileError(f"{name!r} is outside the template's folder")
        if not path.exists():
            raise ImportedFileError(f"there is no {name!r} beside the template")
        return path

    def _layer_name(self, layer: Any) -> str:
        return str(layer["Ref"]) if isinstance(layer, dict) and "Ref" in layer else str(self.resolved(layer))

    # ---- values ----

    def resolved(self, value: Any) -> Any:
        """Return a value with its intrinsic functions resolved. Raises ImportedFileError if it cannot be."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return self._reference(argument)
            if function.startswith("Fn::"):
                return self._intrinsic(function, argument)
        return {key: self.resolved(item) for key, item in value.items()}

    def _intrinsic(self, function: str, argument: Any) -> Any:
        match function, argument:
            case "Fn::GetAtt", [logical_id, "Arn"]:
                return self._arn(logical_id)
            case "Fn::GetAtt", [logical_id, str(attribute)] if attribute.endswith("Name"):
                return self._name(logical_id)
            case "Fn::Sub", [str(text), dict(values)]:
                return self._filled(text, self.resolved(values))
            case "Fn::Sub", str(text):
                return self._filled(text, {})
            case "Fn::Join", [str(separator), list(parts)]:
                return separator.join(str(self.resolved(part)) for part in parts)
        raise ImportedFileError(f"{function} {argument!r} cannot be resolved by an import: write its value out")

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in values:
                return str(values[name])
            logical_id, _, attribute = name.partition(".")
            return str(self._intrinsic("Fn::GetAtt", [logical_id, attribute]) if attribute else self._reference(name))

        return PLACEHOLDER.sub(value, text)

    def _reference(self, name: str) -> Any:
        pseudo = {"AWS::AccountId": self.place.account, "AWS::Region": self.place.region, "AWS::Partition": "aws"}
        if name in pseudo:
            return pseudo[name]
        if name in self._resources:
            kind = self._resources[name].get("Type")
            return self._arn(name) if kind in MACHINES | {"AWS::SNS::Topic"} else self._name(name)
        parameter = self.document.get("Parameters", {}).get(name, {})
        if "Default" not in parameter:
            raise ImportedFileError(f"the parameter {name} has no default: add one to the template")
        return parameter["Default"]

    def _name(self, logical_id: str) -> str:
        resource = self._resources.get(logical_id, {})
        key = NAMES.get(resource.get("Type"), ("Name", "", ""))[0]
        properties = resource.get("Properties", {})
        return str(self.resolved(properties.get(key, properties.get("Name", logical_id))))

    def _arn(self, logical_id: str) -> str:
        kind = self._resources.get(logical_id, {}).get("Type")
        if kind not in NAMES:
            raise ImportedFileError(f"an import does not know the ARN of {logical_id} ({kind}): write it out")
        _, service, prefix = NAMES[kind]
        region = "" if service == "iam" else self.place.region
        return f"arn:aws:{service}:{region}:{self.place.account}:{prefix}{self._name(logical_id)}"


def substituted(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a definition in which `${Name}` placeholders with a value are replaced by it."""
    if isinstance(value, dict):
        return {key: substituted(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [substituted(item, values) for item in value]
    if not isinstance(value, str):
        return value
    return PLACEHOLDER.sub(lambda match: str(values.get(match[2], match[0])), value)
