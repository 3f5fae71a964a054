"""Whether a third-party network gets the preprocessing of its training: variations are tried.

A forgotten mean, a square cut out where pictures were squeezed, or red taken for blue costs some
percent of accuracy, and the failures that it makes are the tool's. What the weights do not say can
only be found out: each usual other way is screened on a few images by the probability of the true
class, and the best ones are judged on more by a paired test.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from scipy.special import log_softmax
from scipy.stats import binomtest

from fieldmarks.core.pictures.crop import sides
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.network.forward import Forward
from fieldmarks.precompute.network.loading import LoadedModel
from fieldmarks.precompute.network.preprocessing import GREY, NORMALISATIONS, CompletePreprocessing
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.stage import Computed

#: Images that all ways are screened on, images that the best ones are judged on, and how many.
N_SCREENED, N_JUDGED, N_NAMED = 64, 240, 3
#: Parts of the problem of a picture that the network is fed otherwise than its owner may think.
PROBLEMS = (UNREADABLE, "used whole")
#: Images of a batch.
_BATCH = 32
#: Sides of inputs that networks are usually trained at.
_SIZES = (224, 256, 288, 299, 384)
_PLAIN = ((0.0,) * 3, (1.0,) * 3)


def compute(work: Work) -> Computed:
    """Compute the stage ``feeding``, which leaves no file: what it measured is in the manifest."""
    run, inputs = work.read(), work.inputs
    facts, logits = run.table("facts"), run.array("logits")
    return Computed("", feeding(inputs.model, inputs.dataset, inputs.forward, logits, facts))


def feeding(
    model: LoadedModel,
    dataset: Dataset,
    forward: Callable[[], Forward],
    logits: np.ndarray,
    facts: pd.DataFrame,
) -> dict:
    """Return how many pictures each choice of decoding matters for, and what `try_ways` finds.

    Parameters
    ----------
    model : LoadedModel
        One that ``train`` made says itself how it is fed: nothing else is tried.
    dataset : Dataset
    forward : callable
        Makes the network as the pass ran it.
    logits : ndarray of shape (X, C)
    facts : DataFrame of X rows
        What the activation pass learnt of each file.

    Returns
    -------
    dict
        ``affected``: numbers by choice; ``problems``: the number of pictures with a problem that
        changes what the network is fed, the first of them and its problem, by a key of `PROBLEMS`;
        ``feeding``: see `try_ways`.
    """
    affected = [each.split() for each in facts["affected"]]
    counts = Counter(choice for each in affected for choice in each)
    measured: dict = {"affected": dict(sorted(counts.items())), "problems": {}}
    for problem in PROBLEMS:
        xs = np.flatnonzero(facts["problem"].str.contains(problem, regex=False))
        if len(xs):
            first = str(dataset.images["path"].iloc[xs[0]]), str(facts["problem"].iloc[xs[0]])
            measured["problems"][problem] = [len(xs), *first]
    if not model.made:
        is_usable = ~facts["problem"].str.startswith(UNREADABLE).to_numpy(bool)
        measured["feeding"] = try_ways(model, dataset, forward, logits, is_usable, affected)
    return measured


def try_ways(
    model: LoadedModel,
    dataset: Dataset,
    forward: Callable[[], Forward],
    logits: np.ndarray,
    is_usable: np.ndarray,
    affected: Sequence[Sequence[str]],
) -> dict:
    """Return the accuracy of a network, and that of variations of the preprocessing.

    Parameters
    ----------
    model : LoadedModel
    dataset : Dataset
    forward : callable
        Makes the network as the pass ran it.
    logits : ndarray of shape (X, C)
        Of the network as it is fed.
    is_usable : ndarray of shape (X,), bool
        Images whose files can be read.
    affected : sequence of X lists of str
        Choices of decoding that matter for each image, see `core.pictures.decoding.affected`.

    Returns
    -------
    dict
        ``accuracy`` of the ``images`` test images in [0, 1], and ``tried``, the likeliest first:
        ``option`` on the command line, ``images``, accuracy ``before`` and ``after``, ``p_value``
        of the gain (one-sided exact McNemar test).
    """
    true_c = dataset.images["true_c"].to_numpy()
    is_test = ~dataset.images["is_train"].to_numpy(bool) & is_usable
    is_right = np.asarray(logits).argmax(axis=1) == true_c
    accuracy = float(is_right[is_test].mean()) if is_test.any() else 0.0
    told = {"accuracy": accuracy, "images": int(is_test.sum()), "tried": []}
    rng = np.random.default_rng(0)
    # test images first: of training images some networks are right however they are fed
    drawn = rng.permutation(np.flatnonzero(is_usable)).tolist()
    order = sorted(drawn, key=lambda x: not is_test[x])
    if is_right[order[:N_JUDGED]].all():
        return told
    trial = _Trial(forward(), dataset)
    screened = []
    for option, (fed, choice) in other_ways(model.preprocessing, dataset.has_boxes).items():
        xs = np.array([x for x in order if choice is None or choice in affected[x]][:N_JUDGED], int)
        if not len(xs):
            continue
        few = xs[:N_SCREENED]
        try:
            gain = _log_p(trial.logits(few, fed), true_c[few]) - _log_p(logits[few], true_c[few])
        except Exception:
            # the network's own code, which may not take another size
            continue
        # of the images that it matters for
        screened.append((float(gain.mean()) * len(xs) / len(order[:N_JUDGED]), option, fed, xs))
    screened.sort(key=lambda each: -each[0])
    for _, option, fed, xs in screened[:N_NAMED]:
        before, after = is_right[xs], trial.logits(xs, fed).argmax(axis=1) == true_c[xs]
        won, lost = int((after & ~before).sum()), int((before & ~after).sum())
        p_value = binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1.0
        told["tried"].append(
            {
                "option": option,
                "images": len(xs),
                "before": float(before.mean()),
                "after": float(after.mean()),
                "p_value": float(p_value),
            }
        )
    told["tried"].sort(key=lambda way: way["before"] - way["after"])
    return told


def other_ways(
    fed: CompletePreprocessing, has_boxes: bool
) -> dict[str, tuple[CompletePreprocessing, str | None]]:
    """Return common variations of the preprocessing by option, and the choice that each needs.

    The choice is one of those of `core.pictures.decoding.affected`, None where any image will do.
    """
    least = min(sides(fed.input_size))
    wider = round(least / 0.875)
    ways: dict[str, tuple[CompletePreprocessing, str | None]] = {}

    def add(option: str, choice: str | None = None, **changes) -> None:
        is_same_centre = "centre" in fed.crop and changes.get("crop") == "centre"
        if is_same_centre and math.isclose(changes["crop_share"], fed.crop_share):
            return
        if replace(fed, **changes) != fed:
            ways[option] = (replace(fed, **changes), choice)

    for crop in ("squeeze", "whole", "centre", *(["box"] if has_boxes else [])):
        add(f"--crop {crop} --resize {least}", crop=crop, crop_share=1.0)
    add(f"--crop centre --resize {wider}", crop="centre", crop_share=least / wider)
    normalisations = GREY if fed.channels == "grey" else NORMALISATIONS
    for mean, std in (*normalisations.values(), _PLAIN):
        if not (np.allclose(mean, fed.mean) and np.allclose(std, fed.std)):
            n = 1 if fed.channels == "grey" else 3
            numbers = (" ".join(f"{v:g}" for v in values[:n]) for values in (mean, std))
            add("--mean {} --std {}".format(*numbers), mean=mean, std=std)
    is_usual = isinstance(fed.input_size, int) and least >= min(_SIZES) // 2
    for other in _SIZES if is_usual else ():
        if other != fed.input_size:
            add(f"--input-size {other}", input_size=other)
    if fed.channels != "grey":
        add(f"--channels {'rgb' if fed.channels == 'bgr' else 'bgr'}", channels="other")
    for interpolation in ("bilinear", "bicubic"):
        add(f"--interpolation {interpolation}", interpolation=interpolation)
    for option, values in (
        ("alpha", ("drop", "grey", "white")),
        ("orientation", ("stored", "upright")),
        ("depth", ("clip", "unit", "12", "16")),
    ):
        for value in values:
            add(f"--{option} {value}", option, **{option: value})
    return ways


class _Trial:
    """Runs the network on images with other preprocessing."""

    def __init__(self, forward: Forward, dataset: Dataset):
        self._forward, self._dataset = forward, dataset
        self._last: tuple = ()
        self._pixels = torch.empty(0)

    def logits(self, xs: np.ndarray, fed: CompletePreprocessing) -> np.ndarray:
        pixels = self._decoded(xs, fed).permute(0, 3, 1, 2).float() / 255
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (fed.mean, fed.std))
        images = (pixels - mean) / std
        if fed.channels == "other":
            images = images.flip(1)
        parts = images.split(_BATCH)
        return np.concatenate([self._forward.scores(part) for part in parts])

    def _decoded(self, xs: np.ndarray, fed: CompletePreprocessing) -> torch.Tensor:
        """Return pixels; those of the last question where only their normalisation differs."""
        key = (xs.tobytes(), replace(fed, mean=(), std=(), channels=""))
        if self._last != key:
            self._pixels = Decoder(self._dataset, fed, thumb_size=1).pixels(xs)
            self._last = key
        return self._pixels


def _log_p(logits: np.ndarray, true_c: np.ndarray) -> np.ndarray:
    """Return the logarithm of the probability of the true class of each image, shape (n,)."""
    return log_softmax(np.asarray(logits, float), axis=1)[np.arange(len(true_c)), true_c]
