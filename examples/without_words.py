# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Without words first
#
# A network in memory, a data set of torchvision, no captions: failures at once. Words come later,
# and the network is not run again. Computing a run needs `pip install 'fieldmarks[precompute]'`.
#
# ## Pictures in class folders
#
# We paint squares and discs in two colours, a class each.

# %%
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

folder = Path(tempfile.mkdtemp())
kinds = {
    "Brick": ("red", "square"),
    "Ember": ("red", "disc"),
    "Harbour": ("blue", "square"),
    "Lagoon": ("blue", "disc"),
}
rng = np.random.default_rng(0)
for split, n_images in (("train", 120), ("test", 60)):
    for i in range(n_images):
        name = list(kinds)[i % len(kinds)]
        colour, shape = kinds[name]
        size = int(rng.integers(14, 34))
        left, top = map(int, rng.integers(2, 60 - size, 2))
        image = Image.fromarray(rng.integers(120, 220, (64, 64, 3), np.uint8))
        draw = ImageDraw.Draw(image)
        outline = draw.ellipse if shape == "disc" else draw.rectangle
        outline((left, top, left + size, top + size), fill=colour)
        path = folder / split / name / f"{i:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)

# %% [markdown]
# ## Your data set and your loop
#
# The run applies the data set's own transform, so that the network is fed what you feed it.

# %%
transform = v2.Compose(
    [
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    ]
)
train, test = (ImageFolder(folder / split, transform) for split in ("train", "test"))
torch.manual_seed(0)
network = nn.Sequential(
    *(nn.Conv2d(3, 12, 5, 2, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU()),
    *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4)),
)
optimiser = torch.optim.Adam(network.parameters(), 1e-2)
for _ in range(12):
    for images, labels in DataLoader(train, 30, shuffle=True):
        loss = nn.functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
network.eval()
with torch.no_grad():
    mine = torch.cat([network(images).argmax(1) for images, _ in DataLoader(test, 60)])
print(f"my test accuracy {float((mine == torch.tensor(test.targets)).float().mean()):.1%}")

# %% [markdown]
# ## The run

# %%
import fieldmarks as fm

data = {"train": train, "test": test}
run = fm.precompute(network, data, name="shapes", runs=folder / "runs")
print(f"its test accuracy {run.is_right[run.is_test].mean():.1%}, {len(run.failures)} failures")
x = int(run.failures[0]) if len(run.failures) else 0
names = run.classes["name"]
row = run.images.iloc[x]
print(f"{row['path']}: {names[row['true_c']]}, predicted {names[row['predicted_c']]}")

# %% [markdown]
# `fm.launch(run)` opens the dashboard: a link, and in Jupyter a frame. There are failures,
# confusions, class activation maps, filters with the images that activate them most, neighbours,
# the map and label suspects. Sentences need words:

# %%
try:
    fm.explain(run, x)
except fm.WordlessError as error:
    print(error)

# %% [markdown]
# ## Words, later
#
# Captions may be a file or a folder (`fieldmarks caption` has a model write one), or a list in the
# order of the data set, training images first. The activations stay as they are.

# %%
words = ["a {} {}".format(*kinds[part.classes[c]]) for part in (train, test) for c in part.targets]
run = fm.precompute(network, data, name="shapes", runs=folder / "runs", words=words)
for c in range(run.sizes["C"]):
    print(fm.describe(run, c).sentence)
