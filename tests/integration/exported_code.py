"""The code of exported functions, in folders, modules and zip files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

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


SURE, UNSURE = FILTER.replace("THRESHOLD:", "0.9:"), FILTER.replace("THRESHOLD:", "0.99:")


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


FOLDERS = {
    "serialize/lambda_function.py": SERIALIZE,
    "classify/lambda_function.py": PLAIN_CLASSIFY,
    "filter/lambda_function.py": SURE,
}
MODULES = {"serialize.py": SERIALIZE, "classify.py": PLAIN_CLASSIFY, "filter.py": SURE}
ALL_IN_ONE = f"# serializeImage{SERIALIZE}\n# classify{PLAIN_CLASSIFY}\n# the last one{SURE}"


def zipped(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}
