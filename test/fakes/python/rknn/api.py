"""Stands in for rknn-toolkit2: notes what it is asked for, and fails at the step that FAKE_RKNN_FAILS names.

The functions take what rknn-toolkit2's take, and no more.
"""

import json
import os


class RKNN:
    def __init__(self, verbose=True, verbose_file=None):
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

    def load_onnx(self, model, inputs=None, input_size_list=None, input_initial_val=None, outputs=None):
        return self._step(
            "load_onnx",
            model=model,
            inputs=inputs,
            input_size_list=input_size_list,
            input_initial_val=input_initial_val,
            outputs=outputs,
        )

    def load_tflite(self, model, input_is_nchw=False):
        return self._step("load_tflite", model=model, input_is_nchw=input_is_nchw)

    def build(self, do_quantization=True, dataset=None, rknn_batch_size=None):
        with open("check0_base_optimize.onnx", "w") as file:
            file.write("left in the current folder")
        lines = None
        if dataset is not None:
            with open(dataset) as file:
                lines = file.read().splitlines()
        return self._step("build", do_quantization=do_quantization, dataset=lines, rknn_batch_size=rknn_batch_size)

    def export_rknn(self, path):
        status = self._step("export_rknn")
        with open(path, "w") as file:
            json.dump(self.calls, file)
        return status

    def release(self):
        pass
