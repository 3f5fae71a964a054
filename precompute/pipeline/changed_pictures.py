"""Pictures of images of a run, changed in all ways, and what the network makes of each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from PIL import Image
from tqdm import tqdm

from fieldmarks.core.batching import blocks
from fieldmarks.core.corruptions.record import (
    ADAPTIVE,
    CORRUPTIONS,
    FGSM,
    LAYERED,
    PGD,
    UNCHANGED,
    EarlierActivations,
)
from fieldmarks.core.corruptions.words import (
    LEAST,
    Reference,
    sentences_of,
    shares_of_images,
    words_of_pictures,
)
from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords, images_of_earlier
from fieldmarks.core.explanations.grounding import weighted_map
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.corruptions.corruptions import STRENGTHS, corrupt
from fieldmarks.precompute.data.decoding import Decoder, thumbnail
from fieldmarks.precompute.experimental import attacks
from fieldmarks.precompute.experimental.layered import LayeredNetwork, layer_agreement
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.pipeline.inputs import RunInputs

#: Images whose pictures are changed together.
_BATCH = 8
#: Side of the stored pictures, at most.
_SHOWN = 224


class ChangedPictures:
    """Makes changed pictures and runs the network on them.

    Parameters
    ----------
    run : Run
    inputs : RunInputs
        What the run was made from.
    seed : int

    Attributes
    ----------
    earlier : EarlierActivations or None
        Those of images of the run; None where the network has no earlier layer of finer maps.
    """

    def __init__(self, run: Run, inputs: RunInputs, seed: int):
        self.run, self.inputs, self.seed = run, inputs, seed
        self._forward = Forward(inputs.model, inputs.device)
        self._network = attacks.DifferentiableNetwork(inputs.model, inputs.device)
        self._layered = LayeredNetwork(inputs.model, inputs.device)
        self._evidence = np.asarray(run.array("evidence"))
        self._reference = Reference.of(run)
        self._decoder = Decoder(inputs.dataset, inputs.model.preprocessing, thumb_size=1)
        self.earlier = self._earlier_of_run()
        self._earlier_words = self.earlier and EarlierWords.of(run, self.earlier)

    def _earlier_of_run(self) -> EarlierActivations | None:
        if self._layered.layer is None:
            return None
        xs = images_of_earlier(self.run)
        batches = tqdm(list(blocks(len(xs), _BATCH)), "earlier layer", unit=" batches")
        pooled = [self._layered.earlier(self._decoder.pixels(xs[batch])) for batch in batches]
        return EarlierActivations(self._layered.layer, xs.astype(np.int32), np.concatenate(pooled))

    def of(self, xs: np.ndarray) -> tuple[pd.DataFrame, dict, dict]:
        """Return table, arrays and packs of the record; rows of an image follow each other."""
        parts: list[dict] = []
        with tqdm(total=len(xs), unit=" images") as progress:
            for block in blocks(len(xs), _BATCH):
                parts += self._of_batch(xs[block])
                progress.update(len(xs[block]))
        table = pd.DataFrame([part["row"] for part in parts])
        names = ["pooled", "logits", "heat", "words"] + ["earlier"] * (self.earlier is not None)
        arrays = {name: np.stack([part[name] for part in parts]) for name in names}
        packs = {n: [part[n] for part in parts] for n in ("pictures", "differences")}
        return table, arrays, packs

    def _of_batch(self, xs: np.ndarray) -> list[dict]:
        clean = self._decoder.pixels(xs)
        seen = self._forward(clean).arrays()
        c = seen["logits"].argmax(axis=1)
        words = sentences_of(self.run, words_of_pictures(self.run, seen["pooled"], c))
        of_image: list[list[dict]] = [[] for _ in xs]
        for kind, level, strength, pixels in self._changed(xs, clean, c):
            seen = self._forward(pixels).arrays()
            if self.earlier is not None:
                seen["earlier"] = self._layered.earlier(pixels)
            for i, x in enumerate(xs):
                row = {"x": x, "kind": kind, "level": level, "strength": strength}
                of_image[i].append(
                    self._part(row, words[i], pixels[i].numpy(), clean[i].numpy(), seen, i)
                )
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
        exp = np.exp(logits - logits.max())
        row |= {"predicted_c": int(logits.argmax()), "confidence": float(1 / exp.sum())}
        change = pixels.astype(int) - clean
        factor = 127 / max(int(np.abs(change).max()), 1)
        magnified = (128 + factor * change).clip(0, 255).astype(np.uint8)
        weights = self._evidence[:, np.maximum(words, 0)].T
        return {
            **{name: seen[name][i] for name in ("pooled", "logits", "earlier") if name in seen},
            "row": row,
            "heat": weighted_map(seen["maps"][i], weights),
            "words": words,
            "pictures": thumbnail(Image.fromarray(pixels), _SHOWN),
            "differences": thumbnail(Image.fromarray(magnified), _SHOWN),
        }

    def _changed(
        self, xs: np.ndarray, clean: torch.Tensor, c: np.ndarray
    ) -> Iterator[tuple[str, int, float, torch.Tensor]]:
        """Yield kind, level, strength and pictures (n, S, S, 3), uint8, the unchanged ones first.

        Parameters
        ----------
        xs : ndarray of shape (n,)
        clean : Tensor of shape (n, S, S, 3), uint8
        c : ndarray of shape (n,)
            The predicted classes, which attacks get away from.
        """
        yield UNCHANGED, 0, 0.0, clean
        device = self.inputs.device
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(xs[0]))
        pictures = clean.to(device).permute(0, 3, 1, 2).float() / 255
        away = torch.as_tensor(c, device=device)
        captions = self._reference.caption_words(shares_of_images(self.run, xs))
        last = (
            self.run.array("p_t_given_f"),
            self.run.array("class_weights"),
            self._reference.mean,
            self._reference.deviation,
        )
        agreement = attacks.word_agreement(*last, captions, LEAST, device)
        of_layers = self._earlier_words and layer_agreement(
            *last, self._earlier_words, LEAST, device
        )
        for level, units in enumerate(attacks.STRENGTHS, 1):
            eps = units / 255
            made = {
                FGSM: attacks.fgsm(self._network, pictures, away, eps),
                PGD: attacks.pgd(self._network, pictures, away, eps, generator),
                ADAPTIVE: attacks.adaptive_pgd(
                    self._network, pictures, away, eps, generator, agreement
                ),
            }
            if of_layers is not None:
                made[LAYERED] = attacks.adaptive_pgd(
                    self._layered, pictures, away, eps, generator, of_layers
                )
            for kind, changed in made.items():
                pixels = (changed * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()
                yield kind, level, float(units), pixels.contiguous()
        for kind in CORRUPTIONS:
            for level, strength in enumerate(STRENGTHS[kind], 1):
                rngs = (np.random.default_rng([self.seed, int(x), level]) for x in xs)
                spoilt = [
                    corrupt(p.numpy(), kind, level, rng) for p, rng in zip(clean, rngs, strict=True)
                ]
                yield kind, level, float(strength), torch.from_numpy(np.stack(spoilt))
