"""What LocalStack's CloudFormation lacks, or says it did and did not."""
