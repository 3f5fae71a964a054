"""Attacked pictures of images of a run, and the network's outputs."""

from collections.abc import Iterator

import numpy as np
import torch
from tqdm import tqdm

from fieldmarks.core.batching import blocks
from fieldmarks.core.experimental.attacks.earlier_layer import EarlierWords, images_of_earlier
from fieldmarks.core.experimental.attacks.record import (
    ADAPTIVE,
    FGSM,
    LAYERED,
    PGD,
    EarlierActivations,
)
from fieldmarks.core.experimental.attacks.reference import LEAST, Reference, shares_of_images
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.experimental import attacks
from fieldmarks.precompute.experimental.layered import LayeredNetwork, layer_agreement
from fieldmarks.precompute.pipeline.changed_pictures import BATCH, ChangedPictures
from fieldmarks.precompute.pipeline.inputs import RunInputs


class AttackedPictures(ChangedPictures):
    """Makes attacked pictures and runs the network on them.

    Parameters
    ----------
    run, inputs, seed
        See `ChangedPictures`.

    Attributes
    ----------
    earlier : EarlierActivations or None
        Those of images of the run; None where the network has no earlier layer of finer maps.
    """

    def __init__(self, run: Run, inputs: RunInputs, seed: int):
        super().__init__(run, inputs, seed)
        self._network = attacks.DifferentiableNetwork(inputs.model, inputs.device)
        self._layered = LayeredNetwork(inputs.model, inputs.device)
        self._reference = Reference.of(run)
        self.earlier = self._earlier_of_run()
        self._earlier_words = self.earlier and EarlierWords.of(run, self.earlier)

    def _earlier_of_run(self) -> EarlierActivations | None:
        if self._layered.layer is None:
            return None
        xs = images_of_earlier(self.run)
        batches = tqdm(list(blocks(len(xs), BATCH)), "earlier layer", unit=" batches")
        pooled = [self._layered.earlier(self.decoder.pixels(xs[batch])) for batch in batches]
        return EarlierActivations(self._layered.layer, xs.astype(np.int32), np.concatenate(pooled))

    def further(self, pixels: torch.Tensor) -> dict[str, np.ndarray]:
        """Return the pooled activations of the earlier layer."""
        return {} if self.earlier is None else {"earlier": self._layered.earlier(pixels)}

    def changed(
        self, xs: np.ndarray, clean: torch.Tensor, c: np.ndarray
    ) -> Iterator[tuple[str, int, float, torch.Tensor]]:
        """Yield kind, level, strength and attacked pictures; attacks get away from classes c."""
        device = self.inputs.device
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + int(xs[0]))
        pictures = clean.to(device).permute(0, 3, 1, 2).float() / 255
        away = torch.as_tensor(c, device=device)
        captions = self._reference.caption_words(shares_of_images(self.run, xs))
        last = (
            self.run.array("p_t_given_f"),
            self.run.weights(None),
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
