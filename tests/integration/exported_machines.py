"""Exported state machines, as people have them: by hand, by Workflow Studio, by the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ACCOUNT, REGION = "210987654321", "eu-central-1"


def arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def machine(states: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """Return a definition that runs the states in their order."""
    names = list(states)
    chain = {
        name: {**_without_end(state), **({"Next": names[number + 1]} if number + 1 < len(names) else {"End": True})}
        for number, (name, state) in enumerate(states.items())
    }
    return {"Comment": f"made in {arn('x')}", "StartAt": names[0], "States": chain, **members}


def _without_end(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in ("Next", "End")}


def call(name: str, **members: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": arn(name), **members}


def invoke(name: str, payload: str = "$", output: str = "$.Payload") -> dict[str, Any]:
    """Return a state as Workflow Studio writes it."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"{arn(name)}:$LATEST", "Payload.$": payload},
        "OutputPath": output,
        "Retry": [{"ErrorEquals": ["Lambda.ServiceException", "Lambda.SdkClientException"], "MaxAttempts": 2}],
    }


CHAIN = machine({"Serialize": call("serialize"), "Classify": call("classify"), "Filter": call("filter")})
STUDIO = machine({name.title(): invoke(name) for name in ("serialize", "classify", "filter")})
TO_TOPIC = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sns:publish",
    "Parameters": {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:imported-unsure", "Message.$": "$.Cause"},
    "ResultPath": "$.sent",
}
CAUGHT = {
    **CHAIN,
    "States": {
        **CHAIN["States"],
        "Filter": call("filter", End=True, Catch=[{"ErrorEquals": ["THRESHOLD_CONFIDENCE_NOT_MET"], "Next": "Tell"}]),
        "Tell": {**TO_TOPIC, "End": True},
    },
}
TO_QUEUE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {
        "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/imported-results",
        "MessageBody.$": "$.body",
    },
    "ResultPath": "$.sent",
}
JSONATA = machine(
    {
        "Serialize": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": arn("serialize"), "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
        },
        "Classify": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "classify", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload.body.inferences %}",
        },
    },
    QueryLanguage="JSONata",
)
MAP = machine(
    {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.images",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **STUDIO},
        }
    }
)
NESTED = machine(
    {
        "Inner": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:inner", "Input.$": "$"},
            "OutputPath": "$.Output",
        }
    }
)
CHOICE = {
    "StartAt": "Classify",
    "States": {
        "Classify": call("classify", ResultPath="$.answer", Next="Sure?"),
        "Sure?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.answer.body.inferences[0]", "NumericGreaterThan": 0.9, "Next": "Both"},
            ],
            "Default": "Unsure",
        },
        "Unsure": {"Type": "Fail", "Error": "Unsure"},
        "Both": {
            "Type": "Parallel",
            "Branches": [machine({"Left": call("filter", InputPath="$.answer")}), machine({"Right": {"Type": "Pass"}})],
            "End": True,
        },
    },
}
YAML = f"""
# exported from the toolkit
Comment: the whole workflow
StartAt: Yes
States:
  Yes:
    Type: Task
    Resource: {arn("serialize")}
    Next: Classify
  Classify:
    Type: Task
    Resource: {arn("classify")}
    Next: Filter
  Filter:
    Type: Task
    Resource: {arn("filter")}
    End: true
"""
STRING_BODY = machine(
    {
        "Serialize": invoke("serialize"),
        "Classify": invoke("classify", "$.body", "$.Payload.body"),
        "Filter": {
            **invoke("filter"),
            "ResultSelector": {"body.$": "States.StringToJson($.Payload.body)"},
            "OutputPath": "$.body",
        },
    }
)
DESCRIBED = {
    "stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:workflow",
    "name": "workflow",
    "status": "ACTIVE",
    "definition": json.dumps(STUDIO, indent=2),
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/service-role/StepFunctions-workflow-role-abc123",
    "type": "STANDARD",
    "creationDate": "2021-12-05T10:00:00+00:00",
}
