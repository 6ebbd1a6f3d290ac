"""Makes an ONNX model of EfficientNet-Lite0 as PyTorch has saved its weights. Usage: efficientnet_lite.py WEIGHTS CLASSES MODEL

CLASSES: a JSON list of names, which go into the model's metadata, line by line, under "classes". Needs no PyTorch."""

import json
import pickle
import sys
from collections import OrderedDict

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OPSET = 17
SIZE = 224
EPSILON = 1e-3  # of batch normalisation, as in training

# Tan and Le, EfficientNet, table 1, without squeeze and excitation: how often, kernel, stride, expansion, channels
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


class WeightReader(pickle.Unpickler):
    """Reads the pickles of a file that torch.save wrote, and makes nothing but what weights consist of."""

    STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: (storage, offset, shape, stride)
        if module == "torch" and name in self.STORAGES:
            return self.STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of weights")

    def persistent_load(self, reference):
        _, dtype, key, *_ = reference
        return key, dtype


def read_weights(path):
    """The format before PyTorch 1.6: pickles of a head, of tensors that name their storages, and of these names; then the storages."""
    with open(path, "rb") as file:
        for _ in range(3):
            WeightReader(file).load()
        tensors = WeightReader(file).load()
        keys = WeightReader(file).load()
        dtypes = dict(storage for storage, *_ in tensors.values())
        storages = {}
        for key in keys:
            count = int.from_bytes(file.read(8), "little")
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    weights = {}
    for name, ((key, _), offset, shape, stride) in tensors.items():
        data = storages[key][offset:]
        steps = [step * data.itemsize for step in stride]
        weights[name] = np.ascontiguousarray(np.lib.stride_tricks.as_strided(data, shape, steps))
    return weights


class Network:
    """Nodes and weights, in the order in which they are added."""

    def __init__(self, weights):
        self.source = weights
        self.nodes, self.weights = [], []

    def weight(self, name, value=None):
        self.weights.append(numpy_helper.from_array(self.source[name] if value is None else value, name))
        return name

    def op(self, kind, *inputs, to=None, **attributes):
        output = to or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def convolution(self, x, name, norm, kernel, stride, size, groups=1, activation=True):
        """Without a bias, then batch normalisation and, as a rule, ReLU6. Padded as TensorFlow's SAME. Gives the size, too."""
        after = -(-size // stride)
        pad = max((after - 1) * stride + kernel - size, 0)
        pads = [pad // 2, pad // 2, pad - pad // 2, pad - pad // 2]
        x = self.op(
            "Conv",
            x,
            self.weight(f"{name}.weight"),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=pads,
            group=groups,
        )
        parameters = [self.weight(f"{norm}.{each}") for each in ("weight", "bias", "running_mean", "running_var")]
        x = self.op("BatchNormalization", x, *parameters, epsilon=EPSILON)
        return (self.op("Clip", x, "zero", "six") if activation else x), after

    def block(self, x, name, kernel, stride, expansion, channels, filters, size):
        """An inverted residual: expansion, a filter for each channel, projection."""
        entry, wide = x, channels * expansion
        if expansion > 1:
            x, size = self.convolution(x, f"{name}._expand_conv", f"{name}._bn0", 1, 1, size)
        x, size = self.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", kernel, stride, size, wide)
        x, size = self.convolution(x, f"{name}._project_conv", f"{name}._bn2", 1, 1, size, activation=False)
        return (self.op("Add", x, entry) if stride == 1 and channels == filters else x), size


def make_model(weights, classes):
    net = Network(weights)
    for name, bound in (("zero", 0), ("six", 6)):
        net.weight(name, np.float32(bound))
    x, size = net.convolution("image", "_conv_stem", "_bn0", 3, 2, SIZE)
    channels, index = 32, 0
    for repeats, kernel, stride, expansion, filters in STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            x, size = net.block(x, f"_blocks.{index}", kernel, step, expansion, channels, filters, size)
            channels, index = filters, index + 1
    x, size = net.convolution(x, "_conv_head", "_bn1", 1, 1, size)
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    net.op("Gemm", x, net.weight("_fc.weight"), net.weight("_fc.bias"), transB=1, to="logits")

    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(classes)])]
    graph = helper.make_graph(net.nodes, "efficientnet-lite0", inputs, outputs, net.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    model.metadata_props.add(key="classes", value="\n".join(classes))
    checker.check_model(model)
    return model


def main(weights, classes, model):
    with open(classes, encoding="utf-8") as file:
        save(make_model(read_weights(weights), json.load(file)), model)


if __name__ == "__main__":
    main(*sys.argv[1:])
