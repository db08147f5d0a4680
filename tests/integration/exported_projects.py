"""Exported projects as people have them: definitions in several formats, and code in several places.

Each has files by path, the input of an execution, and how the execution must end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.exported_code import (
    ALL_IN_ONE,
    CLASSIFY,
    FOLDERS,
    MODULES,
    PLAIN_CLASSIFY,
    SDK,
    SERIALIZE,
    SURE,
    UNSURE,
    below,
    zipped,
)
from tests.integration.exported_machines import (
    CAUGHT,
    CHAIN,
    CHOICE,
    DESCRIBED,
    JSONATA,
    MAP,
    NESTED,
    STRING_BODY,
    STUDIO,
    TO_QUEUE,
    YAML,
    arn,
    machine,
)
from tests.integration.exported_templates import INLINE_TEMPLATE, JOIN_TEMPLATE, SAM_STEPS, SAM_TEMPLATE

EVENT = {"image_data": "", "s3_bucket": "images", "s3_key": "test/bicycle.png", "inferences": []}
Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Project:
    """`expected` is found in the output or, of an execution that fails, the error."""

    files: Files
    expected: str = "0.97"
    status: str = "SUCCEEDED"
    machine: str = "workflow"
    input: Mapping[str, Any] = field(default_factory=lambda: EVENT)


CODE = {"serialize": SERIALIZE, "classify": PLAIN_CLASSIFY, "filter": SURE}
FINDERS = {"__MACOSX/._folder": "added by the Finder of macOS"}

PROJECTS = {
    "json and folders": Project({"workflow.json": json.dumps(CHAIN), **FOLDERS}),
    "json with a byte order mark and modules": Project({"workflow.asl.json": "\ufeff" + json.dumps(CHAIN), **MODULES}),
    "workflow studio": Project({"exports/workflow.json": json.dumps(STUDIO), **below("lambdas", FOLDERS)}),
    "bodies as strings": Project({"workflow.json": json.dumps(STRING_BODY), **MODULES}),
    "described by the cli": Project({"machine.json": json.dumps(DESCRIBED), **FOLDERS}),
    "yaml": Project({"workflow.asl.yaml": YAML, **FOLDERS}),
    "cloudformation with inline code": Project({"template.yaml": INLINE_TEMPLATE}),
    "sam": Project(
        {
            "template.yaml": SAM_TEMPLATE,
            "statemachine/steps.asl.json": json.dumps(SAM_STEPS),
            "src/first/start.py": SERIALIZE.replace("lambda_handler", "run"),
            "src/second/app.py": CLASSIFY,
            **below("sdk/python", SDK),
        }
    ),
    "cloudformation with a join": Project({"template.json": json.dumps(JOIN_TEMPLATE), **FOLDERS}),
    "zip files of the console": Project(
        {
            "workflow.json": json.dumps(CHAIN).replace("serialize", "serializeImageData"),
            "serializeImageData-1b4e28ba-2fa1-11d2-883f-0016d3cca427.zip": zipped({"lambda_function.py": SERIALIZE}),
            "classify-1b4e28ba.zip": zipped({"lambda_function.py": PLAIN_CLASSIFY}),
            "lambda-filter.zip": zipped({"lambda_function.py": SURE}),
        }
    ),
    "the sdk in the zip": Project(
        {"workflow.json": json.dumps(CHAIN), **FOLDERS, "classify.zip": zipped({"lambda_function.py": CLASSIFY, **SDK})}
    ),
    "the sdk in the folder": Project(
        {
            "workflow.json": json.dumps(CHAIN),
            **FOLDERS,
            "classify/lambda_function.py": CLASSIFY,
            **below("classify", SDK),
        }
    ),
    "the sdk in a layer's folder": Project(
        {
            "workflow.json": json.dumps(CHAIN),
            **FOLDERS,
            "classify/lambda_function.py": CLASSIFY,
            **below("sdk-layer/python", SDK),
        }
    ),
    "the sdk in a layer's zip": Project(
        {
            "workflow.json": json.dumps(CHAIN),
            **FOLDERS,
            "classify/lambda_function.py": CLASSIFY,
            "sdk.zip": zipped(below("python/lib/python3.11/site-packages", SDK)),
        }
    ),
    "the sdk in a layer for an old runtime": Project(
        {
            "workflow.json": json.dumps(CHAIN),
            **FOLDERS,
            "classify/lambda_function.py": CLASSIFY,
            "sdk.zip": zipped(below("python/lib/python3.8/site-packages", SDK) | FINDERS),
        }
    ),
    "zip files of folders": Project(
        {
            "workflow.json": json.dumps(CHAIN),
            **{
                f"{name}.zip": zipped(below(name, {"lambda_function.py": code}) | FINDERS)
                for name, code in CODE.items()
            },
        }
    ),
    "windows powershell": Project(
        {
            "workflow.json": json.dumps(DESCRIBED, indent=2).replace("\n", "\r\n").encode("utf-16"),
            **{name: code.replace("\n", "\r\n") for name, code in FOLDERS.items()},
        }
    ),
    "three functions in one module": Project({"workflow.json": json.dumps(CHAIN), "lambda.py": ALL_IN_ONE}),
    "jsonata": Project({"workflow.asl.json": json.dumps(JSONATA), **MODULES}),
    "an unsure image": Project(
        {"workflow.json": json.dumps(CHAIN), **MODULES, "filter.py": UNSURE},
        expected="THRESHOLD_CONFIDENCE_NOT_MET",
        status="FAILED",
    ),
    "a topic": Project({"workflow.json": json.dumps(CAUGHT), **MODULES, "filter.py": UNSURE}, expected="MessageId"),
    "a queue": Project(
        {"workflow.json": json.dumps(machine({**CHAIN["States"], "Send": TO_QUEUE})), **MODULES},
        expected="MD5OfMessageBody",
    ),
    "a nested machine": Project({"workflow.json": json.dumps(NESTED), "inner.json": json.dumps(CHAIN), **MODULES}),
    "a map": Project({"workflow.json": json.dumps(MAP), **MODULES}, input={"images": [EVENT, EVENT]}),
    "a choice and branches": Project({"workflow.json": json.dumps(CHOICE), **MODULES}),
    "placeholders without a template": Project(
        {
            "workflow.json": json.dumps(CHAIN)
            .replace(arn("serialize"), "${SerializeFunctionArn}")
            .replace(arn("classify"), "${Classify.Arn}")
            .replace(arn("filter"), "arn:aws:lambda:${AWS::Region}:<ACCOUNT-ID>:function:filter"),
            **FOLDERS,
        }
    ),
}
