"""The content types of channels and payloads."""

from __future__ import annotations

from frameworks.xgboost_algorithm.errors import UserError

CSV, LIBSVM, PARQUET, RECORDIO = "csv", "libsvm", "parquet", "recordio-protobuf"
FORMATS = {
    "csv": CSV,
    "libsvm": LIBSVM,
    "parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "text/csv": CSV,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "application/x-parquet": PARQUET,
    "application/x-recordio-protobuf": RECORDIO,
}


def format_of(content_type: str | None) -> str:
    """Return the format that a content type names; libsvm for none. Raises UserError, with AWS's words."""
    if content_type is None:
        return LIBSVM
    name, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if name not in FORMATS:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(FORMATS)}.")
    sizes = [value for key, _, value in (one.partition("=") for one in parameters) if key.strip() == "label_size"]
    if FORMATS[name] == CSV and any(size.strip(" \"'") != "1" for size in sizes):
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1"
        )
    return FORMATS[name]
