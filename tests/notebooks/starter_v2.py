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
# A classifier in the manner of a first SageMaker project, with SDK v2: packages, data, training, endpoint, workflow, monitoring.

# %%
# !pip install --quiet tabulate

# %%
# !pip --version

# %%
import tabulate

tabulate.__version__

# %%
# %matplotlib inline

# %%
import boto3
import sagemaker
from sagemaker import get_execution_role

# %%
session = sagemaker.Session()
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
from sagemaker import image_uris

algo_image = image_uris.retrieve("image-classification", region, "latest")
s3_output_location = f"s3://{bucket}/models/image_model"
algo_image

# %%
img_classifier_model = sagemaker.estimator.Estimator(
    algo_image,
    role,
    instance_count=1,
    instance_type="ml.p3.2xlarge",
    output_path=s3_output_location,
    sagemaker_session=session,
)

# %%
img_classifier_model.set_hyperparameters(
    image_shape="3,32,32", num_classes=2, num_training_samples=60, use_pretrained_model=0, epochs=4, mini_batch_size=16
)

# %%
from sagemaker.debugger import Rule, rule_configs
from sagemaker.session import TrainingInput

model_inputs = {
    "train": TrainingInput(s3_data=f"s3://{bucket}/train/", content_type="application/x-image"),
    "validation": TrainingInput(s3_data=f"s3://{bucket}/test/", content_type="application/x-image"),
    "train_lst": TrainingInput(s3_data=f"s3://{bucket}/train.lst", content_type="application/x-image"),
    "validation_lst": TrainingInput(s3_data=f"s3://{bucket}/test.lst", content_type="application/x-image"),
}

# %%
# %%time
img_classifier_model.fit(inputs=model_inputs)

# %%
job = img_classifier_model.latest_training_job.describe()
pd.Series({name: job[name] for name in ("TrainingJobName", "TrainingJobStatus", "BillableTimeInSeconds")})

# %% [markdown]
# ## Endpoint

# %%
from sagemaker.model_monitor import DataCaptureConfig

data_capture_config = DataCaptureConfig(
    enable_capture=True, sampling_percentage=100, destination_s3_uri=f"s3://{bucket}/data_capture"
)

# %%
# %%time
deployment = img_classifier_model.deploy(
    initial_instance_count=1, instance_type="ml.m5.xlarge", data_capture_config=data_capture_config
)
endpoint = deployment.endpoint_name
print(endpoint)

# %%
predictor = sagemaker.predictor.Predictor(endpoint, sagemaker_session=session)

# %%
from sagemaker.serializers import IdentitySerializer

predictor.serializer = IdentitySerializer("image/png")
payload = Path("test/bicycle_000.png").read_bytes()
inference = predictor.predict(payload)
inference

# %%
import json

probabilities = json.loads(inference)
assert len(probabilities) == 2 and abs(sum(probabilities) - 1) < 1e-3

# %%
# %%timeit -n 3 -r 1
predictor.predict(payload)

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
    FunctionName="starter-classify",
    Runtime="python3.11",
    Role=role,
    Handler="lambda_function.lambda_handler",
    Code={"ZipFile": Path("function.zip").read_bytes()},
    Environment={"Variables": {"ENDPOINT": endpoint}},
    Timeout=30,
)
client.get_waiter("function_active_v2").wait(FunctionName="starter-classify")
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
machine = stepfunctions.create_state_machine(name="starter", definition=json.dumps(definition), roleArn=role)


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
from sagemaker.s3 import S3Downloader

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
predictor.delete_endpoint()
client.delete_function(FunctionName="starter-classify")
stepfunctions.delete_state_machine(stateMachineArn=machine["stateMachineArn"])
print("the end")
