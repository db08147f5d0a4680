# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python (local AWS)
#     language: python
#     name: local-aws
# ---

# %% [markdown]
# # Which vehicle is at the gate?
# The same first project with SDK v3: ModelTrainer, and the resources of sagemaker.core.

# %%
# !pip install --quiet tabulate

# %%
import tabulate

tabulate.__version__

# %%
# %matplotlib inline

# %%
import boto3
from sagemaker.core.helper.session_helper import Session, get_execution_role

# %%
session = Session()
role = get_execution_role()
region = session.boto_region_name
print(region, role)

# %%
bucket = session.default_bucket()
print(f"Default Bucket: {bucket}")

# %%
account = boto3.client("sts").get_caller_identity()["Account"]
account

# %% [markdown]
# ## Data

# %%
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

# %%
rng = np.random.default_rng(1)


def draw(label):
    """A bright or a dark vehicle on a noisy road."""
    pixels = rng.integers(90, 160, (32, 32, 3))
    top, left = rng.integers(4, 14, 2)
    pixels[top : top + 12, left : left + 12] = 230 if label else 20
    return Image.fromarray(pixels.astype("uint8"))


draw(1)

# %%
for split, count in (("train", 60), ("test", 20)):
    shutil.rmtree(split, ignore_errors=True)
    os.makedirs(split)
    for index in range(count):
        label = index % 2
        draw(label).save(f"{split}/{('bicycle', 'motorcycle')[label]}_{index:03}.png")

# %%
# !ls train | head -3

# %%
# !ls train | wc -l


# %%
def to_metadata_file(df, prefix):
    df["s3_path"] = df["filenames"]
    df["labels"] = df["filenames"].apply(lambda name: 1 if name.startswith("motorcycle") else 0)
    return df[["row", "labels", "s3_path"]].to_csv(f"{prefix}.lst", sep="\t", index=False, header=False)


# %%
df_train = pd.DataFrame({"filenames": sorted(os.listdir("train")), "row": range(60)})
df_test = pd.DataFrame({"filenames": sorted(os.listdir("test")), "row": range(20)})
to_metadata_file(df_train.copy(), "train")
to_metadata_file(df_test.copy(), "test")

# %%
df_train.head()

# %%
# !head -2 train.lst

# %%
import matplotlib.pyplot as plt

plt.imshow(Image.open(f"train/{df_train.filenames[0]}"))
plt.show()

# %%
os.environ["DEFAULT_S3_BUCKET"] = bucket
# !aws s3 sync ./train s3://${DEFAULT_S3_BUCKET}/train/ --only-show-errors
# !aws s3 sync ./test s3://${DEFAULT_S3_BUCKET}/test/ --only-show-errors

# %%
boto3.Session().resource("s3").Bucket(bucket).Object("train.lst").upload_file("./train.lst")
boto3.Session().resource("s3").Bucket(bucket).Object("test.lst").upload_file("./test.lst")

# %%
# listing = !aws s3 ls s3://{bucket}/train/
len(listing)

# %% [markdown]
# ## Training

# %%
from sagemaker.core import image_uris

algo_image = image_uris.retrieve("image-classification", region, "latest")
algo_image

# %%
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

trainer = ModelTrainer(
    training_image=algo_image,
    role=role,
    base_job_name="starter-v3",
    compute=Compute(instance_type="ml.p3.2xlarge", instance_count=1, volume_size_in_gb=5),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/models/v3"),
    hyperparameters={
        "image_shape": "3,32,32",
        "num_classes": 2,
        "num_training_samples": 60,
        "use_pretrained_model": 0,
        "epochs": 4,
        "mini_batch_size": 16,
    },
    sagemaker_session=session,
)

# %%
inputs = [
    InputData(channel_name=name, data_source=f"s3://{bucket}/{path}", content_type="application/x-image")
    for name, path in {
        "train": "train/",
        "validation": "test/",
        "train_lst": "train.lst",
        "validation_lst": "test.lst",
    }.items()
]

# %%
# %%time
trainer.train(input_data_config=inputs, wait=True, logs=True)

# %%
job = trainer._latest_training_job
job.refresh()
pd.Series({"name": job.training_job_name, "status": job.training_job_status})

# %% [markdown]
# ## Endpoint

# %%
import time

from sagemaker.core import shapes
from sagemaker.core.resources import Endpoint, EndpointConfig, Model

name = f"starter-v3-{int(time.time())}"
container = shapes.ContainerDefinition(image=algo_image, model_data_url=job.model_artifacts.s3_model_artifacts)
model = Model.create(model_name=name, primary_container=container, execution_role_arn=role)

# %%
config = EndpointConfig.create(
    endpoint_config_name=name,
    production_variants=[
        shapes.ProductionVariant(
            variant_name="AllTraffic", model_name=name, initial_instance_count=1, instance_type="ml.m5.xlarge"
        )
    ],
    data_capture_config=shapes.DataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=100,
        destination_s3_uri=f"s3://{bucket}/data_capture",
        capture_options=[shapes.CaptureOption(capture_mode="Input"), shapes.CaptureOption(capture_mode="Output")],
        capture_content_type_header=shapes.CaptureContentTypeHeader(json_content_types=["application/json"]),
    ),
)

# %%
# %%time
endpoint_resource = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
endpoint_resource.wait_for_status("InService", poll=1)
endpoint = name
print(endpoint)

# %%
import json

payload = Path("test/bicycle_000.png").read_bytes()
answer = endpoint_resource.invoke(body=payload, content_type="image/png")
probabilities = json.loads(answer.body.read())
assert len(probabilities) == 2 and abs(sum(probabilities) - 1) < 1e-3
probabilities

# %% [markdown]
# ## Workflow

# %%
# %%writefile lambda_function.py
import base64
import json
import os

import boto3

runtime = boto3.Session().client("sagemaker-runtime")


def lambda_handler(event, context):
    image = boto3.client("s3").get_object(Bucket=event["s3_bucket"], Key=event["s3_key"])["Body"].read()
    answer = runtime.invoke_endpoint(EndpointName=os.environ["ENDPOINT"], ContentType="image/png", Body=image)
    return {"statusCode": 200, "body": {"image_data": base64.b64encode(image).decode()[:8], "inferences": json.loads(answer["Body"].read())}}


# %%
shutil.make_archive("function", "zip", ".", "lambda_function.py")
client = boto3.client("lambda")
function = client.create_function(
    FunctionName="starter-v3-classify",
    Runtime="python3.11",
    Role=role,
    Handler="lambda_function.lambda_handler",
    Code={"ZipFile": Path("function.zip").read_bytes()},
    Environment={"Variables": {"ENDPOINT": endpoint}},
    Timeout=30,
)
client.get_waiter("function_active_v2").wait(FunctionName="starter-v3-classify")
function["FunctionArn"]

# %%
definition = {
    "StartAt": "Classify",
    "States": {
        "Classify": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": function["FunctionArn"], "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        }
    },
}
stepfunctions = boto3.client("stepfunctions")
machine = stepfunctions.create_state_machine(name="starter-v3", definition=json.dumps(definition), roleArn=role)


# %%
def generate_test_case():
    name = rng.choice(sorted(os.listdir("test")))
    return json.dumps({"image_data": "", "s3_bucket": bucket, "s3_key": f"test/{name}"})


generate_test_case()

# %%
import time

executions = [
    stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"], input=generate_test_case())["executionArn"]
    for _ in range(5)
]
while any(
    stepfunctions.describe_execution(executionArn=arn)["status"] == "RUNNING" for arn in executions
):
    time.sleep(0.5)
statuses = [stepfunctions.describe_execution(executionArn=arn)["status"] for arn in executions]
assert statuses == ["SUCCEEDED"] * 5

# %% [markdown]
# ## Monitoring

# %%
data_path = f"s3://{bucket}/data_capture/{endpoint}"
deadline = time.time() + 240
captured = []
while len(captured) < 6 and time.time() < deadline:
    time.sleep(2)
    # !aws s3 sync {data_path} captured_data --only-show-errors
    captured = [line for file in Path("captured_data").rglob("*.jsonl") for line in file.read_text().splitlines()]
len(captured)


# %%
def simple_getter(obj):
    inferences = obj["captureData"]["endpointOutput"]["data"]
    timestamp = obj["eventMetadata"]["inferenceTime"]
    return json.loads(inferences), timestamp


json_data = [json.loads(line) for line in captured]
simple_getter(json_data[0])

# %%
x, y = [], []
for obj in json_data:
    inference, timestamp = simple_getter(obj)
    y.append(max(inference))
    x.append(timestamp)

plt.scatter(x, y, c=["r" if k < 0.94 else "b" for k in y])
plt.axhline(y=0.94, color="g", linestyle="--")
plt.ylim(bottom=0.4)
plt.ylabel("Confidence")
plt.suptitle("Observed recent inferences", size=14)
plt.show()

# %% [markdown]
# ## The end

# %%
endpoint_resource.delete()
config.delete()
model.delete()
client.delete_function(FunctionName="starter-v3-classify")
stepfunctions.delete_state_machine(stateMachineArn=machine["stateMachineArn"])
print("the end")
