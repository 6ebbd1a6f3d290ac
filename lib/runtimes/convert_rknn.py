"""Converts a model with the user's rknn-toolkit2: convert_rknn.py REQUEST

REQUEST is a JSON file: {"model", "format": "onnx" or "tflite", "target", "dataset" or null, "shapes": [[name, dims]],
"output"}. What it does, and how it ends, are lines that begin with "accelnode:", with JSON behind; all other lines
are rknn-toolkit2's own.
"""

import json
import os
import sys


def say(**facts):
    print("accelnode:" + json.dumps(facts), flush=True)


def absolute(dataset, folder):
    """A copy of the list of inputs in which each is named from the root: relative ones are from where the list is."""
    base = os.path.dirname(dataset)
    target = os.path.join(folder, "dataset.txt")
    with open(dataset, encoding="utf-8") as source, open(target, "w", encoding="utf-8") as sink:
        for line in source:
            sink.write(" ".join(os.path.join(base, name) for name in line.split()) + "\n")
    return target


def convert(request, rknn):
    quantize = request["dataset"] is not None
    options = {}
    if request["shapes"]:
        names, sizes = zip(*request["shapes"])
        options = {"inputs": list(names), "input_size_list": [list(size) for size in sizes]}
    load = rknn.load_onnx if request["format"] == "onnx" else rknn.load_tflite
    dataset = absolute(request["dataset"], os.getcwd()) if quantize else None
    steps = [
        ("config", lambda: rknn.config(target_platform=request["target"])),
        ("load", lambda: load(model=request["model"], **options)),
        ("build", lambda: rknn.build(do_quantization=quantize, dataset=dataset)),
        ("export", lambda: rknn.export_rknn(request["output"])),
    ]
    for number, (name, step) in enumerate(steps):
        say(step=name, done=number, total=len(steps))
        status = step()
        if status not in (None, 0):
            return say(failed=name, status=status)
    say(finished=True)


def main(request_file):
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    try:
        from rknn.api import RKNN
    except Exception as error:
        if isinstance(error, ImportError) and error.name in ("rknn", "rknn.api"):
            return say(missing=str(error))
        # It is there, but not all that it needs.
        return say(broken="%s: %s" % (type(error).__name__, error))
    rknn = RKNN(verbose=False)
    try:
        convert(request, rknn)
    except Exception as error:
        say(failed="convert", status="%s: %s" % (type(error).__name__, error))
    finally:
        rknn.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
