"""The usual first lines of a notebook, in the words of the SageMaker Python SDK v3."""

import boto3
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import TrainingJob
from sagemaker.train import ModelTrainer

session = Session()
bucket = session.default_bucket()
role = get_execution_role()
region = session.boto_region_name
account = boto3.client("sts").get_caller_identity()["Account"]
path = session.upload_data(__file__, bucket, "first")
keys = [each.key for each in boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="first")]
jobs = [job.training_job_name for job in TrainingJob.get_all()]
trainer = ModelTrainer

result = {"bucket": bucket, "role": role, "region": region, "account": account, "asked": session.account_id()}
