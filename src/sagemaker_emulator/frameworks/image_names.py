"""The names of AWS's framework images: framework, version, purpose, Python and device. Nothing is looked up.

Sources: the image URIs of the SageMaker Python SDK (`sagemaker/image_uri_config`), the registry's forms in the ECR user
guide, and the Dockerfiles of sagemaker-scikit-learn-container and sagemaker-xgboost-container, which say what the
version in a tag such as 1.7-1 stands for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCIKIT_LEARN, PYTORCH, TENSORFLOW, HUGGING_FACE, XGBOOST = (
    "scikit-learn",
    "pytorch",
    "tensorflow",
    "huggingface",
    "xgboost",
)
TRAINING, INFERENCE, BOTH = "training", "inference", "both"

DOMAINS = (
    r"amazonaws\.com(?:\.cn)?|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov"
    r"|on\.aws|on\.amazonwebservices\.com\.cn"
)
PRIVATE_REGISTRY = rf"\d{{12}}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:{DOMAINS})/"
REGISTRY = rf"(?:{PRIVATE_REGISTRY}|public\.ecr\.aws/)"
IMAGE = re.compile(
    rf"{REGISTRY}?(?:deep-learning-containers/)?(?P<repository>[a-z0-9-]+):(?P<tag>[\w.-]+)(?:@sha256:[0-9a-f]{{64}})?"
)
REPOSITORIES = {
    "sagemaker-scikit-learn": (SCIKIT_LEARN, BOTH),
    "sagemaker-xgboost": (XGBOOST, BOTH),
    "xgboost": (XGBOOST, BOTH),
    "pytorch-training": (PYTORCH, TRAINING),
    "pytorch-training-arm64": (PYTORCH, TRAINING),
    "pytorch-inference": (PYTORCH, INFERENCE),
    "pytorch-inference-arm64": (PYTORCH, INFERENCE),
    "pytorch-inference-graviton": (PYTORCH, INFERENCE),
    "sagemaker-pytorch": (PYTORCH, BOTH),
    "tensorflow-training": (TENSORFLOW, TRAINING),
    "tensorflow-inference": (TENSORFLOW, INFERENCE),
    "tensorflow-inference-arm64": (TENSORFLOW, INFERENCE),
    "tensorflow-inference-graviton": (TENSORFLOW, INFERENCE),
    "sagemaker-tensorflow-scriptmode": (TENSORFLOW, TRAINING),
    "sagemaker-tensorflow-serving": (TENSORFLOW, INFERENCE),
    "huggingface-pytorch-training": (HUGGING_FACE, TRAINING),
    "huggingface-pytorch-inference": (HUGGING_FACE, INFERENCE),
    "huggingface-tensorflow-training": (HUGGING_FACE, TRAINING),
    "huggingface-tensorflow-inference": (HUGGING_FACE, INFERENCE),
}
TAG = re.compile(r"(?P<version>\d+\.\d+(?:\.\d+)?)(?:-transformers(?P<transformers>\d+(?:\.\d+)+))?(?:-|$)")
NUMBERED = re.compile(r"(?P<version>\d+\.\d+)-(?P<patch>\d+)(?:-|$)")  # scikit-learn's and XGBoost's own form
LEGACY_XGBOOST = {"1": "0.72.1", "latest": "0.72.1"}
# In the tags of these versions, the number after the dash counts images; the package's patch number is here.
XGBOOST_PATCHES = {"0.90": 0, "1.0": 0, "1.2": 0, "1.3": 3, "1.5": 2, "1.7": 4}
SCIKIT_LEARN_PATCHES = {"0.20": 0, "0.23": 2, "1.0": 2}
# A tag such as 2.6-cpu-py312 names the image with the last patch. These are from the SDK's version_aliases, where
# training and inference have the same. Of other versions the patch is left open.
LAST_PATCHES = {
    PYTORCH: dict.fromkeys(("1.11", "2.1", "2.2", "2.3", "2.4", "2.6", "2.8"), 0)
    | dict.fromkeys(("1.9", "1.12", "1.13", "2.0", "2.5", "2.7"), 1)
    | {"1.10": 2},
    TENSORFLOW: {"2.5": 1, "2.6": 3, "2.10": 1, "2.13": 0, "2.14": 1, "2.18": 0, "2.19": 0},
}
# The Python of images whose tags say only py3, by the first version of the framework that has it
PYTHONS: dict[str, tuple[tuple[tuple[int, ...], str], ...]] = {
    SCIKIT_LEARN: (((0, 20), "3.7"), ((1, 2), "3.9"), ((1, 4), "3.10")),
    XGBOOST: (((0, 72), "3.7"), ((1, 3), "3.8"), ((1, 7), "3.10")),
}


@dataclass(frozen=True)
class FrameworkImage:
    """One of AWS's framework images, as its URI describes it.

    `version` is the framework's; of a Hugging Face image it is that of Transformers, and `backend` and
    `backend_version` are what Transformers runs on. A version lacks the patch if the tag does and LAST_PATCHES does not
    have it. `python` is the Python in AWS's image, such as 3.10, or None if nothing says it.
    """

    framework: str
    version: str
    purpose: str
    python: str | None
    is_for_gpus: bool = False
    backend: str = ""
    backend_version: str = ""

    def __str__(self) -> str:
        backend = f" ({self.backend} {self.backend_version})" if self.backend else ""
        return f"{self.framework} {self.version}{backend}"


def framework_image(uri: str) -> FrameworkImage | None:
    """Return the image that a URI names, in any account, region and partition; None if it is not one of these."""
    match = IMAGE.fullmatch(uri)
    if match is None or match["repository"] not in REPOSITORIES:
        return None
    framework, purpose = REPOSITORIES[match["repository"]]
    tag = match["tag"]
    if framework == HUGGING_FACE:
        return _hugging_face(tag, purpose, match["repository"].split("-")[1])
    version = _version(framework, tag)
    if version is None:
        return None
    python = _python_in(tag) or _known_python(framework, version)
    return FrameworkImage(framework, version, purpose, python, "-gpu" in tag)


def parts_of(version: str) -> tuple[int, ...]:
    """Return a version's numbers, for comparisons."""
    return tuple(int(part) for part in version.split("."))


def _hugging_face(tag: str, purpose: str, backend: str) -> FrameworkImage | None:
    match = TAG.match(tag)
    if match is None or match["transformers"] is None:
        return None
    backend_version = _patched(backend, match["version"])
    return FrameworkImage(
        HUGGING_FACE, match["transformers"], purpose, _python_in(tag), "-gpu" in tag, backend, backend_version
    )


def _version(framework: str, tag: str) -> str | None:
    if framework == XGBOOST and tag in LEGACY_XGBOOST:
        return LEGACY_XGBOOST[tag]
    if framework in (XGBOOST, SCIKIT_LEARN) and (numbered := NUMBERED.match(tag)):
        patches = XGBOOST_PATCHES if framework == XGBOOST else SCIKIT_LEARN_PATCHES
        return f"{numbered['version']}.{patches.get(numbered['version'], int(numbered['patch']))}"
    match = TAG.match(tag)
    return _patched(framework, match["version"]) if match else None


def _patched(framework: str, version: str) -> str:
    """Return the whole version that a tag stands for, so that 2.6 and 2.6.0 share an environment."""
    patch = LAST_PATCHES.get(framework, {}).get(version)
    return version if patch is None else f"{version}.{patch}"


def _python_in(tag: str) -> str | None:
    """Return the Python that a tag names with its minor version, as py310 does and py3 does not."""
    match = re.search(r"-py(\d)(\d+)(?:-|$)", tag)
    return f"{match[1]}.{match[2]}" if match else None


def _known_python(framework: str, version: str) -> str | None:
    known = [python for first, python in PYTHONS.get(framework, ()) if parts_of(version) >= first]
    return known[-1] if known else None
