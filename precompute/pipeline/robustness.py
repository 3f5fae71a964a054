"""Attacks and corruptions of images of a finished run, as a record in its folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from tqdm import tqdm

from core.batching import blocks
from core.errors import DataError
from core.explanations.grounding import weighted_map
from core.robustness.detection import DETECTORS, MIN_CHANGED, score_detection
from core.robustness.record import (
    ADAPTIVE,
    CORRUPTIONS,
    FGSM,
    PGD,
    UNCHANGED,
    AttackRecord,
    write_record,
)
from core.robustness.words import (
    LEAST,
    Loss,
    Reference,
    p_of_pictures,
    sentences_of,
    shares_of_images,
    words_lost,
)
from core.runs.files import check_name
from core.runs.run import Run
from precompute.images.decoding import Decoder, thumbnail
from precompute.network.forward import Forward, threads_of_torch
from precompute.pipeline.inputs import RunInputs
from precompute.pipeline.more_maps import choose_images, inputs_of_finished
from precompute.resume.lock import locked
from precompute.robustness import attacks
from precompute.robustness.corruptions import STRENGTHS, corrupt

#: Images whose pictures are changed together.
_BATCH = 8
#: Side of the stored pictures, at most.
_SHOWN = 224


def attack(
    runs: Path, name: str, wanted: list[str], seed: int = 0, device: str = "auto"
) -> AttackRecord:
    """Change pictures of a run in all ways and write what the network makes of them.

    Parameters
    ----------
    runs : Path
        The folder of all runs.
    name : str
        Of the run.
    wanted : list of str
        One number: how many images to draw. Else images as `choose_images` reads them.
    seed : int
        Of the draw, the attacks' starts, noise and resamples.
    device : str

    Raises
    ------
    DataError
        If there is no such image, or none to draw.
    RunError
        If the run was made from other files, another network or other code than there is now.
    """
    with locked(runs, name):
        run = Run(runs / check_name(name))
        xs = images_to_attack(run, wanted, seed)
        inputs = inputs_of_finished(run, device)
        with threads_of_torch(inputs.workers):
            table, arrays, packs = _Pictures(run, inputs, seed).of(xs)
        statement = {
            "seed": seed,
            "steps": {PGD: attacks.PGD_STEPS, ADAPTIVE: attacks.ADAPTIVE_STEPS},
        }
        record = write_record(run, table, arrays, packs, statement)
        scores = {
            "words": losses_as_json(words_lost(run, record, seed)),
            "detection": detection_as_json(score_detection(run, record, seed)),
        }
        return write_record(run, table, arrays, packs, {**statement, **scores})


def images_to_attack(run: Run, wanted: list[str], seed: int) -> np.ndarray:
    """Return the images to change, ascending.

    Drawn are readable test images that are classified correctly and have captions.
    """
    if len(wanted) != 1 or not re.fullmatch(r"\d{1,9}", wanted[0]):
        return choose_images(run, wanted)
    captioned = (run.images["n_captions"] > 0).to_numpy()
    usable = np.flatnonzero(run.is_test & run.is_right & run.is_readable & captioned)
    if not len(usable) or not int(wanted[0]):
        raise DataError(
            f"expected correctly classified test images with captions in run {run.name!r}, found "
            f"{len(usable)}, and at least one to be asked for: name images, such as 17-17 or 20-40"
        )
    n = min(int(wanted[0]), len(usable))
    return np.sort(np.random.default_rng(seed).choice(usable, n, replace=False))


class _Pictures:
    """Makes changed pictures and runs the network on them."""

    def __init__(self, run: Run, inputs: RunInputs, seed: int):
        self.run, self.inputs, self.seed = run, inputs, seed
        self._forward = Forward(inputs.model, inputs.device)
        self._network = attacks.DifferentiableNetwork(inputs.model, inputs.device)
        self._evidence = np.asarray(run.array("evidence"))
        self._reference = Reference.of(run)
        self._decoder = Decoder(inputs.dataset, inputs.model.preprocessing, thumb_size=1)

    def of(self, xs: np.ndarray) -> tuple[pd.DataFrame, dict, dict]:
        """Return table, arrays and packs of the record; rows of an image follow each other."""
        parts: list[dict] = []
        with tqdm(total=len(xs), unit=" images") as progress:
            for block in blocks(len(xs), _BATCH):
                parts += self._of_batch(xs[block])
                progress.update(len(xs[block]))
        table = pd.DataFrame([part["row"] for part in parts])
        arrays = {
            name: np.stack([part[name] for part in parts])
            for name in ("pooled", "logits", "heat", "words")
        }
        packs = {n: [part[n] for part in parts] for n in ("pictures", "differences")}
        return table, arrays, packs

    def _of_batch(self, xs: np.ndarray) -> list[dict]:
        clean = self._decoder.pixels(xs)
        seen = self._forward(clean).arrays()
        c = seen["logits"].argmax(axis=1)
        words = sentences_of(self.run, p_of_pictures(self.run, seen["pooled"], c))
        of_image: list[list[dict]] = [[] for _ in xs]
        for kind, level, strength, pixels in self._changed(xs, clean, c):
            seen = self._forward(pixels).arrays()
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
            "row": row,
            "pooled": seen["pooled"][i],
            "logits": logits,
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
        agreement = attacks.word_agreement(
            self.run.array("p_t_given_f"),
            self.run.array("class_weights"),
            self._reference.mean,
            self._reference.deviation,
            captions,
            LEAST,
            device,
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


def losses_as_json(losses: list[Loss]) -> list[dict]:
    """Return the words that break first as JSON values."""
    return [
        {**vars(loss), "mean": loss.mean.as_dict(), "difference": loss.difference.as_dict()}
        for loss in losses
    ]


def detection_as_json(scored: list[dict]) -> list[dict]:
    """Return the scores of detectors as JSON values."""
    parts = ("detectors", "against failures")
    return [
        row
        | {part: {n: s.as_dict() for n, s in row[part].items()} for part in parts if part in row}
        for row in scored
    ]


def detection_lines(record: AttackRecord) -> list[str]:
    """Return the AUROC of detectors as lines of text."""
    scored = [row for row in record.statement["detection"] if "detectors" in row]
    if not scored:
        return [f"no attack changed {MIN_CHANGED} predictions of captioned images"]
    lines = ["AUROC against unchanged pictures, and against failures, with 95 % intervals"]
    for row in scored:
        lines.append(
            f"{row['kind']}, {row['strength']:g}/255: {row['changed']} of {row['n']} changed"
        )
        for name in DETECTORS:
            cells = (_cell(row[part][name]) for part in ("detectors", "against failures"))
            lines.append("  " + name.ljust(42) + "   ".join(cells))
    return lines


def _cell(score: dict) -> str:
    if score["value"] is None:
        return "-"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
