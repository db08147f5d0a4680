"""Exported projects as people have them: definitions in several formats, and code in several places.

Each has files by path, the input of an execution, and how the execution must end.
"""

import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION = "210987654321", "eu-central-1"
SERIALIZE = """
import base64
def lambda_handler(event, context):
    image = base64.b64encode(event["s3_key"].encode()).decode()
    return {"statusCode": 200, "body": {"image_data": image, "s3_bucket": event["s3_bucket"], "inferences": []}}
"""
CLASSIFY = """
import json
from sagemaker.predictor import Predictor
from sagemaker.serializers import IdentitySerializer

def lambda_handler(event, context):
    body = event["body"] if "body" in event else event
    predictor = Predictor("vehicles")
    predictor.serializer = IdentitySerializer("image/png")
    body["inferences"] = json.loads(predictor.predict(body["image_data"]))
    return {"statusCode": 200, "body": body}
"""
PLAIN_CLASSIFY = """
def lambda_handler(event, context):
    body = event["body"] if "body" in event else event
    return {"statusCode": 200, "body": {**body, "inferences": [0.97, 0.03]}}
"""
FILTER = """
import json
class THRESHOLD_CONFIDENCE_NOT_MET(Exception): pass
def lambda_handler(event, context):
    body = event["body"] if "body" in event else event
    body = json.loads(body) if isinstance(body, str) else body
    if max(body["inferences"]) < THRESHOLD:
        raise THRESHOLD_CONFIDENCE_NOT_MET("too uncertain")
    return {"statusCode": 200, "body": json.dumps(body)}
"""
# a small package in the place of SageMaker's SDK, whose predictor knows one answer
SDK = {
    "sagemaker/__init__.py": "",
    "sagemaker/predictor.py": """
class Predictor:
    def __init__(self, endpoint_name):
        self.endpoint_name = endpoint_name
    def predict(self, data):
        return "[0.97, 0.03]"
""",
    "sagemaker/serializers.py": """
class IdentitySerializer:
    def __init__(self, content_type):
        self.content_type = content_type
""",
}
SURE, UNSURE = FILTER.replace("THRESHOLD:", "0.9:"), FILTER.replace("THRESHOLD:", "0.99:")
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


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


CHAIN = machine({"Serialize": call("serialize"), "Classify": call("classify"), "Filter": call("filter")})
STUDIO = machine({name.title(): invoke(name) for name in ("serialize", "classify", "filter")})
FOLDERS = {
    "serialize/lambda_function.py": SERIALIZE,
    "classify/lambda_function.py": PLAIN_CLASSIFY,
    "filter/lambda_function.py": SURE,
}
MODULES = {"serialize.py": SERIALIZE, "classify.py": PLAIN_CLASSIFY, "filter.py": SURE}
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
INLINE_TEMPLATE = f"""
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Prefix: {{Type: String, Default: imported}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {{}}
  Classify:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub "${{Prefix}}-inline"
      Handler: index.lambda_handler
      Runtime: python3.12
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
{textwrap.indent(PLAIN_CLASSIFY, " " * 10)}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: workflow
      RoleArn: !GetAtt Role.Arn
      DefinitionString: !Sub |
        {{"StartAt": "Classify", "States": {{"Classify": {{
          "Type": "Task", "Resource": "${{Classify.Arn}}", "End": true}}}}}}
"""
SAM_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.11
    Timeout: 30
Resources:
  Sdk:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: sdk}
  SerializeFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/first/, Handler: start.run}
  ClassifyFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/second/
      Handler: app.lambda_handler
      Layers: [!Ref Sdk]
  Workflow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: workflow
      DefinitionUri: statemachine/steps.asl.json
      DefinitionSubstitutions:
        SerializeArn: !GetAtt SerializeFunction.Arn
        ClassifyArn: !GetAtt ClassifyFunction.Arn
"""
SAM_STEPS = machine(
    {
        "Serialize": {"Type": "Task", "Resource": "${SerializeArn}"},
        "Classify": {"Type": "Task", "Resource": "${ClassifyArn}"},
    }
)
JOIN_TEMPLATE = {
    "Resources": {
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "workflow",
                "DefinitionString": {
                    "Fn::Join": [
                        "",
                        [
                            '{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, ',
                            '"Resource": "arn:aws:lambda:',
                            {"Ref": "AWS::Region"},
                            ":",
                            {"Ref": "AWS::AccountId"},
                            ':function:classify"}}}',
                        ],
                    ]
                },
            },
        }
    }
}
DESCRIBED = {
    "stateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:workflow",
    "name": "workflow",
    "status": "ACTIVE",
    "definition": json.dumps(STUDIO, indent=2),
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/service-role/StepFunctions-workflow-role-abc123",
    "type": "STANDARD",
    "creationDate": "2021-12-05T10:00:00+00:00",
}
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
ALL_IN_ONE = f"# serializeImage{SERIALIZE}\n# classify{PLAIN_CLASSIFY}\n# the last one{SURE}"
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
