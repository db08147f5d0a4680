# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python (local AWS)
#     language: python
#     name: local-aws
# ---

# %% [markdown]
# # Scones Unlimited: from pictures to loading bays
#
# Scones Unlimited delivers scones. Some drivers come by bicycle, others by motorcycle. A camera at the gate takes a picture of
# each vehicle, and the driver is sent to the right loading bay: bicycles take the orders for nearby addresses, motorcycles
# those for distant ones.
#
# In this notebook you build the whole system with Amazon SageMaker, Lambda and Step Functions:
#
# 1. **Data**: get the pictures, look at them, and upload them to S3
# 2. **Training**: train SageMaker's built-in image classifier
# 3. **Endpoint**: serve the model, and ask it about a picture
# 4. **Workflow**: connect three Lambda functions in a state machine
# 5. **Monitoring**: read what the endpoint captured, and see where the model is uncertain
# 6. **Cleaning up**
#
# The notebook is written for the SageMaker Python SDK v2. With the kernel *Python (local AWS)* it runs on your own machine: `scones up`
# starts the local AWS, and nothing costs money. On a SageMaker notebook instance the same cells run on AWS.

# %%
import io
import json
import os
import pickle
import tarfile
import time
import urllib.request
import zipfile
from pathlib import Path

os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"  # version 3 has other names for the same things

import boto3
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sagemaker
from PIL import Image
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.s3 import S3Downloader, S3Uploader
from sagemaker.serializers import IdentitySerializer

# %% [markdown]
# Every SageMaker notebook begins with three questions: which bucket do we use, which role may SageMaker assume, and which
# region are we in?

# %%
session = sagemaker.Session()
bucket = session.default_bucket()
role = sagemaker.get_execution_role()
region = session.boto_region_name
plt.rcParams["figure.dpi"] = 72
print(f"bucket {bucket}\nrole   {role}\nregion {region}")

# %% [markdown]
# ## 1. Data
#
# The pictures come from [CIFAR-100](https://www.cs.toronto.edu/~kriz/cifar.html): 60,000 pictures of 100 classes, 32 by 32 pixels each.
# We need two of the classes. If you have the archive already, or want to use another one in the same format, set `DATASET`.

# %%
CIFAR = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
SAMPLE = Path("../data/sample.tar.gz")  # drawn pictures in CIFAR's format, for machines without a network


def archive() -> Path:
    if "DATASET" in os.environ:
        return Path(os.environ["DATASET"])
    target = Path("cifar-100-python.tar.gz")
    if target.exists():
        return target
    try:
        urllib.request.urlretrieve(CIFAR, target)
        return target
    except OSError as error:
        print(f"CIFAR-100 cannot be downloaded ({error}): the drawn pictures are used instead")
        return SAMPLE


# %% [markdown]
# CIFAR's files are *pickles*. A pickle is a small program, and loading one runs it. These need only three names from NumPy, so
# the class below allows only those.

# %%
ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"this file wants to call {module}.{name}")
        return super().find_class(module, name)


def batch(name):
    with tarfile.open(archive()) as tar:
        return ArraysOnly(tar.extractfile(f"cifar-100-python/{name}"), encoding="latin1").load()


meta, train, test = (batch(name) for name in ("meta", "train", "test"))
print(f"{len(train['data'])} pictures to train with, {len(test['data'])} to test with")

# %% [markdown]
# Each row has 3,072 numbers: 1,024 for red, then 1,024 for green, then 1,024 for blue. Let us put the two classes into one table
# with a label: 0 for bicycle, 1 for motorcycle.

# %%
CLASSES = ["bicycle", "motorcycle"]


def table(part):
    numbers = {meta["fine_label_names"].index(name): label for label, name in enumerate(CLASSES)}
    rows = [
        {"row": row, "label": numbers[fine], "filename": part["filenames"][row]}
        for row, fine in enumerate(part["fine_labels"])
        if fine in numbers
    ]
    return pd.DataFrame(rows)


def picture(part, row):
    return np.asarray(part["data"][row], dtype=np.uint8).reshape(3, 32, 32).transpose(1, 2, 0)


train_table, test_table = table(train), table(test)
if os.environ.get("SHORT"):  # for a quick look at the whole notebook
    train_table = train_table.groupby("label").head(100).reset_index(drop=True)
    test_table = test_table.groupby("label").head(20).reset_index(drop=True)
train_table.groupby("label").size().rename(index=dict(enumerate(CLASSES)))

# %% [markdown]
# It is a good habit to look at the data before training on it.

# %%
figure, axes = plt.subplots(2, 8, figsize=(10, 3))
for label, line in enumerate(axes):
    for axis, row in zip(line, train_table[train_table.label == label].row.head(8)):
        axis.imshow(picture(train, row))
        axis.axis("off")
    line[0].set_title(CLASSES[label], loc="left", fontsize=10)
plt.tight_layout()
plt.show()

# %% [markdown]
# SageMaker's image classifier reads the pictures from S3, together with a list that has one line for each picture: a number,
# the label, and the file name, separated by tabs.

# %%
WORK = Path("work")


def write(part, frame, name):
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for _, line in frame.iterrows():
        Image.fromarray(picture(part, line.row)).save(folder / line.filename)
    frame.to_csv(WORK / f"{name}.lst", sep="\t", header=False, index=False)


write(train, train_table, "train")
write(test, test_table, "test")
print((WORK / "train.lst").read_text().splitlines()[:3])

# %%
# %%time
prefix = f"s3://{bucket}/scones"
for name in ("train", "test"):
    S3Uploader.upload(str(WORK / name), f"{prefix}/{name}", sagemaker_session=session)
    S3Uploader.upload(str(WORK / f"{name}.lst"), f"{prefix}/lists", sagemaker_session=session)
S3Downloader.list(f"{prefix}/lists", sagemaker_session=session)

# %% [markdown]
# ## 2. Training
#
# An *estimator* describes a training job: the algorithm's image, the machine, and the hyperparameters. The network starts with
# random weights and needs to see all pictures many times; one pass over all of them is an *epoch*.

# %%
image = sagemaker.image_uris.retrieve("image-classification", region, "latest")
estimator = Estimator(
    image_uri=image,
    role=role,
    instance_count=1,
    instance_type="ml.m5.xlarge",  # on AWS, take a GPU: ml.p3.2xlarge
    output_path=f"{prefix}/models",
    base_job_name="scones-notebook",
    sagemaker_session=session,
)
estimator.set_hyperparameters(
    image_shape="3,32,32",
    num_classes=len(CLASSES),
    num_training_samples=len(train_table),
    epochs=int(os.environ.get("EPOCHS", 30)),
    mini_batch_size=32,
)

# %% [markdown]
# The classifier reads four *channels*: the pictures and the list, each for training and for validation. While the job runs, you
# see its log.

# %%
# %%time
channels = {
    "train": f"{prefix}/train/",
    "validation": f"{prefix}/test/",
    "train_lst": f"{prefix}/lists/train.lst",
    "validation_lst": f"{prefix}/lists/test.lst",
}
estimator.fit({name: TrainingInput(uri, content_type="application/x-image") for name, uri in channels.items()})

# %% [markdown]
# The log has the accuracy after each epoch. A chart shows more than the numbers: as long as the validation accuracy rises, the
# network is learning something that also holds for pictures that it has not seen.

# %%
logs = boto3.client("logs")
job = estimator.latest_training_job.name
pages = logs.get_paginator("filter_log_events").paginate(
    logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=job
)
messages = pd.Series([event["message"] for page in pages for event in page["events"]])
accuracy = messages.str.extract(
    r"Epoch\[(?P<epoch>\d+)\] (?P<kind>Train|Validation)-accuracy=(?P<accuracy>[\d.]+)"
).dropna()
curve = accuracy.astype({"epoch": int, "accuracy": float}).pivot_table("accuracy", "epoch", "kind")
curve.plot(figsize=(8, 3), marker="o", ylabel="accuracy", ylim=(0.4, 1), grid=True, title="Accuracy after each epoch")
plt.show()

# %% [markdown]
# ## 3. Endpoint
#
# An *endpoint* answers requests with the model. We let it capture all requests and answers, because we want to know later how
# well it did.

# %%
# %%time
capture = DataCaptureConfig(enable_capture=True, sampling_percentage=100, destination_s3_uri=f"{prefix}/captured")
predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    data_capture_config=capture,
    serializer=IdentitySerializer(content_type="image/png"),
    endpoint_name=f"scones-notebook-{int(time.time())}",
)

# %% [markdown]
# The answer is a list: the probability of a bicycle, and the probability of a motorcycle.

# %%
sample = test_table.groupby("label").head(4)
figure, axes = plt.subplots(2, len(sample), figsize=(10, 3), height_ratios=(3, 1))
for (above, below), (_, line) in zip(axes.T, sample.iterrows()):
    probabilities = json.loads(predictor.predict((WORK / "test" / line.filename).read_bytes()))
    above.imshow(picture(test, line.row))
    above.axis("off")
    right = np.argmax(probabilities) == line.label
    below.barh(["b", "m"], probabilities, color="tab:green" if right else "tab:red")
    below.set_xlim(0, 1)
    below.set_xticks([])
plt.tight_layout()
plt.show()

# %% [markdown]
# ## 4. Workflow
#
# Three small Lambda functions do one thing each:
#
# | function | takes | returns |
# |---|---|---|
# | serialize | bucket and key of a picture | the picture as text (base64) |
# | classify | the text | the probabilities |
# | filter | the probabilities | the probabilities, or an error if the model is not confident enough |

# %%
SERIALIZE = '''
import base64
import boto3

s3 = boto3.client("s3")

def lambda_handler(event, context):
    """Read a picture from S3."""
    body = s3.get_object(Bucket=event["s3_bucket"], Key=event["s3_key"])["Body"].read()
    return {**event, "image_data": base64.b64encode(body).decode()}
'''

CLASSIFY = '''
import base64
import json
import os
import boto3

runtime = boto3.client("sagemaker-runtime")

def lambda_handler(event, context):
    """Ask the endpoint."""
    answer = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT"], ContentType="image/png", Body=base64.b64decode(event["image_data"])
    )
    return {**event, "image_data": "", "inferences": json.loads(answer["Body"].read())}
'''

FILTER = '''
import os

class ThresholdConfidenceNotMet(Exception):
    pass

def lambda_handler(event, context):
    """Let only sure answers pass."""
    best, threshold = max(event["inferences"]), float(os.environ["THRESHOLD"])
    if best < threshold:
        raise ThresholdConfidenceNotMet(f"the confidence is {best:.3f}, and {threshold} is required")
    return event
'''

# %% [markdown]
# A function is uploaded as a zip file. The functions and the state machine use the role of this notebook, too; in production,
# give each of them a role with only the permissions that it needs.

# %%
lambdas = boto3.client("lambda")
THRESHOLD = 0.8


def deploy_function(name, code, **variables):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        entry = zipfile.ZipInfo("lambda_function.py")
        entry.external_attr = 0o644 << 16  # readable for Lambda
        file.writestr(entry, code)
    answer = lambdas.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": variables},
        Timeout=30,
    )
    lambdas.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer["FunctionArn"]


functions = {
    "Serialize": deploy_function("scones-notebook-serialize", SERIALIZE),
    "Classify": deploy_function("scones-notebook-classify", CLASSIFY, ENDPOINT=predictor.endpoint_name),
    "Filter": deploy_function("scones-notebook-filter", FILTER, THRESHOLD=str(THRESHOLD)),
}
functions

# %% [markdown]
# The state machine calls the functions one after the other. If Lambda throttles a call or has an internal error, it tries
# again. If the model is not confident, the execution fails with the filter's error: a person has to look at that picture.

# %%
steps = list(functions)
states = {
    step: {
        "Type": "Task",
        "Resource": functions[step],
        "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException", "Lambda.ServiceException"], "MaxAttempts": 3}],
        **({"Next": following} if following else {"End": True}),
    }
    for step, following in zip(steps, [*steps[1:], None])
}
stepfunctions = boto3.client("stepfunctions")
machine = stepfunctions.create_state_machine(
    name="scones-notebook", roleArn=role, definition=json.dumps({"StartAt": steps[0], "States": states})
)["stateMachineArn"]
machine

# %% [markdown]
# Now twenty vehicles arrive at the gate at once.

# %%
# %%time
arrivals = test_table.sample(min(20, len(test_table)), random_state=1)
executions = [
    stepfunctions.start_execution(
        stateMachineArn=machine,
        input=json.dumps({"s3_bucket": bucket, "s3_key": f"scones/test/{line.filename}", "inferences": []}),
    )["executionArn"]
    for _, line in arrivals.iterrows()
]


def result(arn):
    while (answer := stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.2)
    return answer


results = [result(arn) for arn in executions]
pd.Series([answer["status"] for answer in results]).value_counts()

# %%
decided = pd.DataFrame(
    {
        "picture": arrivals.filename.to_list(),
        "vehicle": [CLASSES[label] for label in arrivals.label],
        "answer": [
            CLASSES[int(np.argmax(json.loads(answer["output"])["inferences"]))] if "output" in answer else "not sure"
            for answer in results
        ],
    }
)
decided["bay"] = decided.answer.map({"bicycle": "near", "motorcycle": "far", "not sure": "ask a person"})
decided.head(10)

# %% [markdown]
# ## 5. Monitoring
#
# After a short while, the endpoint writes what it captured to S3, in files with one JSON document per line. Each document has
# the request, the answer and the time.


# %%
def captured():
    files = S3Downloader.list(f"{prefix}/captured/{predictor.endpoint_name}", sagemaker_session=session)
    lines = [line for file in files for line in S3Downloader.read_file(file, sagemaker_session=session).splitlines()]
    return [json.loads(line) for line in lines]


expected = len(sample) + len(arrivals)
deadline = time.time() + 180
while len(records := captured()) < expected and time.time() < deadline:
    time.sleep(2)
print(f"{len(records)} requests were captured; the first:")
print(json.dumps(records[0]["eventMetadata"], indent=1))

# %% [markdown]
# The chart that managers like: when did requests arrive, and how confident was the model? Requests below the line go to a
# person.

# %%
answers = pd.DataFrame(
    {
        "time": [pd.Timestamp(record["eventMetadata"]["inferenceTime"]) for record in records],
        "probabilities": [json.loads(record["captureData"]["endpointOutput"]["data"]) for record in records],
    }
).sort_values("time")
answers["second"] = (answers.time - answers.time.min()).dt.total_seconds()
answers["confidence"] = answers.probabilities.map(max)
answers["vehicle"] = answers.probabilities.map(lambda values: CLASSES[int(np.argmax(values))])
figure, axis = plt.subplots(figsize=(8, 3.5))
for vehicle, group in answers.groupby("vehicle"):
    axis.scatter(group.second, group.confidence, label=vehicle, marker="o" if vehicle == CLASSES[0] else "^")
axis.axhline(THRESHOLD, color="gray", linestyle="--")
axis.text(0, THRESHOLD, f" threshold {THRESHOLD}", va="bottom", color="gray")
axis.set(
    ylim=(0.45, 1.02), xlabel="seconds after the first request", ylabel="confidence", title="How sure the model was"
)
axis.legend()
plt.show()

# %%
counts, edges = np.histogram(answers.confidence, bins=np.arange(0.5, 1.01, 0.05))
colors = ["tab:orange" if edge < THRESHOLD - 0.001 else "tab:green" for edge in edges[:-1]]
plt.figure(figsize=(8, 2.5))
plt.bar(edges[:-1], counts, width=0.045, align="edge", color=colors)
plt.title("Requests by confidence: orange goes to a person")
plt.xlabel("confidence")
plt.show()

# %% [markdown]
# What would you change if too many pictures went to a person? If you lower the threshold, more mistakes pass. If you train
# longer, or with more pictures, both mistakes and uncertain answers may become rarer.
#
# ## 6. Cleaning up
#
# An endpoint on AWS costs money as long as it exists, whether anybody uses it or not.

# %%
stepfunctions.delete_state_machine(stateMachineArn=machine)
for arn in functions.values():
    lambdas.delete_function(FunctionName=arn)
predictor.delete_model()
predictor.delete_endpoint()
boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="scones/").delete()
print("done")
