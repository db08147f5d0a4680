"""The image of the monitor's processing jobs: AWS's public scikit-learn image, which has NumPy and SciPy."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from scones.errors import SettingsError
from scones.settings import Settings

VERSION = "1.2-1"
TABLE = "sagemaker/image_uri_config/sklearn.json"


def monitor_image(settings: Settings, region: str) -> str:
    """Return the image's URI in the region, or the one in the settings."""
    return settings.monitor_image or scikit_learn_image(region)


def scikit_learn_image(region: str) -> str:
    """Look the URI up in the SDK's own table. The SDK itself takes seconds to import."""
    version = sdk_table()["training"]["versions"][VERSION]
    account = version["registries"].get(region)
    if account is None:
        raise SettingsError(
            f"AWS has no scikit-learn image in {region} that this version of the SageMaker SDK knows: set MONITOR_IMAGE"
        )
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{domain}/{version['repository']}:{VERSION}-cpu-py3"


def sdk_table() -> dict[str, Any]:
    try:
        path = Path(str(distribution("sagemaker").locate_file(TABLE)))
    except PackageNotFoundError as error:
        raise SettingsError("the SageMaker SDK is not installed, so MONITOR_IMAGE has to be set") from error
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table
