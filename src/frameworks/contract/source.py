"""Copy a user's source to the folder where it runs: from an archive in S3 or in a channel, a folder, or one file."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from frameworks.contract.failure import ClientError
from frameworks.contract.log import toolkit_log

SIZE_MAX_BYTES = 20 << 30
MEMBERS_MAX = 200_000
FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def bring_source(uri: str, folder: Path) -> None:
    """Fill an empty folder from `uri`; leave a folder that has files as it is, because an image may have brought them.

    Raises ClientError for an unsafe or damaged archive, and S3's errors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        toolkit_log().info("Provided path: %s is not empty, abandoning unzipping sourcedir.tar.gz", folder)
        return
    if uri.startswith("s3://"):
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "sourcedir.tar.gz"
            _download(uri, archive)
            unpack(archive, folder)
        return
    source = Path(uri)
    if source.is_dir():
        if source.resolve() != folder.resolve():
            shutil.copytree(source, folder, dirs_exist_ok=True)
    elif tarfile.is_tarfile(source):
        unpack(source, folder)
    else:
        shutil.copy2(source, folder)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz. Raises ClientError if it leads out of the folder, is too large, or is damaged."""
    size = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for number, member in enumerate(tar, start=1):
                size += member.size
                if number > MEMBERS_MAX or size > SIZE_MAX_BYTES:
                    raise ClientError(
                        f"The source archive has more than {MEMBERS_MAX} members, or {SIZE_MAX_BYTES >> 30} GB."
                    )
                _require_inside(member, folder)
                tar.extract(member, folder, **FILTER)
    except (tarfile.TarError, EOFError) as error:
        raise ClientError(f"The source archive {archive.name} cannot be unpacked: {error}") from error


def _require_inside(member: tarfile.TarInfo, folder: Path) -> None:
    """Refuse devices, and names and links that lead out of the folder.

    tarfile's own filter does the same, but not in every Python 3.9 to 3.11.
    """
    root = folder.resolve()
    places = [root / member.name]
    if member.issym():
        places.append(root / Path(member.name).parent / member.linkname)
    elif member.islnk():
        places.append(root / member.linkname)
    elif not (member.isfile() or member.isdir()):
        raise ClientError(f"The source archive has {member.name!r}, which is neither a file, a folder nor a link.")
    for place in places:
        if root not in (place.resolve(), *place.resolve().parents):
            raise ClientError(f"The source archive has {member.name!r}, which leads out of its folder.")


def _download(uri: str, target: Path) -> None:
    # imported late: it takes a tenth of a second, and a source in a channel needs no S3
    import boto3

    address = urlparse(uri)
    region = os.environ.get("AWS_REGION") or os.environ.get("SAGEMAKER_REGION") or None
    s3 = boto3.client("s3", region_name=region, endpoint_url=os.environ.get("S3_ENDPOINT_URL"))
    s3.download_file(address.netloc, address.path.lstrip("/"), str(target))
