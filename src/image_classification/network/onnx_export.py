"""Writer of a Classifier as an ONNX graph, layer by layer.

The models consist of a dozen known operations, so the graph is written directly. That takes milliseconds where
`torch.onnx.export` takes seconds, prints nothing, and fails on an unknown layer here instead of in serving. A test
compares the answers of both runtimes.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.fx import Node, symbolic_trace

from image_classification.network.classifier import Classifier

OPSET, IR_VERSION = 17, 8
INPUT, OUTPUT = "images", "probabilities"
BACKWARDS_END = -(2**31)  # the end of a slice that runs backwards to the first element


@dataclass
class Graph:
    """An ONNX graph under construction. A layer that is used twice stores its constants once."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, name: str, value: torch.Tensor) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(value.detach().contiguous().numpy(), name)
        return name

    def parameters(self, layer: nn.Module, path: str, names: tuple[str, ...]) -> list[str]:
        values = {name: getattr(layer, name) for name in names}
        return [self.constant(f"{path}.{name}", value) for name, value in values.items() if value is not None]

    def add(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, **attributes))


@dataclass(frozen=True)
class Call:
    """One use of a layer: its path in the model and the names of its input and output values."""

    path: str
    source: str
    result: str


def convolution(graph: Graph, layer: nn.Conv2d, call: Call) -> None:
    inputs = [call.source, *graph.parameters(layer, call.path, ("weight", "bias"))]
    top, left = (int(size) for size in layer.padding)
    graph.add("Conv", inputs, call.result, pads=[top, left, top, left], strides=list(layer.stride))


def batch_normalization(graph: Graph, layer: nn.BatchNorm2d, call: Call) -> None:
    inputs = graph.parameters(layer, call.path, ("weight", "bias", "running_mean", "running_var"))
    graph.add("BatchNormalization", [call.source, *inputs], call.result, epsilon=layer.eps)


def max_pool(graph: Graph, layer: nn.MaxPool2d, call: Call) -> None:
    size, stride, padding = (int(str(value)) for value in (layer.kernel_size, layer.stride, layer.padding))
    window = {"kernel_shape": [size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    graph.add("MaxPool", [call.source], call.result, **window)


def linear(graph: Graph, layer: nn.Linear, call: Call) -> None:
    inputs = graph.parameters(layer, call.path, ("weight", "bias"))
    graph.add("Gemm", [call.source, *inputs], call.result, transB=1)


def without_parameters(operation: str) -> Callable[[Graph, nn.Module, Call], None]:
    return lambda graph, layer, call: graph.add(operation, [call.source], call.result)


LAYERS: dict[type[nn.Module], Callable[[Graph, Any, Call], None]] = {
    nn.Conv2d: convolution,
    nn.BatchNorm2d: batch_normalization,
    nn.MaxPool2d: max_pool,
    nn.Linear: linear,
    nn.ReLU: without_parameters("Relu"),
    nn.AdaptiveAvgPool2d: without_parameters("GlobalAveragePool"),
    nn.Flatten: without_parameters("Flatten"),
}
ARITHMETIC: dict[Any, str] = {operator.add: "Add", operator.sub: "Sub", operator.mul: "Mul"}


def write_node(graph: Graph, model: nn.Module, node: Node) -> None:
    """Write one step of the traced model. `node.op` is one of torch.fx's opcodes."""
    if node.op == "get_attr":
        graph.constant(node.name, model.get_buffer(str(node.target)))
    elif node.op == "call_module":
        layer = model.get_submodule(str(node.target))
        LAYERS[type(layer)](graph, layer, Call(str(node.target), str(node.args[0]), node.name))
    elif node.op == "call_function":
        inputs = [operand(graph, node, argument) for argument in node.args]
        graph.add(ARITHMETIC[node.target], inputs, node.name)
    elif node.op == "call_method":
        write_method(graph, node)


def write_method(graph: Graph, node: Node) -> None:
    source, *arguments = node.args
    if node.target == "permute":
        graph.add("Transpose", [str(source)], node.name, perm=arguments)
    elif node.target == "float":
        graph.add("Cast", [str(source)], node.name, to=TensorProto.FLOAT)
    elif node.target == "flip":
        flip(graph, str(source), int(str(arguments[0])), node.name)
    else:
        raise KeyError(f"the operation {node.target} of the model has no ONNX form in this program")


def flip(graph: Graph, source: str, axis: int, name: str) -> None:
    # ONNX has no flip: a slice with a step of -1 does the same.
    bounds = {"starts": -1, "ends": BACKWARDS_END, "axes": axis, "steps": -1}
    inputs = [graph.constant(f"{name}.{part}", torch.tensor([value])) for part, value in bounds.items()]
    graph.add("Slice", [source, *inputs], name)


def operand(graph: Graph, node: Node, argument: object) -> str:
    """Return the name of a value: the output of an earlier step, or a constant that is added to the graph."""
    if isinstance(argument, Node):
        return argument.name
    return graph.constant(f"{node.name}.constant", torch.tensor(float(str(argument))))


def to_onnx(
    model: Classifier, image_shape: tuple[int, int, int], num_classes: int, multi_label: bool
) -> onnx.ModelProto:
    """Return a graph from uint8 `batch, height, width, channels` to float32 `batch, classes`.

    The model must be in eval mode: otherwise mirror averaging and sharpness are missing from the graph.
    """
    traced, graph = symbolic_trace(model), Graph()
    for node in traced.graph.nodes:
        if node.op == "output":
            graph.add("Sigmoid" if multi_label else "Softmax", [str(node.args[0])], OUTPUT)
        else:
            write_node(graph, traced, node)
    channels, height, width = image_shape
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", height, width, channels])]
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", num_classes])]
    body = helper.make_graph(graph.nodes, "image-classification", inputs, outputs, list(graph.constants.values()))
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
