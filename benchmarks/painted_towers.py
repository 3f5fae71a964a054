"""A small contrastive model of pictures and texts, trained on the captions of one painted world.

    python -m benchmarks.painted_towers WORLD FILE.pth

It is what SigLIP is, in small: a convolutional image tower, a text tower, and the sigmoid loss of
all pairs of a picture and a caption. It has seen nothing but that world. `towers_of` gives it to
``fieldmarks words`` for pictures of another one.
"""

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from fieldmarks.core.outputs import atomic_write
from fieldmarks.precompute.captioning.pictures import picture_of
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource

SIDE, WIDTH, MAX_WORDS, BATCH, EPOCHS, LR = 96, 96, 24, 96, 24, 2e-3


class ImageTower(nn.Module):
    """Convolutions; the mean and the maximum of each map give the direction."""

    def __init__(self) -> None:
        super().__init__()
        layers, before = [], 3
        for n, stride in ((24, 2), (48, 2), (96, 2), (128, 1)):
            conv = nn.Conv2d(before, n, 3, stride, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(n), nn.ReLU()]
            before = n
        self.maps = nn.Sequential(*layers)
        self.out = nn.Linear(2 * before, WIDTH)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map (N, 3, SIDE, SIDE) to directions of length 1, (N, WIDTH)."""
        maps = self.maps(pixels)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        return nn.functional.normalize(self.out(pooled), dim=1)


class TextTower(nn.Module):
    """Embedded words, each with its neighbours, so that "red wing" is no "red" and "wing"."""

    def __init__(self, n_words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(n_words + 1, 64, padding_idx=0)
        self.near = nn.Conv1d(64, 128, 3, padding=1)
        self.out = nn.Linear(128, WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        """Map (N, MAX_WORDS) to directions of length 1, (N, WIDTH)."""
        near = torch.relu(self.near(self.words(ids).transpose(1, 2)))
        is_word = (ids > 0).unsqueeze(1)
        pooled = (near * is_word).sum(2) / is_word.sum(2).clamp(min=1)
        return nn.functional.normalize(self.out(pooled), dim=1)


class Towers:
    """The two towers as ``fieldmarks words`` asks them.

    Parameters
    ----------
    vocabulary : list of str
    """

    def __init__(self, vocabulary: list[str]):
        self.vocabulary = vocabulary
        self._id_of = {word: i + 1 for i, word in enumerate(vocabulary)}
        self.image, self.text = ImageTower(), TextTower(len(vocabulary))

    def ids(self, texts: Sequence[str]) -> Tensor:
        """Return the words of texts, 0 for unknown ones, shape (n, MAX_WORDS)."""
        ids = torch.zeros(len(texts), MAX_WORDS, dtype=torch.long)
        for i, text in enumerate(texts):
            known = [self._id_of.get(word, 0) for word in _words(text)]
            known = [each for each in known if each][:MAX_WORDS]
            ids[i, : len(known)] = torch.tensor(known, dtype=torch.long)
        return ids

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Return the direction of each picture."""
        return self.image.eval()(torch.stack([pixels_of(each) for each in pictures])).numpy()

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the direction of each text."""
        return self.text.eval()(self.ids(texts)).numpy()


def pixels_of(picture: Image.Image) -> Tensor:
    """Return a picture, padded with grey to a square, shape (3, SIDE, SIDE), about in [-1, 1]."""
    side = max(picture.size)
    square = Image.new("RGB", (side, side), (128, 128, 128))
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    small = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    return torch.from_numpy(small / 127.5 - 1).permute(2, 0, 1)


def train(dataset: Dataset, epochs: int = EPOCHS, seed: int = 0, say=print) -> Towers:
    """Return towers trained on the captions of all images of a data set."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    captions = list(dataset.words().lines)
    counted: dict[str, int] = {}
    for word in (word for lines in captions for line in lines for word in _words(line)):
        counted[word] = counted.get(word, 0) + 1
    towers = Towers(sorted(word for word, n in counted.items() if n >= 5))
    xs = [x for x, lines in enumerate(captions) if lines]
    pixels = torch.stack([pixels_of(picture_of(dataset, x, 2 * SIDE)) for x in xs])
    ids = [towers.ids(captions[x]) for x in xs]
    scale = nn.Parameter(torch.tensor([np.log(10.0), -np.log(BATCH)]))
    weights = [*towers.image.parameters(), *towers.text.parameters(), scale]
    optimiser = torch.optim.AdamW(weights, LR, weight_decay=1e-4)
    n_batches = len(xs) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LR, epochs * n_batches)
    started = time.monotonic()
    for epoch in range(epochs):
        losses = []
        for batch in rng.permutation(len(xs))[: n_batches * BATCH].reshape(n_batches, BATCH):
            said = torch.stack([ids[i][rng.integers(len(ids[i]))] for i in batch])
            shown = pixels[torch.from_numpy(batch)]
            if rng.random() < 0.5:
                shown = shown.flip(3)
            image, text = towers.image.train()(shown), towers.text.train()(said)
            scores = image @ text.T * scale[0].exp() + scale[1]
            loss = nn.functional.softplus(scores * (1 - 2 * torch.eye(BATCH))).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        say(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {time.monotonic() - started:.0f} s")
    return towers


def save(towers: Towers, path: Path) -> None:
    """Write towers to a file."""
    state = {"vocabulary": towers.vocabulary, "image": towers.image.state_dict()}
    with atomic_write(path) as file:
        torch.save(state | {"text": towers.text.state_dict()}, file)


def towers_of(path: Path) -> Towers:
    """Return the towers of a file."""
    state = torch.load(path, weights_only=True)
    towers = Towers(state["vocabulary"])
    towers.image.load_state_dict(state["image"])
    towers.text.load_state_dict(state["text"])
    return towers


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    save(train(read_dataset(DataSource(args.world / "CUB_200_2011", format="cub"))), args.out)


if __name__ == "__main__":
    main()
