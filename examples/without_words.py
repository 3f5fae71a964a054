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
# ## Words, later, by a model
#
# `fieldmarks caption` has a model write captions. Usually that is a server such as Ollama
# (`--server http://localhost:11434/v1 --model qwen3-vl:8b`). Here a stand-in on this machine
# answers as such servers do; all that it sees is whether a thing is red or blue and a square or
# a disc.

# %%
import base64
import io
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def looks(picture):
    pixels = np.asarray(picture.convert("RGB"), int)
    red, blue = ((pixels[..., i] > 200) & (pixels[..., 2 - i] < 60) for i in (0, 2))
    thing = red if red.sum() > blue.sum() else blue
    rows, columns = (np.ptp(np.flatnonzero(thing.any(axis))) + 1 for axis in (1, 0))
    shape = "square" if thing.sum() > 0.9 * rows * columns else "round"
    return f"{'red' if thing is red else 'blue'}, {shape}"


class StandIn(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        url = next(
            part["image_url"]["url"]
            for part in asked["messages"][0]["content"]
            if part["type"] == "image_url"
        )
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
        content = json.dumps({"patch": looks(picture)})
        answer = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
threading.Thread(target=server.serve_forever, daemon=True).start()
command = f"-m fieldmarks caption --data {folder} --out {folder / 'captions.jsonl'} --parts patch"
command += f" --server http://127.0.0.1:{server.server_port}/v1 --model stand-in"
subprocess.run([sys.executable, *command.split()], check=True)

# %% [markdown]
# A run of a folder takes the file as it is (`--captions captions.jsonl`). For a data set in memory
# the captions are a list in its order, training images first. The network is not run again, and
# the same image is explained.

# %%
lines = [json.loads(line) for line in (folder / "captions.jsonl").read_text().splitlines()[1:]]
caption_of = {line["file_name"]: line["captions"] for line in lines}
files = [Path(path) for part in (train, test) for path, _ in part.samples]
words = [caption_of[str(path.relative_to(folder))] for path in files]
run = fm.precompute(network, data, name="shapes", runs=folder / "runs", words=words)
print(fm.explain(run, x).sentence)
for c in range(run.sizes["C"]):
    print(fm.describe(run, c).sentence)
server.shutdown()
