"""Networks of the sizes that people run, with random weights."""

import numpy as np

from graph import Graph


def mlp(random):
    """Vectors to ten classes; so small that a run shows what everything around it costs."""
    graph = Graph("mlp")
    x = graph.input("input", [1, 64])
    for size, previous in [(128, 64), (64, 128)]:
        x = graph.op("Relu", linear(graph, random, x, previous, size))
    linear(graph, random, x, 64, 10, to="output")
    graph.output("output", [1, 10])
    return graph


def slow(random):
    """About 100 ms in float32 on two cores of a server: for what happens while a run goes on. Many small
    steps, so that it can be stopped between them."""
    graph = Graph("slow")
    x = graph.input("input", [256, 512])
    weight = graph.weight(normal(random, (512, 512), 512))
    steps = 60
    for step in range(steps):
        x = graph.op("Tanh", graph.op("MatMul", x, weight), to="output" if step == steps - 1 else None)
    graph.output("output", [256, 512])
    return graph


# ---- Residual networks: He et al., Deep Residual Learning for Image Recognition, table 1


def resnet18(random):
    return resnet("resnet18", random, [2, 2, 2, 2], basic_block, 1)


def resnet50(random):
    return resnet("resnet50", random, [3, 4, 6, 3], bottleneck_block, 4)


def resnet(name, random, depths, block, expansion):
    graph = Graph(name)
    x = graph.input("image", [1, 3, 224, 224])
    x = graph.op("Relu", convolution(graph, random, x, 3, 64, 7, 2))
    x = graph.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, depth in enumerate(depths):
        width = 64 * 2**stage
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            shortcut = x
            if stride != 1 or channels != width * expansion:
                shortcut = convolution(graph, random, x, channels, width * expansion, 1, stride)
            x = block(graph, random, x, channels, width, stride)
            x = graph.op("Relu", graph.op("Add", x, shortcut))
            channels = width * expansion
    x = graph.op("Flatten", graph.op("GlobalAveragePool", x))
    linear(graph, random, x, channels, 1000, to="logits")
    graph.output("logits", [1, 1000])
    return graph


def basic_block(graph, random, x, channels, width, stride):
    x = graph.op("Relu", convolution(graph, random, x, channels, width, 3, stride))
    return convolution(graph, random, x, width, width, 3, 1, gain=0.5)


def bottleneck_block(graph, random, x, channels, width, stride):
    x = graph.op("Relu", convolution(graph, random, x, channels, width, 1, 1))
    x = graph.op("Relu", convolution(graph, random, x, width, width, 3, stride))
    return convolution(graph, random, x, width, width * 4, 1, 1, gain=0.5)


def convolution(graph, random, x, channels, filters, size, stride, gain=1.0):
    """A convolution and its batch normalisation. Weights keep the scale of activations; the sum of a
    residual block does not, so its last convolution has less gain."""
    weight = graph.weight(normal(random, (filters, channels, size, size), channels * size * size / 2))
    pad = size // 2
    x = graph.op("Conv", x, weight, kernel_shape=[size, size], strides=[stride, stride], pads=[pad] * 4)
    scale = graph.weight(gain * random.uniform(0.8, 1.2, filters))
    bias = graph.weight(random.normal(0, 0.1, filters))
    mean = graph.weight(random.normal(0, 0.1, filters))
    variance = graph.weight(random.uniform(0.8, 1.2, filters))
    return graph.op("BatchNormalization", x, scale, bias, mean, variance)


# ---- A transformer encoder: Vaswani et al., Attention Is All You Need, as in BERT


def minilm(random):
    """The sizes of all-MiniLM-L6: what people make embeddings of sentences with."""
    return encoder(random, "minilm", size=384, heads=12, layers=6, words=30522)


def encoder(random, name="encoder", size=128, heads=4, layers=4, words=1000, longest=512):
    """Token ids and a mask (1: a token, 0: padding) of any batch and sequence length."""
    graph = Graph(name)
    tokens = graph.input("tokens", ["batch", "sequence"], "int64")
    mask = graph.input("mask", ["batch", "sequence"], "int64")

    length = graph.op("Gather", graph.op("Shape", tokens), graph.weight(1, "int64"))
    positions = graph.op("Range", graph.weight(0, "int64"), length, graph.weight(1, "int64"))
    x = graph.op("Gather", graph.weight(random.normal(0, 1, (words, size))), tokens)
    x = graph.op("Add", x, graph.op("Gather", graph.weight(random.normal(0, 0.3, (longest, size))), positions))
    x = normalisation(graph, random, x, size)

    # Added to the scores: nothing for a token, so much for padding that its weight vanishes.
    padding = graph.op("Sub", graph.weight(1), graph.cast(mask, "float32"))
    bias = graph.op("Mul", padding, graph.weight(-1e4))
    bias = graph.op("Unsqueeze", bias, graph.weight([1, 2], "int64"))

    for layer in range(layers):
        attended = attention(graph, random, x, bias, size, heads)
        x = normalisation(graph, random, graph.op("Add", x, attended), size)
        inner = gelu(graph, linear(graph, random, x, size, 4 * size))
        inner = linear(graph, random, inner, 4 * size, size)
        last = layer == layers - 1
        x = normalisation(graph, random, graph.op("Add", x, inner), size, to="hidden" if last else None)

    first = graph.op("Gather", x, graph.weight(0, "int64"), axis=1)
    graph.op("Tanh", linear(graph, random, first, size, size), to="pooled")
    graph.output("hidden", ["batch", "sequence", size])
    graph.output("pooled", ["batch", size])
    return graph


def attention(graph, random, x, bias, size, heads):
    split = graph.weight([0, 0, heads, size // heads], "int64")
    query, key, value = (graph.op("Reshape", linear(graph, random, x, size, size), split) for _ in range(3))
    query = graph.op("Transpose", query, perm=[0, 2, 1, 3])
    key = graph.op("Transpose", key, perm=[0, 2, 3, 1])
    value = graph.op("Transpose", value, perm=[0, 2, 1, 3])
    scores = graph.op("Mul", graph.op("MatMul", query, key), graph.weight((size // heads) ** -0.5))
    weights = graph.op("Softmax", graph.op("Add", scores, bias), axis=-1)
    joined = graph.op("Transpose", graph.op("MatMul", weights, value), perm=[0, 2, 1, 3])
    joined = graph.op("Reshape", joined, graph.weight([0, 0, size], "int64"))
    return linear(graph, random, joined, size, size)


def gelu(graph, x):
    half = graph.op("Mul", x, graph.weight(0.5))
    erf = graph.op("Erf", graph.op("Mul", x, graph.weight(0.5**0.5)))
    return graph.op("Mul", half, graph.op("Add", erf, graph.weight(1)))


def normalisation(graph, random, x, size, to=None):
    scale = graph.weight(random.uniform(0.8, 1.2, size))
    bias = graph.weight(random.normal(0, 0.1, size))
    return graph.op("LayerNormalization", x, scale, bias, axis=-1, to=to)


# ---- Parts


def linear(graph, random, x, inputs, outputs, to=None):
    product = graph.op("MatMul", x, graph.weight(normal(random, (inputs, outputs), inputs)))
    return graph.op("Add", product, graph.weight(random.normal(0, 0.1, outputs)), to=to)


def normal(random, shape, fan_in):
    return random.normal(0, fan_in**-0.5, shape).astype(np.float32)
