"""A synthetic run with a network of its own, made without torch: for tests of the page Try."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fieldmarks.core.live.network_file import OUTPUTS, PIXELS, sha256_of
from fieldmarks.core.run.files import MANIFEST, NETWORK, array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

#: Pixels of a map cell, on each side.
CELL = 8


def write_live_run(folder: Path, name: str = "live", **sizes) -> Run:
    """Write a synthetic run, and a network whose head is the run's."""
    run = write_synthetic_run(folder, name, **sizes)
    write_network(run, run.folder / NETWORK)
    distances = np.linspace(0.01, 0.4, 25, dtype=np.float32)
    np.save(array_path(run.folder, "neighbour_distance"), distances)
    manifest = {**run.manifest, "crop": "box", "interpolation": "bilinear", "crop_share": 1.0}
    tied = {"sha256": sha256_of(run.folder / NETWORK)}
    manifest["stages"] = {"live": {"fingerprint": "1", "left_out": "", "measured": tied}}
    manifest["sizes"] = {**run.sizes, "Q": len(distances)}
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    return read_run(run.folder)


def write_network(run: Run, path: Path) -> None:
    """Write a network: the mean colour of each cell, F random mixtures of it, the run's head."""
    F, H, W = (run.sizes[size] for size in "FHW")
    assert H == W
    rng = np.random.default_rng(0)
    arrays = {
        "half": np.float32(128),
        "mixtures": rng.normal(size=(F, 3, 1, 1)).astype(np.float32) / 128,
        "weights": np.array(run.array("class_weights")),
        "bias": np.array(run.array("class_bias")),
        "axes": np.array([2, 3], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Cast", [PIXELS], ["numbers"], to=TensorProto.FLOAT),
        node("Sub", ["numbers", "half"], ["centred"]),
        node("Transpose", ["centred"], ["images"], perm=[0, 3, 1, 2]),
        node("AveragePool", ["images"], ["cells"], kernel_shape=[CELL] * 2, strides=[CELL] * 2),
        node("Conv", ["cells", "mixtures"], ["mixed"]),
        node("Relu", ["mixed"], ["maps"]),
        node("ReduceMean", ["maps", "axes"], ["pooled"], keepdims=0),
        node("Gemm", ["pooled", "weights", "bias"], ["logits"], transB=1),
    ]
    side = CELL * H
    of = helper.make_tensor_value_info
    inputs = [of(PIXELS, TensorProto.UINT8, [1, side, side, 3])]
    outputs = [of(output, TensorProto.FLOAT, None) for output in OUTPUTS]
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
    graph = helper.make_graph(nodes, "network", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
