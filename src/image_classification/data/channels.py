"""The job's channels, as inputdataconfig.json describes them. The ContentType decides how a channel is read."""

from dataclasses import dataclass
from email.message import Message
from enum import Enum

from image_classification.configuration import read_config
from image_classification.failure import CustomerError, PlatformError
from image_classification.paths import ContainerPaths

EXAMPLE_CHANNELS = ("train", "validation")
MANIFEST_CHANNELS = ("train_lst", "validation_lst")
MODEL_CHANNEL = "model"
IMAGE_TYPES = ("application/x-image", "image/png", "image/jpeg")
RECORDIO_TYPE = "application/x-recordio"
MODEL_TYPE = "application/x-sagemaker-model"
MULTI_HOT, CLASS_ID = "multi-hot", "class-id"


class Format(Enum):
    MANIFEST = "images and .lst manifests"
    RECORDIO = "RecordIO"
    AUGMENTED_MANIFEST = "an augmented manifest"


@dataclass(frozen=True)
class InputChannel:
    """One entry of inputdataconfig.json. `label_format` applies to augmented manifests only."""

    name: str
    content_type: str
    label_format: str
    piped: bool
    wrapped: bool

    @property
    def format(self) -> Format:
        if self.piped and self.wrapped:
            return Format.AUGMENTED_MANIFEST
        return Format.RECORDIO if self.content_type == RECORDIO_TYPE else Format.MANIFEST


def check_channels(paths: ContainerPaths) -> dict[str, InputChannel]:
    """Return the job's channels. Raises CustomerError unless they are complete for one of the three formats."""
    config = read_config(paths.input_data_config)
    channels = {name: input_channel(name, entry) for name, entry in config.items()}
    if missing := [name for name in EXAMPLE_CHANNELS if name not in channels]:
        raise missing_channels(missing, "Training needs the channels train and validation")
    formats = {name: channels[name].format for name in EXAMPLE_CHANNELS}
    if formats["train"] != formats["validation"]:
        both = " and ".join(f"the {name} channel is {form.value}" for name, form in formats.items())
        raise invalid(f"{both}: give both channels the same ContentType, InputMode and RecordWrapperType.")
    missing = [name for name in MANIFEST_CHANNELS if name not in channels]
    if formats["train"] is Format.MANIFEST and missing:
        raise missing_channels(missing, "Training on images needs a channel of .lst manifests beside each of images")
    for channel in channels.values():
        if not channel.piped and not paths.channel(channel.name).is_dir():
            raise PlatformError(f"The folder {paths.channel(channel.name)} of the {channel.name} channel is missing.")
    return channels


def input_channel(name: str, entry: object) -> InputChannel:
    known = (*EXAMPLE_CHANNELS, *MANIFEST_CHANNELS, MODEL_CHANNEL)
    if name not in known:
        raise invalid(f"The channel {name!r} is not one of {', '.join(known)}.")
    if not isinstance(entry, dict):
        raise PlatformError(f"The {name} channel in inputdataconfig.json is a {type(entry).__name__}, not an object.")
    mode = entry.get("TrainingInputMode", "File")
    if mode not in ("File", "FastFile", "Pipe"):
        raise invalid(f"The {name} channel's TrainingInputMode {mode!r} is not one of File, FastFile, Pipe.")
    content_type, label_format = parsed_content_type(name, entry.get("ContentType"))
    wrapped = entry.get("RecordWrapperType") == "RecordIO"
    channel = InputChannel(name, content_type, label_format, mode == "Pipe", wrapped)
    check_pipe(channel)
    return channel


def parsed_content_type(name: str, text: object) -> tuple[str, str]:
    """Split `application/x-recordio; label-format=class-id` into type and label format. Raises CustomerError."""
    header = Message()
    header["Content-Type"] = str(text or (MODEL_TYPE if name == MODEL_CHANNEL else IMAGE_TYPES[0]))
    content_type = header.get_content_type()
    if name == MODEL_CHANNEL:
        accepted: tuple[str, ...] = (MODEL_TYPE,)
    else:
        accepted = (*IMAGE_TYPES, RECORDIO_TYPE) if name in EXAMPLE_CHANNELS else IMAGE_TYPES
    if name not in MANIFEST_CHANNELS and content_type not in accepted:
        raise invalid(f"The {name} channel's ContentType {text!r} is not one of {', '.join(accepted)}.")
    label_format = str(header.get_param("label-format", MULTI_HOT))
    if label_format not in (MULTI_HOT, CLASS_ID):
        raise invalid(f"The {name} channel's label-format {label_format!r} is not one of {MULTI_HOT}, {CLASS_ID}.")
    return content_type, label_format


def check_pipe(channel: InputChannel) -> None:
    if not channel.piped:
        return
    if channel.name not in EXAMPLE_CHANNELS:
        raise invalid(f"The {channel.name} channel's TrainingInputMode 'Pipe' is not supported; use 'File'.")
    if not channel.wrapped and channel.content_type != RECORDIO_TYPE:
        raise invalid(
            f"The {channel.name} channel's TrainingInputMode 'Pipe' takes RecordIO ({RECORDIO_TYPE}), or images by an "
            "augmented manifest with the RecordWrapperType 'RecordIO'. For images with .lst manifests use 'File'."
        )


def missing_channels(missing: list[str], reason: str) -> CustomerError:
    names = ", ".join(f"'{name}'" for name in missing)
    return invalid(f"Missing required channel(s): {names}. {reason}.")


def invalid(problem: str) -> CustomerError:
    return CustomerError(
        f"Unable to initialize the algorithm. Failed to validate input data configuration. (caused by ValidationError) "
        f"{problem}"
    )
