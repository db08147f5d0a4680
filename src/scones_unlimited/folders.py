"""The folders of the wheel: its own files, and the user's cache."""

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

APPLICATION = "scones-unlimited"
PACKAGE = Path(__file__).resolve().parent
FILES = PACKAGE / "kit"
"""The kit's files, laid out as in a checkout. In a checkout there is no such folder."""
LOCK_FILES = {
    "kit": Path("src/scones_unlimited/requirements.lock"),
    "localstack": Path("src/localstack_plugin/requirements.lock"),
    "lambda": Path("src/localstack_plugin/lambda_executor/requirements.lock"),
}
"""The lock file of each environment, below the kit's files."""


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the kit's folder in the user's cache. XDG_CACHE_HOME moves it on every system, as it moves uv's cache."""
    if home := environment.get("XDG_CACHE_HOME"):
        return Path(home) / APPLICATION
    return platformdirs.user_cache_path(APPLICATION)
