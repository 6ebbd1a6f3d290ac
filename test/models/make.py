"""Makes the models that tests and benchmarks run. Usage: make.py FOLDER [NETWORK...]

Without names, all that the tests need."""

import sys
import zlib

import numpy as np

import formats
import networks
import special


def generator(name):
    """Each model has numbers of its own, so that a new one does not change the others."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def make_networks(folder, makers):
    for make in makers:
        make(generator(make.__name__)).save(folder)


def main(folder, *names):
    if names:
        make_networks(folder, [getattr(networks, name) for name in names])
        return
    make_networks(folder, [networks.mlp, networks.resnet18, networks.resnet50, networks.encoder, networks.slow])
    for graph in special.all_special(generator("special")):
        graph.save(folder)
    special.external_data(generator("external data")).save(folder, external=True)
    formats.write_ir(folder)
    formats.write_tflite(folder)
    formats.write_paddle(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
