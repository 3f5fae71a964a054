# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Your own model
#
# From a folder of pictures and a network of your own to its explanations. The network here is a
# small convolutional network in plain PyTorch; nothing in it knows of Fieldmarks. Computing a run
# needs `pip install 'fieldmarks[precompute]'`.
#
# ## Pictures and captions
#
# We paint squares and discs, so that the notebook needs no download. Each class has a colour and a
# shape, and each image has one caption. Yours come from class folders, a table, COCO or CUB: see
# "Your own data".

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from torch import nn

folder = Path(tempfile.mkdtemp())
classes = {"Ember": ("red", "disc"), "Lagoon": ("blue", "disc"), "Brick": ("red", "square")}
rng = np.random.default_rng(0)
rows = []
for i in range(90):
    name = list(classes)[i % len(classes)]
    colour, shape = classes[name]
    size = int(rng.integers(18, 34))
    left, top = map(int, rng.integers(2, 60 - size, 2))
    image = Image.fromarray(rng.integers(150, 220, (64, 64, 3), np.uint8))
    draw = ImageDraw.Draw(image)
    outline = draw.ellipse if shape == "disc" else draw.rectangle
    outline((left, top, left + size, top + size), fill=colour)
    file = f"{i:03}.png"
    image.save(folder / file)
    caption = f"a {'large' if size > 25 else 'small'} {colour} {shape}"
    split = "test" if i % 5 == 0 else "train"
    rows.append({"file_name": file, "label": name, "text": caption, "split": split})
pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)

# %% [markdown]
# ## A network
#
# A run needs a function that builds the network, and its weights as a state dict. The function
# lies in a file of its own, because `fieldmarks run` imports it from there.

# %%
CODE = """
from torch import nn

def build(num_classes=3, pretrained=False):
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, num_classes),
    )
"""
(folder / "shapes.py").write_text(CODE)
namespace = {}
exec(CODE, namespace)
torch.manual_seed(0)
network = namespace["build"]()

# %% [markdown]
# ## Train it, in your own loop

# %%
table = pd.read_csv(folder / "metadata.csv")
order = sorted(classes)  # the run sorts class names as well
pixels = np.stack([np.asarray(Image.open(folder / file)) for file in table["file_name"]])
inputs = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 * 2 - 1
labels = torch.tensor([order.index(name) for name in table["label"]])
is_train = torch.tensor((table["split"] == "train").tolist())
optimiser = torch.optim.Adam(network.parameters(), 1e-2)
for _ in range(80):
    loss = nn.functional.cross_entropy(network(inputs[is_train]), labels[is_train])
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
network.eval()
torch.save(network.state_dict(), folder / "shapes.pth")
is_right = network(inputs[~is_train]).argmax(1) == labels[~is_train]
print(f"test accuracy {float(is_right.float().mean()):.0%}")

# %% [markdown]
# ## Compute the run
#
# The same command works in a terminal. `--mean` and `--std` are the normalisation of the training
# loop. Before anything is computed, the head is verified numerically: pooled activations times the
# weights of the head must give the network's own logits.

# %%
from fieldmarks.__main__ import main

arguments = f"""
run --data {folder} --network {folder / "shapes.py"}:build --checkpoint {folder / "shapes.pth"}
--input-size 64 --mean 0.5 0.5 0.5 --std 0.5 0.5 0.5 --name shapes --runs {folder / "runs"}
"""
assert main(arguments.split()) == 0

# %% [markdown]
# ## Read it

# %%
import fieldmarks as fm

run = fm.open_run("shapes", folder / "runs")
print(run.sizes)
for c in range(run.sizes["C"]):
    print(fm.describe(run, c).sentence)
x = int(np.flatnonzero(run.is_test)[0])
print(fm.explain(run, x).sentence)

# %% [markdown]
# `fieldmarks dashboard` opens it in the browser, and `fieldmarks evaluate shapes` prints the scores
# that say how far to trust its sentences.
