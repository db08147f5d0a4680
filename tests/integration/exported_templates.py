"""Templates of CloudFormation and SAM that have a state machine."""

from __future__ import annotations

import textwrap

from tests.integration.exported_code import (
    PLAIN_CLASSIFY,
)
from tests.integration.exported_machines import (
    machine,
)

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
