"""The variants of endpoints, as Application Auto Scaling names them."""

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
MINUTE_S = 0.25  # of the emulator's scaling


def variant_of(endpoint: str) -> dict[str, str]:
    """Return the members of a request that name the endpoint's only variant."""
    resource_id = f"endpoint/{endpoint}/variant/AllTraffic"
    return {"ServiceNamespace": "sagemaker", "ResourceId": resource_id, "ScalableDimension": DIMENSION}
