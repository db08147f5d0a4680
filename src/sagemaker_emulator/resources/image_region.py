"""The region in the URI of an image. AWS refuses images of another region than the request's."""

import re

# The local account's images lie on this machine, which is in every region.
REGISTRY = re.compile(r"(?!0{12})[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")


def other_region(image: str, region: str) -> str | None:
    """Return the region of an image in ECR, if it is another one; None for images of this region and of no region."""
    match = REGISTRY.match(image)
    return match[1] if match and match[1] != region else None
