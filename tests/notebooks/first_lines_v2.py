"""The usual first lines of a notebook, in the words of the SageMaker Python SDK v2."""

import boto3
import sagemaker
from sagemaker import get_execution_role

session = sagemaker.Session()
bucket = session.default_bucket()
role = get_execution_role()
region = session.boto_region_name
account = boto3.client("sts").get_caller_identity()["Account"]
image = sagemaker.image_uris.retrieve("image-classification", region, "latest")
path = session.upload_data(__file__, bucket, "first")
keys = [each.key for each in boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="first")]
jobs = boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]

result = {"bucket": bucket, "role": role, "region": region, "account": account, "asked": session.account_id()}
