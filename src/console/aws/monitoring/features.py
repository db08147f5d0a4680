"""The features that the workflow's monitor compares, in plain words."""

from __future__ import annotations

MINIMUM_DISTANCE = 0.05
"""The analyzer's `minimum_effect`: a smaller distance is no drift, however certain it is."""
SIGNIFICANCE = 0.01
"""The analyzer's `significance_level`: a test with a larger corrected p may be chance."""
WITHOUT_MINIMUM = "embedding"
"""The feature whose distance has a scale of its own, so that its test has no minimum."""
MEANINGS = {
    "confidence": "how certain the model is of its answers",
    "predicted_class": "how often the model answers each class",
    "brightness": "how bright the image is on average",
    "contrast": "how far apart its bright and dark parts are",
    "shadows": "how dark its dark parts are",
    "highlights": "how bright its bright parts are",
    "saturation": "how strong its colors are",
    "red_green": "its color cast from green to red",
    "yellow_blue": "its color cast from blue to yellow",
    "clipped": "the share of values that are fully dark or fully bright",
    "entropy": "how many different gray levels it has",
    "edges": "how much neighboring pixels differ",
    "sharpness": "how crisp it is; blur and enlargement lower it",
    "noise": "the noise in its quiet parts",
    "roughness": "how much fine detail it has in all directions",
    "color_noise": "the noise in its colors",
    "resolution": "whether it was turned or scaled, which softens details",
    "flatness": "the share of neighboring pixels that are exactly equal",
    "smeared_border": "whether its border is filled up with repeated pixels",
    "border_contrast": "how much brighter the border is than the middle",
    "border_detail": "how much of the detail is at the border",
    "top_bottom": "how much brighter the upper half is than the lower half",
    "direction": "whether it has more upright or more level lines",
    "diagonality": "how many slanting lines it has",
    "blockiness": "traces of strong JPEG compression",
    "color_detail": "how much detail its colors have; JPEG lowers it",
    "width": "its width in pixels",
    "height": "its height in pixels",
    "bytes_per_pixel": "the size of its file per pixel",
    "embedding": "how the network sees the images, as a whole",
}


def meaning(feature: str) -> str:
    """Return what a feature measures, in plain words; empty for one that is not the monitor's."""
    name, _, range_ = feature.partition(", ")
    if name in ("unusual images", "unusual embeddings"):
        seen = "look" if name == "unusual images" else "are to the network"
        return (
            f"the share of images that {seen} stranger than {range_.removeprefix('beyond ')} of the baseline's images"
        )
    if name.startswith("embedding_"):
        return f"one direction, number {name.removeprefix('embedding_')}, in which the network tells images apart"
    if name.startswith("probability_of_"):
        return f"the probability that the model gives {name.removeprefix('probability_of_')}"
    if name.startswith("probability_"):
        return f"the probability that the model gives class {name.removeprefix('probability_')}"
    known = MEANINGS.get(name, "")
    return f"{known}: the share of images among the baseline's {range_}" if known and range_ else known
