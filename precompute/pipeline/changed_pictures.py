"""Changed pictures of images of a run, and the network's outputs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy.special import softmax
from tqdm import tqdm

from fieldmarks.core.batching import blocks
from fieldmarks.core.corruptions.record import CORRUPTIONS, UNCHANGED
from fieldmarks.core.corruptions.words import sentences_of
from fieldmarks.core.explanations.grounding import weighted_map
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.corruptions.corruptions import STRENGTHS, corrupt
from fieldmarks.precompute.data.decoding import Decoder, thumbnail
from fieldmarks.precompute.pipeline.inputs import RunInputs

#: Images whose pictures are changed together.
BATCH = 8
#: Side of the stored pictures, at most.
_SHOWN = 224


class ChangedPictures:
    """Makes corrupted pictures and runs the network on them.

    Parameters
    ----------
    run : Run
    inputs : RunInputs
        What the run was made from.
    seed : int
    """

    def __init__(self, run: Run, inputs: RunInputs, seed: int):
        self.run, self.inputs, self.seed = run, inputs, seed
        self._forward = inputs.forward()
        self._evidence = np.asarray(run.array("evidence"))
        self.decoder = Decoder(inputs.dataset, inputs.model.preprocessing, thumb_size=1)

    def of(self, xs: np.ndarray) -> tuple[pd.DataFrame, dict, dict]:
        """Return table, arrays and packs of the record; rows of an image follow each other."""
        parts: list[dict] = []
        with tqdm(total=len(xs), unit=" images") as progress:
            for block in blocks(len(xs), BATCH):
                parts += self._of_batch(xs[block])
                progress.update(len(xs[block]))
        table = pd.DataFrame([part["row"] for part in parts])
        names = [name for name in parts[0] if name not in ("row", "pictures", "differences")]
        arrays = {name: np.stack([part[name] for part in parts]) for name in names}
        packs = {n: [part[n] for part in parts] for n in ("pictures", "differences")}
        return table, arrays, packs

    def _of_batch(self, xs: np.ndarray) -> list[dict]:
        clean = self.decoder.pixels(xs)
        seen = self._forward(clean).arrays()
        c = seen["logits"].argmax(axis=1)
        words = sentences_of(self.run, seen["pooled"], c, seen.get("block_moments"))
        of_image: list[list[dict]] = [[] for _ in xs]
        unchanged = (UNCHANGED, 0, 0.0, clean)
        for kind, level, strength, pixels in (unchanged, *self.changed(xs, clean, c)):
            seen, more = self._forward(pixels).arrays(), self.further(pixels)
            for i, x in enumerate(xs):
                row = {"x": x, "kind": kind, "level": level, "strength": strength}
                part = self._part(row, words[i], pixels[i].numpy(), clean[i].numpy(), seen, i)
                of_image[i].append(part | {name: values[i] for name, values in more.items()})
        return [part for parts in of_image for part in parts]

    def _part(
        self,
        row: dict,
        words: np.ndarray,
        pixels: np.ndarray,
        clean: np.ndarray,
        seen: dict[str, np.ndarray],
        i: int,
    ) -> dict:
        logits = seen["logits"][i]
        row |= {"predicted_c": int(logits.argmax()), "confidence": float(softmax(logits).max())}
        change = pixels.astype(int) - clean
        factor = 127 / max(int(np.abs(change).max()), 1)
        magnified = (128 + factor * change).clip(0, 255).astype(np.uint8)
        weights = self._evidence[:, np.maximum(words, 0)].T
        moments = {"moments": seen["block_moments"][i]} if "block_moments" in seen else {}
        return moments | {
            "pooled": seen["pooled"][i],
            "logits": logits,
            "row": row,
            "heat": weighted_map(seen["maps"][i], weights),
            "words": words,
            "pictures": thumbnail(Image.fromarray(pixels), _SHOWN),
            "differences": thumbnail(Image.fromarray(magnified), _SHOWN),
        }

    def further(self, pixels: torch.Tensor) -> dict[str, np.ndarray]:
        """Return further arrays of the record for pictures (n, S, S, 3), a row a picture."""
        return {}

    def changed(
        self, xs: np.ndarray, clean: torch.Tensor, c: np.ndarray
    ) -> Iterator[tuple[str, int, float, torch.Tensor]]:
        """Yield kind, level, strength and changed pictures (n, S, S, 3), uint8.

        Parameters
        ----------
        xs : ndarray of shape (n,)
        clean : Tensor of shape (n, S, S, 3), uint8
        c : ndarray of shape (n,)
            The predicted classes.
        """
        for kind in CORRUPTIONS:
            for level, strength in enumerate(STRENGTHS[kind], 1):
                rngs = (np.random.default_rng([self.seed, int(x), level]) for x in xs)
                corrupted = [
                    corrupt(p.numpy(), kind, level, rng) for p, rng in zip(clean, rngs, strict=True)
                ]
                yield kind, level, float(strength), torch.from_numpy(np.stack(corrupted))
