"""The example that makes a drift to see it: dark copies of the test images, of all classes, under incoming/."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageStat

from scones.context import Context

SCRIPT = Path(__file__).parents[3] / "examples" / "drift" / "darken.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("darken", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dark_copies_of_images_of_all_classes_are_sent(context: Context) -> None:
    image = io.BytesIO()
    Image.new("RGB", (32, 32), (200, 150, 100)).save(image, "PNG")
    for name in ("bicycle_1", "bicycle_2", "motorcycle_1", "motorcycle_2"):
        context.data_bucket.put(f"test/{name}.png", image.getvalue())
    assert script().send(context.client("s3"), context.data_bucket.name, 2) == 2
    sent = sorted(context.data_bucket.etags("incoming/drift/"))
    assert sent == ["incoming/drift/bicycle_1.png", "incoming/drift/motorcycle_1.png"]
    with Image.open(io.BytesIO(context.data_bucket.get(sent[0], "stage"))) as dark:
        assert ImageStat.Stat(dark).mean[0] < 100
