"""A short way to write ONNX graphs down."""

import os

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OPSET = 17  # every release of OpenVINO that is supported reads it
IR_VERSION = 10  # the newest that onnxruntime-node reads

TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
    "int32": TensorProto.INT32,
    "uint32": TensorProto.UINT32,
    "int64": TensorProto.INT64,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


class Graph:
    """Nodes in the order in which they are added; each value has the name that its node gives."""

    def __init__(self, name):
        self.name = name
        self.nodes, self.inputs, self.outputs, self.weights = [], [], [], []
        self.domains = {"": OPSET}
        self.count = 0

    def input(self, name, shape, type="float32"):
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[type], shape))
        return name

    def output(self, name, shape, type="float32"):
        self.outputs.append(helper.make_tensor_value_info(name, TYPES[type], shape))

    def weight(self, value, type="float32"):
        name = self.fresh("weight")
        self.weights.append(numpy_helper.from_array(np.asarray(value, type), name))
        return name

    def fresh(self, kind):
        self.count += 1
        return f"{kind}_{self.count}"

    def op(self, kind, *inputs, to=None, domain="", **attributes):
        """Adds a node; returns the name of its output, or all of them when `to` is a list."""
        outputs = to if isinstance(to, list) else [to or self.fresh(kind.lower())]
        node = helper.make_node(kind, list(inputs), outputs, name=outputs[0], domain=domain, **attributes)
        self.nodes.append(node)
        return outputs if isinstance(to, list) else outputs[0]

    def cast(self, x, type, to=None):
        # The attribute and our own argument are both called `to`.
        name = to or self.fresh("cast")
        self.nodes.append(helper.make_node("Cast", [x], [name], name=name, to=TYPES[type]))
        return name

    def proto(self):
        return helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)

    def save(self, folder, external=False):
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.domains.items()]
        model = helper.make_model(self.proto(), opset_imports=opsets, ir_version=IR_VERSION, producer_name="accelnode")
        model.metadata_props.add(key="made by", value="test/models")
        if len(self.domains) == 1:
            checker.check_model(model)
        path = os.path.join(folder, f"{self.name}.onnx")
        if external:
            location = f"{self.name}.weights"
            # An existing file would be appended to.
            if os.path.exists(os.path.join(folder, location)):
                os.remove(os.path.join(folder, location))
            save(model, path, save_as_external_data=True, location=location, size_threshold=0)
        else:
            save(model, path)
