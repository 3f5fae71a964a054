"""Hostile networks: checkpoints, files that hold graphs, and code of the user's."""

import io
import json
import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors.torch import save

from benchmarks.hostile.mutations import as_json, damaged, mutated, odd_file, value
from benchmarks.hostile.world import CLASSES, NETWORK, SIDE, Case, World, kind


class Intruder:
    """What a pickle calls: it leaves a file that the user did not have."""

    def __init__(self, mark: Path):
        self.mark = str(mark)

    def __reduce__(self):
        return open, (self.mark, "w")


def _tensor(rng: random.Random, like: torch.Tensor) -> Any:
    makers = [
        lambda: like.to_sparse(),
        lambda: like.to(torch.complex64),
        lambda: like.double() * rng.choice([1e300, float("nan"), float("inf"), 0]),
        lambda: like.to(torch.int8),
        lambda: like.half(),
        lambda: like.bool(),
        lambda: torch.empty(like.shape, device="meta"),
        lambda: torch.zeros(1).expand(rng.choice([like.shape, (10**5, 10**5)])),
        lambda: torch.zeros(rng.choice([(0,), (3, 0), (1,) * 20, (2_000, 2_000)])),
        lambda: torch.quantize_per_tensor(like.float(), 0.1, 0, torch.qint8),
        lambda: like.T if like.ndim == 2 else like.flatten(),
        lambda: like.numpy(),
        lambda: torch.nn.Parameter(like.float()),
        lambda: value(rng),
        lambda: np.float64(3),
    ]
    return rng.choice(makers)()


def _state(rng: random.Random, world: World) -> Any:
    state = dict(torch.load(world.folder / "net.pth", weights_only=True))
    for _ in range(rng.randint(0, 3)):
        key = rng.choice(list(state))
        what = rng.randrange(4)
        if what == 0:
            state[f"{rng.choice(['module.', 'model.', '_orig_mod.', '0.', ''])}{key}"] = state.pop(
                key
            )
        elif what == 1:
            state[key] = _tensor(rng, state[key]) if torch.is_tensor(state[key]) else value(rng)
        elif what == 2:
            state[str(value(rng, 0))] = value(rng)
        else:
            del state[key]
        if not state:
            break
    wrapped = rng.randrange(5)
    if wrapped == 0:
        return {rng.choice(["state_dict", "model", "x"]): state, "epoch": value(rng)}
    if wrapped == 1:
        return {"state_dict": {"model": {"net": state}}, "ema": state}
    return state


def _own(rng: random.Random, world: World) -> Any:
    fields = {
        "format": 1, "arch": "resnet18", "class_ids": [0, 1, 2], "class_names": CLASSES,
        "input_size": SIDE, "mean": (0.5,) * 3, "std": (0.5,) * 3, "made": {"seed": 0},
    }  # fmt: skip
    changed = mutated(rng, fields)
    return {**(changed if isinstance(changed, dict) else {}), "weights": _state(rng, world)}


@kind("checkpoints", 6)
def checkpoints(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    path = mine / f"weights{rng.choice(['.pth', '.pt', '.bin', '.ckpt', '.safetensors', ''])}"
    what = rng.randrange(8)
    if what == 0:
        odd_file(rng, path)
    elif what == 1:
        with path.open("wb") as file:
            pickle.dump(value(rng), file)
    elif what == 2:
        torch.save({"x": Intruder(mine / "mark")}, path)
    elif what == 3:
        document = {"a.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
        header = as_json(mutated(rng, document)).encode()
        length = rng.choice([len(header), len(header), 2**40, 0])
        path.write_bytes(length.to_bytes(8, "little") + header + bytes(4))
    elif what == 4:
        weights = {k: v for k, v in _state(rng, world).items() if torch.is_tensor(v)}
        try:
            path.write_bytes(damaged(rng, save(weights)))
        except Exception:  # safetensors keeps no sparse tensors
            path.write_bytes(b"")
    else:
        state = _own(rng, world) if what == 5 else _state(rng, world)
        buffer = io.BytesIO()
        try:
            torch.save(state, buffer, _use_new_zipfile_serialization=rng.random() < 0.8)
        except Exception:  # what is nested too deeply is not pickled
            torch.save({}, buffer)
        content = buffer.getvalue()
        path.write_bytes(damaged(rng, content) if rng.random() < 0.3 else content)
    network = "" if rng.random() < 0.15 else f"{world.network}:net"
    return world.run(["--data", str(data), "--checkpoint", str(path)], network=network)


def _rewritten(rng: random.Random, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        chosen = set(rng.sample(names, min(rng.randint(1, 2), len(names))))
        chosen |= {name for name in names if name.endswith(".json") and rng.random() < 0.5}
        for name in names:
            data = old.read(name)
            if name in chosen and name.endswith(".json"):
                data = as_json(mutated(rng, json.loads(data))).encode()
            elif name in chosen:
                data = rng.choice([b"", damaged(rng, data), pickle.dumps(value(rng, 1))])
            how = zipfile.ZIP_DEFLATED if rng.random() < 0.1 else zipfile.ZIP_STORED
            new.writestr(name, data, how)
    return buffer.getvalue()


def _onnx(rng: random.Random, content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    graph = model.graph
    for _ in range(rng.randint(1, 3)):
        node, tensor = rng.choice(graph.node), rng.choice(graph.initializer)
        what = rng.randrange(9)
        if what == 0:
            node.op_type = rng.choice(["Relu", "Loop", "If", "Reshape", "Pad", "x", "Concat"])
        elif what == 1 and node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice([node.output[0], "x", ""])
        elif what == 2:
            del node.output[:]
        elif what == 3 and tensor.dims:
            tensor.dims[0] = rng.choice([0, -1, 10**6, 2**40])
        elif what == 4:
            onnx.external_data_helper.set_external_data(
                tensor, rng.choice(["/dev/zero", "../net.py"])
            )
            tensor.ClearField("raw_data")
        elif what == 5:
            dims = graph.input[0].type.tensor_type.shape.dim
            dims[rng.randrange(4)].dim_value = rng.choice([0, -1, 7, 2**31, 10**5])
        elif what == 6:
            tensor.data_type = rng.choice([0, 2, 7, 8, 10, 14, 99])
        elif what == 7:
            model.opset_import[0].version = rng.choice([1, 7, 99, -1])
        elif node.attribute:
            rng.choice(node.attribute).i = rng.choice([0, -1, 2**40])
    return model.SerializeToString()


@kind("graphs", 5)
def graphs(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    suffix = rng.choice([".onnx", ".pt2", ".pt"])
    content = (world.folder / f"net{suffix}").read_bytes()
    path = mine / f"net{suffix if rng.random() < 0.9 else rng.choice(['.onnx', '.pt2', '.pt'])}"
    if rng.random() < 0.1:
        odd_file(rng, path)
    elif rng.random() < 0.25:
        path.write_bytes(damaged(rng, content))
    else:
        path.write_bytes(_onnx(rng, content) if suffix == ".onnx" else _rewritten(rng, content))
    return world.run(["--data", str(data)], network=path)


_AT_IMPORT = (
    *("raise ValueError('a\\nb' * 900)", "import no_such_package", "import sys; sys.exit(0)"),
    *("raise KeyboardInterrupt", "def f(): return f()\nf()", "x = (", "exit('bye')", "1 / 0"),
    *("import torch; torch.set_default_dtype(torch.float64)", "print('hello ' * 1000)"),
    *("import os; os.chdir('/')", "import warnings; warnings.warn('w' * 5000)", "assert False"),
    *("import sys; sys.stdout = None", "import random; random.seed(0)", "raise GeneratorExit"),
    *("import torch; torch.set_grad_enabled(False)", "import logging; logging.error('x')", ""),
)
_RETURNS = (
    *("None", "'x'", "3", "nn.Identity()", "nn.Linear(3, 3)", "lambda x: x", "net", "{}", "[]"),
    *("nn.Sequential()", "nn.Flatten()", "Odd(lambda y: None)", "Odd(lambda y: y.double())"),
    *("Odd(lambda y: y.half())", "Odd(lambda y: y + 0j)", "Odd(lambda y: y * float('nan'))"),
    *("Odd(lambda y: y * float('inf'))", "Odd(lambda y: y[:1])", "Odd(lambda y: y.mean())"),
    *("Odd(lambda y: {'logits': y})", "Odd(lambda y: [y, y])", "Odd(lambda y: (y,) * 3)"),
    *("Odd(lambda y: y[:, :, None])", "Odd(lambda y: y[:, :1])", "Odd(lambda y: y.repeat(1, 50))"),
    *("Odd(lambda y: y + torch.rand(()))", "Odd(lambda y: y.argmax(1))", "Odd(lambda y: 1 / 0)"),
    *("Odd(lambda y: y.numpy())", "Odd(lambda y: exit())", "Odd(lambda y: y.tolist())"),
    *("Odd(lambda y: y.to_sparse())", "Odd(lambda y: y.detach().long())", "Odd(lambda y: y * 0)"),
    *("Odd(lambda y: (y - y.mean(0)))", "Odd(lambda y: print('x' * 99) or y)", "net().half()"),
    *("Odd(lambda y: y.softmax(1))", "Odd(lambda y: y.sigmoid().log())", "net().train()"),
    *("torch.jit.script(net())", "net().double()", "net().to('meta')", "nn.DataParallel(net())"),
)
_ODD = """
class Odd(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.inner, self.change = net(), change

    def forward(self, images):
        return self.change(self.inner(images))
"""


@kind("networks as code", 5)
def code(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    path = mine / "network.py"
    at_import = rng.choice(_AT_IMPORT) if rng.random() < 0.4 else ""
    returned = rng.choice(_RETURNS)
    text = f"{NETWORK}{_ODD}{at_import}\n\ndef made(*args, **kwargs):\n    return {returned}\n"
    if rng.random() < 0.1:
        odd_file(rng, path)
    else:
        path.write_bytes(damaged(rng, text.encode()) if rng.random() < 0.15 else text.encode())
    name = rng.choice(["made"] * 9 + ["nothing", "Odd", "nn.Linear", "torch", "", "made.x", "os"])
    given = ["--data", str(data)]
    if rng.random() < 0.2:
        given += ["--network-args", str(value(rng, 0)), f"num_classes={value(rng, 0)}"]
    return world.run(given, network=f"{path}:{name}")
