"""CloudFormation: change sets, events and outputs of one stack."""
