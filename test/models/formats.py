"""The same tiny network, y = relu(x + [1, -2, 3, -4]), in the formats that are not ONNX.

Facts: OpenVINO's documentation of its IR; TensorFlow Lite's schema.fbs; PaddlePaddle's
framework.proto, of which only the fields that are set appear here.
"""

import os
import struct

import flatbuffers
import numpy as np

BIAS = np.array([1, -2, 3, -4], "<f4")


# ---- OpenVINO's own: a description in XML, and the weights

IR = """<?xml version="1.0"?>
<net name="relu" version="11">
  <layers>
    <layer id="0" name="x" type="Parameter" version="opset1">
      <data shape="1,4" element_type="f32"/>
      <output><port id="0" precision="FP32" names="x"><dim>1</dim><dim>4</dim></port></output>
    </layer>
    <layer id="1" name="bias" type="Const" version="opset1">
      <data element_type="f32" shape="1,4" offset="0" size="16"/>
      <output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output>
    </layer>
    <layer id="2" name="sum" type="Add" version="opset1">
      <data auto_broadcast="numpy"/>
      <input>
        <port id="0"><dim>1</dim><dim>4</dim></port>
        <port id="1"><dim>1</dim><dim>4</dim></port>
      </input>
      <output><port id="2" precision="FP32"><dim>1</dim><dim>4</dim></port></output>
    </layer>
    <layer id="3" name="relu" type="ReLU" version="opset1">
      <input><port id="0"><dim>1</dim><dim>4</dim></port></input>
      <output><port id="1" precision="FP32" names="y"><dim>1</dim><dim>4</dim></port></output>
    </layer>
    <layer id="4" name="y" type="Result" version="opset1">
      <input><port id="0"><dim>1</dim><dim>4</dim></port></input>
    </layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
    <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
    <edge from-layer="3" from-port="1" to-layer="4" to-port="0"/>
  </edges>
</net>
"""


def write_ir(folder):
    write(folder, "relu.xml", IR.encode())
    write(folder, "relu.bin", BIAS.tobytes())


# ---- TensorFlow Lite: a flatbuffer


def write_tflite(folder):
    builder = flatbuffers.Builder(1024)
    relu_code = operator_code(builder, 19)  # BuiltinOperator RELU
    add_code = operator_code(builder, 0)  # ADD
    empty = table(builder, 1, [])
    bias = table(builder, 1, [(0, "vector", bytes_vector(builder, BIAS.tobytes()))])
    tensors = [tensor(builder, "x", 0), tensor(builder, "bias", 1), tensor(builder, "sum", 0), tensor(builder, "y", 0)]
    add = operator(builder, 0, [0, 1], [2], options=(11, table(builder, 2, [])))  # AddOptions
    relu = operator(builder, 1, [2], [3])
    fields = [offsets(builder, tensors), ints(builder, [0]), ints(builder, [3]), offsets(builder, [add, relu])]
    subgraph = table(builder, 5, [(i, "vector", field) for i, field in enumerate(fields)])
    codes = offsets(builder, [add_code, relu_code])
    subgraphs = offsets(builder, [subgraph])
    buffers = offsets(builder, [empty, bias])
    model = [(0, "uint32", 3), (1, "vector", codes), (2, "vector", subgraphs), (4, "vector", buffers)]
    builder.Finish(table(builder, 5, model), file_identifier=b"TFL3")
    write(folder, "relu.tflite", bytes(builder.Output()))


def operator_code(builder, code):
    # The code stands twice: as a byte, from before there were more than 127, and as an int.
    return table(builder, 4, [(0, "int8", code), (2, "int32", 1), (3, "int32", code)])


def tensor(builder, name, buffer):
    name = builder.CreateString(name)
    shape = ints(builder, [1, 4])
    return table(builder, 4, [(0, "vector", shape), (1, "int8", 0), (2, "uint32", buffer), (3, "vector", name)])


def operator(builder, code, inputs, outputs, options=None):
    fields = [(0, "uint32", code), (1, "vector", ints(builder, inputs)), (2, "vector", ints(builder, outputs))]
    if options is not None:
        fields += [(3, "uint8", options[0]), (4, "vector", options[1])]
    return table(builder, 5, fields)


def table(builder, size, fields):
    builder.StartObject(size)
    for slot, kind, value in fields:
        if kind == "vector":
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        else:
            getattr(builder, f"Prepend{kind.capitalize()}Slot")(slot, value, None)
    return builder.EndObject()


def ints(builder, values):
    return builder.CreateNumpyVector(np.array(values, "<i4"))


def bytes_vector(builder, values):
    # Aligned for what is in it, which is not bytes.
    builder.StartVector(1, len(values), 16)
    builder.head -= len(values)
    builder.Bytes[builder.Head() : builder.Head() + len(values)] = values
    return builder.EndVector()


def offsets(builder, values):
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependUOffsetTRelative(value)
    return builder.EndVector()


# ---- PaddlePaddle: a program as a protobuf, and the parameters one after the other

FP32, LOD_TENSOR, FEED_MINIBATCH, FETCH_LIST = 5, 7, 9, 10


def write_paddle(folder):
    variables = [
        variable("feed", message(field(1, FEED_MINIBATCH)), persistable=True),
        variable("fetch", message(field(1, FETCH_LIST)), persistable=True),
        variable("x", lod_tensor([-1, 4])),
        variable("bias", lod_tensor([4]), persistable=True),
        variable("sum", lod_tensor([-1, 4])),
        variable("y", lod_tensor([-1, 4])),
    ]
    operators = [
        paddle_operator("feed", {"X": "feed"}, {"Out": "x"}, attribute("col", 0)),
        paddle_operator("elementwise_add", {"X": "x", "Y": "bias"}, {"Out": "sum"}, attribute("axis", -1)),
        paddle_operator("relu", {"X": "sum"}, {"Out": "y"}),
        paddle_operator("fetch", {"X": "y"}, {"Out": "fetch"}, attribute("col", 0)),
    ]
    block = message(
        field(1, 0),
        field(2, -1),
        *(field(3, each) for each in variables),
        *(field(4, each) for each in operators),
        field(5, -1),
    )
    version = message(field(1, 2_004_000))
    write(folder, "relu.pdmodel", message(field(1, block), field(4, version)))
    description = tensor_description([4])
    # Versions and levels of detail, all 0, then the description and the numbers.
    header = struct.pack("<IQI", 0, 0, 0) + struct.pack("<i", len(description))
    write(folder, "relu.pdiparams", header + description + BIAS.tobytes())


def variable(name, type, persistable=False):
    return message(field(1, name), field(2, type), field(3, int(persistable)))


def lod_tensor(shape):
    return message(field(1, LOD_TENSOR), field(3, message(field(1, tensor_description(shape)))))


def tensor_description(shape):
    return message(field(1, FP32), *(field(2, dim) for dim in shape))


def paddle_operator(type, inputs, outputs, *attributes):
    def arguments(number, names):
        return [field(number, message(field(1, key), field(2, name))) for key, name in names.items()]

    attributes = [field(4, each) for each in attributes]
    return message(*arguments(1, inputs), *arguments(2, outputs), field(3, type), *attributes)


def attribute(name, value):
    return message(field(1, name), field(2, 0), field(3, value))  # of type INT


def message(*fields):
    return b"".join(fields)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (2**64 - 1))
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    data.append(value)
    return bytes(data)


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
