"""Stands in for rknn-toolkit2: notes what it is asked for, and fails at the step that FAKE_RKNN_FAILS names."""

import json
import os


class RKNN:
    def __init__(self, verbose):
        self.calls = []

    def _step(self, name, **given):
        self.calls.append([name, given])
        print("I %s is done" % name)
        if os.environ.get("FAKE_RKNN_FAILS") == "raise " + name:
            raise ValueError("no such operator")
        if os.environ.get("FAKE_RKNN_FAILS") == name:
            print("E %s failed: Unsupport onnx opset" % name)
            return -1
        return 0

    def config(self, **given):
        return self._step("config", **given)

    def load_onnx(self, **given):
        return self._step("load_onnx", **given)

    def load_tflite(self, **given):
        return self._step("load_tflite", **given)

    def build(self, do_quantization, dataset):
        with open("check0_base_optimize.onnx", "w") as file:
            file.write("left in the current folder")
        lines = None
        if dataset is not None:
            with open(dataset) as file:
                lines = file.read().splitlines()
        return self._step("build", do_quantization=do_quantization, dataset=lines)

    def export_rknn(self, path):
        status = self._step("export_rknn")
        with open(path, "w") as file:
            json.dump(self.calls, file)
        return status

    def release(self):
        pass
