from __future__ import annotations

from pathlib import Path

import pytest
from tests.package_index import PackageIndex


@pytest.fixture
def index(tmp_path: Path) -> PackageIndex:
    """An index with scikit-learn 1.4.2 for this Python."""
    return PackageIndex.in_folder(tmp_path / "index")
