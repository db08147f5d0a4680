"""Run a small ONNX graph with NumPy, so that the analyzer can run the served model in a container without ONNX Runtime.

It covers the operations of the kit's own models. `embedding` is the input of the model's last layer, for the image as
it is and not for its mirror image; `probabilities` are the endpoint's answers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from image_monitoring.contract import InputError

Array = npt.NDArray[Any]
Field = Union[int, memoryview]
TYPES = {1: "<f4", 6: "<i4", 7: "<i8", 11: "<f8"}  # TensorProto.DataType
BATCH = 16  # images at once: with more, the columns of a convolution leave the processor's cache


class NetworkError(InputError):
    """The graph cannot be run here; the message says why."""


# ---- protocol buffers: the wire format of an .onnx file ----


def varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7


def fields(data: memoryview) -> Iterator[tuple[int, Field]]:
    """Yield the number and the value of each field: an integer, or the bytes of anything else."""
    position = 0
    while position < len(data):
        key, position = varint(data, position)
        if (kind := key & 7) == 0:
            value, position = varint(data, position)
            yield key >> 3, value
            continue
        if kind == 2:
            size, position = varint(data, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise NetworkError(f"the model's graph is damaged: wire type {kind}")
        yield key >> 3, data[position : position + size]
        position += size


def message(value: Field) -> dict[int, list[Any]]:
    """Return the fields of a message by number."""
    result: dict[int, list[Any]] = {}
    for number, item in fields(raw(value)):
        result.setdefault(number, []).append(item)
    return result


def raw(value: Field) -> memoryview:
    if isinstance(value, int):
        raise NetworkError("the model's graph is damaged: a number where a message should be")
    return value


def text(value: Field) -> str:
    return str(raw(value), "utf-8")


def integers(values: list[Field]) -> list[int]:
    """Return repeated integers, whether they are packed or not."""
    result: list[int] = []
    for value in values:
        if isinstance(value, int):
            result.append(value)
            continue
        position = 0
        while position < len(value):
            item, position = varint(value, position)
            result.append(item)
    return [value - (1 << 64) if value >> 63 else value for value in result]


def tensor(value: Field) -> Array:
    parts = message(value)
    data_type = parts[2][0]
    if data_type not in TYPES:
        raise NetworkError(f"the model's graph has a constant of type {data_type}, which is not supported")
    shape = integers(parts.get(1, []))
    if 9 in parts:
        return np.frombuffer(parts[9][0], TYPES[data_type]).reshape(shape)
    if 4 in parts:
        return np.frombuffer(b"".join(map(bytes, parts[4])), "<f4").reshape(shape)
    return np.array(integers(parts.get(7, parts.get(5, []))), TYPES[data_type]).reshape(shape)


def attribute(value: Field) -> tuple[str, Any]:
    parts = message(value)
    name = text(parts[1][0])
    if 2 in parts:
        return name, struct.unpack("<f", parts[2][0])[0]
    if 3 in parts:
        return name, integers(parts[3])[0]
    if 5 in parts:
        return name, tensor(parts[5][0])
    return name, integers(parts.get(8, []))


# ---- operations: inputs and attributes to one output; images are batch, channels, height, width ----


def convolution(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    images, weights = inputs[0], inputs[1]
    padded = pad(images, attributes.get("pads", [0, 0, 0, 0]), 0.0)
    columns, height, width = kernel_columns(padded, weights.shape[2:], attributes.get("strides", [1, 1]))
    flat = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1)
    result: Array = (flat @ columns).reshape(len(images), len(weights), height, width)
    return result + inputs[2].reshape(1, -1, 1, 1) if len(inputs) > 2 else result


def kernel_columns(padded: Array, kernel: tuple[int, ...], strides: list[int]) -> tuple[Array, int, int]:
    """Return the pixels below each position of the kernel, and the height and the width of the result.

    One copy of whole rows for each offset of the kernel: six times as fast as a view of all windows, which copies
    single pixels. Shape: images, rows x columns x channels of the kernel, pixels of the result.
    """
    count, channels = padded.shape[:2]
    height, width = ((size - side) // step + 1 for size, side, step in zip(padded.shape[2:], kernel, strides))
    columns = np.empty((count, *kernel, channels, height, width), padded.dtype)
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            part = padded[:, :, row : row + strides[0] * height : strides[0], column:]
            columns[:, row, column] = part[..., : strides[1] * width : strides[1]]
    return columns.reshape(count, -1, height * width), height, width


def pad(images: Array, pads: list[int], value: float) -> Array:
    top, left, bottom, right = pads
    if not any(pads):
        return images
    return np.pad(images, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def windows(images: Array, shape: tuple[int, ...], strides: list[int]) -> Array:
    views = np.lib.stride_tricks.sliding_window_view(images, shape, axis=(2, 3))
    return views[:, :, :: strides[0], :: strides[1]]


def batch_normalization(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    images, scale, bias, mean, variance = inputs
    factor = scale / np.sqrt(variance + np.float32(attributes.get("epsilon", 1e-5)))
    result: Array = images * factor.reshape(1, -1, 1, 1)
    result += (bias - mean * factor).reshape(1, -1, 1, 1)
    return result


def max_pool(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    padded = pad(inputs[0], attributes.get("pads", [0, 0, 0, 0]), -np.inf)
    result: Array = windows(padded, tuple(attributes["kernel_shape"]), attributes.get("strides", [1, 1])).max((4, 5))
    return result


def gemm(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    weights = inputs[1].T if attributes.get("transB") else inputs[1]
    result: Array = inputs[0] @ weights
    return result + inputs[2] if len(inputs) > 2 else result


def slice_(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    data, starts, ends, axes, steps = inputs
    index: list[slice] = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts.ravel(), ends.ravel(), axes.ravel(), steps.ravel()):
        # An end far below zero means "to the first element" of a slice that runs backwards.
        index[int(axis)] = slice(int(start), None if end < -data.shape[int(axis)] else int(end), int(step))
    return data[tuple(index)]


def softmax(inputs: list[Array], attributes: Mapping[str, Any]) -> Array:
    powers = np.exp(inputs[0] - inputs[0].max(-1, keepdims=True))
    result: Array = powers / powers.sum(-1, keepdims=True)
    return result


OPERATIONS: dict[str, Callable[[list[Array], Mapping[str, Any]], Array]] = {
    "Add": lambda inputs, attributes: inputs[0] + inputs[1],
    "BatchNormalization": batch_normalization,
    "Cast": lambda inputs, attributes: inputs[0].astype(TYPES[attributes["to"]]),
    "Conv": convolution,
    "Flatten": lambda inputs, attributes: inputs[0].reshape(len(inputs[0]), -1),
    "Gemm": gemm,
    "GlobalAveragePool": lambda inputs, attributes: inputs[0].mean((2, 3), keepdims=True),
    "MaxPool": max_pool,
    "Mul": lambda inputs, attributes: inputs[0] * inputs[1],
    "Relu": lambda inputs, attributes: np.maximum(inputs[0], 0),
    "Sigmoid": lambda inputs, attributes: 1 / (1 + np.exp(-inputs[0])),
    "Slice": slice_,
    "Softmax": softmax,
    "Sub": lambda inputs, attributes: inputs[0] - inputs[1],
    "Transpose": lambda inputs, attributes: inputs[0].transpose(attributes["perm"]),
}


# ---- graphs ----


@dataclass(frozen=True)
class Node:
    operation: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Network:
    """A graph from uint8 `batch, height, width, channels` to `batch, classes`."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array] = field(repr=False)
    input: str
    output: str

    @classmethod
    def parse(cls, data: bytes) -> Network:
        """Parse an ONNX file. Raises NetworkError if it cannot be run here."""
        try:
            graph = message(message(memoryview(data))[7][0])
            nodes = tuple(map(parse_node, graph.get(1, [])))
            constants = {text(message(item)[8][0]): tensor(item) for item in graph.get(5, [])}
            names = [text(message(graph[number][0])[1][0]) for number in (11, 12)]
        except (LookupError, ValueError, struct.error) as error:
            raise NetworkError(f"the model's graph cannot be read: {type(error).__name__}: {error}") from error
        if unknown := sorted({node.operation for node in nodes} - set(OPERATIONS)):
            raise NetworkError(f"the model's graph has the operation {unknown[0]}, which this program does not have")
        return cls(nodes, constants, *names)

    @property
    def embedding_name(self) -> str:
        """Return the name of the embedding, the input of the first fully connected layer, which is the last layer."""
        for node in self.nodes:
            if node.operation == "Gemm":
                return node.inputs[0]
        raise NetworkError("the model's graph has no fully connected layer, so it has no embedding")

    def embedding(self, images: Array) -> Array:
        return self._run(images, self.embedding_name)

    def probabilities(self, images: Array) -> Array:
        return self._run(images, self.output)

    def _run(self, images: Array, wanted: str) -> Array:
        return np.concatenate([self._batch(images[at : at + BATCH], wanted) for at in range(0, len(images), BATCH)])

    def _batch(self, images: Array, wanted: str) -> Array:
        values: dict[str, Array] = {**self.constants, self.input: images}
        for node in self.nodes:
            inputs = [values[name] for name in node.inputs]
            values[node.output] = OPERATIONS[node.operation](inputs, node.attributes)
            if node.output == wanted:
                break
        return values[wanted]


def parse_node(value: Field) -> Node:
    parts = message(value)
    attributes = dict(map(attribute, parts.get(5, [])))
    return Node(text(parts[4][0]), tuple(map(text, parts.get(1, []))), text(parts[2][0]), attributes)
