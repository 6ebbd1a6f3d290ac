"""Small models, each with one thing in it that has gone wrong somewhere."""

import numpy as np

from graph import TYPES, Graph


def passthrough():
    """Outputs that are inputs, and several outputs that are one tensor."""
    graph = Graph("passthrough")
    a = graph.input("a", [2, 3])
    b = graph.input("b", [4], "int64")
    graph.op("Identity", a, to="a_again")
    graph.op("Dropout", a, to="a_dropped")
    graph.op("Identity", b, to="b_again")
    total = graph.op("Add", a, graph.weight(1), to="sum")
    graph.op("Identity", total, to="sum_again")
    for name in ["sum_again", "a_again", "a_dropped", "sum"]:
        graph.output(name, [2, 3])
    graph.output("b_again", [4], "int64")
    return graph


def no_operations():
    """Nodes that change nothing, which runtimes drop, between the input and an output; and a constant."""
    graph = Graph("no-operations")
    x = graph.input("x", [2, 3])
    graph.cast(x, "float32", to="cast")
    graph.op("Reshape", x, graph.weight([2, 3], "int64"), to="reshaped")
    graph.op("Transpose", x, perm=[0, 1], to="transposed")
    graph.op("Slice", x, graph.weight([0], "int64"), graph.weight([9], "int64"), to="sliced")
    graph.op("Concat", x, axis=0, to="concatenated")
    graph.op("Expand", x, graph.weight([1, 3], "int64"), to="expanded")
    graph.op("Pad", x, graph.weight([0, 0, 0, 0], "int64"), to="padded")
    graph.op("Add", x, graph.weight(0), to="added")
    graph.op("Mul", x, graph.weight(1), to="multiplied")
    graph.op("Sum", x, to="summed")
    graph.op("Squeeze", graph.op("Unsqueeze", x, graph.weight([0], "int64")), graph.weight([0], "int64"), to="squeezed")
    graph.op("Identity", graph.weight([[1, 2, 3], [4, 5, 6]]), to="constant")
    for node in graph.nodes:
        if node.op_type != "Unsqueeze":
            graph.output(node.output[0], [2, 3])
    return graph


def nonzero():
    """Shapes of outputs that the values of the input decide."""
    graph = Graph("nonzero")
    x = graph.input("x", ["count"])
    indices = graph.op("NonZero", x, to="indices")
    graph.op("GatherND", x, graph.op("Transpose", indices, perm=[1, 0]), to="values")
    graph.output("indices", [1, "found"], "int64")
    graph.output("values", ["found"])
    return graph


def mixed():
    """Two inputs and two outputs, all of different types."""
    graph = Graph("mixed")
    a = graph.input("a", [2, 3])
    b = graph.input("b", [2, 3], "int64")
    total = graph.op("Add", a, graph.cast(b, "float32"))
    graph.cast(total, "float64", to="total")
    graph.op("Greater", total, graph.weight(0), to="positive")
    graph.output("total", [2, 3], "float64")
    graph.output("positive", [2, 3], "bool")
    return graph


def element_type(name):
    """One element type in and out: copied, and added to itself (negated, for bool)."""
    graph = Graph(f"type-{name}")
    x = graph.input("x", ["rows", 3], name)
    graph.op("Concat", x, x, axis=0, to="twice")
    if name == "bool":
        graph.op("Not", x, to="computed")
    else:
        graph.op("Add", x, x, to="computed")
    graph.output("twice", ["more_rows", 3], name)
    graph.output("computed", ["rows", 3], name)
    return graph


def double():
    """Any number of rows, none as well; and a scalar."""
    graph = Graph("double")
    x = graph.input("x", ["rows", 4])
    factor = graph.input("factor", [])
    graph.op("Mul", x, factor, to="y")
    graph.op("Mul", factor, graph.weight(2), to="twice_factor")
    graph.output("y", ["rows", 4])
    graph.output("twice_factor", [])
    return graph


def external_data(random):
    graph = Graph("external-data")
    x = graph.input("x", [1, 32])
    graph.op("MatMul", x, graph.weight(random.normal(0, 1, (32, 8))), to="y")
    graph.output("y", [1, 8])
    return graph


def half(random):
    """float16 all through."""
    graph = Graph("float16")
    x = graph.input("x", ["batch", 32], "float16")
    x = graph.op("MatMul", x, graph.weight(random.normal(0, 0.2, (32, 16)), "float16"))
    x = graph.op("Relu", graph.op("Add", x, graph.weight(random.normal(0, 0.2, 16), "float16")))
    graph.op("MatMul", x, graph.weight(random.normal(0, 0.2, (16, 4)), "float16"), to="y")
    graph.output("y", ["batch", 4], "float16")
    return graph


def control_flow():
    """x is doubled `times` times, each step kept; then negated, or not."""
    graph = Graph("control-flow")
    x = graph.input("x", [3])
    times = graph.input("times", [], "int64")
    negate = graph.input("negate", [], "bool")

    step = Graph("step")
    step.input("iteration", [], "int64")
    condition = step.input("condition", [], "bool")
    value = step.input("value", [3])
    step.op("Identity", condition, to="condition_out")
    doubled = step.op("Add", value, value, to="value_out")
    step.op("Identity", doubled, to="kept")
    step.output("condition_out", [], "bool")
    step.output("value_out", [3])
    step.output("kept", [3])
    last, _ = graph.op("Loop", times, graph.weight(True, "bool"), x, to=["last", "steps"], body=step.proto())

    branches = {}
    for branch, kind in [("then_branch", "Neg"), ("else_branch", "Identity")]:
        inner = Graph(branch)
        inner.op(kind, last, to=f"{branch}_out")
        inner.output(f"{branch}_out", [3])
        branches[branch] = inner.proto()
    graph.op("If", negate, to="signed", **branches)
    graph.output("steps", ["times", 3])
    graph.output("signed", [3])
    return graph


def custom_operator():
    """An operator that no runtime has."""
    graph = Graph("custom-operator")
    graph.domains["com.example"] = 1
    x = graph.input("x", [2])
    graph.op("Magic", x, domain="com.example", to="y")
    graph.output("y", [2])
    return graph


def quantised(random):
    """An int8 convolution as quantisation tools write it: QuantizeLinear and DequantizeLinear around it."""
    graph = Graph("int8")
    x = graph.input("x", [1, 3, 16, 16])
    scale, zero = graph.weight(2 / 255), graph.weight(128, "uint8")
    x = graph.op("DequantizeLinear", graph.op("QuantizeLinear", x, scale, zero), scale, zero)
    # Of 7 bits: processors without VNNI sum products by twos in 16 bits, which more would saturate.
    weight = graph.weight(random.integers(-64, 65, (8, 3, 3, 3)), "int8")
    scales = graph.weight(random.uniform(0.002, 0.006, 8))
    weight = graph.op("DequantizeLinear", weight, scales, graph.weight(np.zeros(8), "int8"), axis=0)
    x = graph.op("Relu", graph.op("Conv", x, weight, kernel_shape=[3, 3], pads=[1] * 4))
    scale, zero = graph.weight(0.01), graph.weight(0, "uint8")
    graph.op("DequantizeLinear", graph.op("QuantizeLinear", x, scale, zero), scale, zero, to="y")
    graph.output("y", [1, 8, 16, 16])
    return graph


def image(random):
    """An image in, each channel weighted differently: what preprocessing does to it can be seen."""
    graph = Graph("image")
    x = graph.input("image", [1, 3, 16, 16])
    weight = random.normal(0, 0.3, (4, 3, 3, 3))
    graph.op("Conv", x, graph.weight(weight), kernel_shape=[3, 3], pads=[1] * 4, to="features")
    graph.output("features", [1, 4, 16, 16])
    return graph


def text():
    """A tensor of strings, which accelnode can't pass."""
    graph = Graph("text")
    x = graph.input("x", ["words"], "string")
    graph.op("Shape", x, to="y")
    graph.output("y", [1], "int64")
    return graph


def identity():
    """What costs nothing: for bench/cuda.mjs."""
    graph = Graph("identity")
    graph.op("Identity", graph.input("x", [1, 64]), to="y")
    graph.output("y", [1, 64])
    return graph


def all_special(random):
    types = [name for name in TYPES if name != "string"]
    return [
        passthrough(),
        no_operations(),
        identity(),
        nonzero(),
        mixed(),
        *(element_type(name) for name in types),
        double(),
        half(random),
        control_flow(),
        custom_operator(),
        quantised(random),
        image(random),
        text(),
    ]
