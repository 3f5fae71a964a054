"""Fine-tuning: from a data set and initial weights to a checkpoint (the command ``train``)."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torchvision

from fieldmarks.core.errors import DataError
from fieldmarks.core.outputs import check_output
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.network.checkpoint import Checkpoint, load_weights, write_checkpoint
from fieldmarks.precompute.network.device import choose_device
from fieldmarks.precompute.network.loading import build_any
from fieldmarks.precompute.network.preprocessing import (
    DEFAULT,
    NORMALISATIONS,
    Preprocessing,
    of_flags,
    resized,
)
from fieldmarks.precompute.network.registry import build, last_linear, replace_head
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.network.sources import Built
from fieldmarks.precompute.training.crop_cache import CropStore
from fieldmarks.precompute.training.loop import (
    Training,
    TrainingSettings,
    accuracy,
    has_folded_norm,
    key_of,
)

#: Crops are kept this much larger than the input: a view of part of one loses little.
_SPARE = 1.15
#: Bias of a class that was left out of training: far below all class scores.
LEFT_OUT_BIAS = -100.0

#: No network but the registered one.
_REGISTERED = NetworkSettings()


def finetune(
    dataset: Dataset,
    *,
    arch: str,
    out: Path,
    settings: TrainingSettings,
    weights: Path | None = None,
    normalise: str | None = None,
    network: NetworkSettings = _REGISTERED,
    device: str = "auto",
    validate: float = 0.0,
    leave_out: Sequence[int] = (),
) -> Checkpoint:
    """Train on the training split, score on the test split, write the checkpoint.

    Parameters
    ----------
    weights : Path or None
        State dict or checkpoint to start from; None for torchvision's ImageNet weights.
    normalise : str or None
        Key of ``preprocessing.NORMALISATIONS``; None to take it from the weights.
    network : NetworkSettings
        Another network than the registered ``arch``, and how it is fed.
    validate : float
        Share of the training split to hold out and score on in place of the test split.
    leave_out : sequence of int
        Numbers of classes of which no image is trained or scored on. They keep their place among
        the class scores with weights of 0 and the bias `LEFT_OUT_BIAS`, so none is ever predicted.

    Raises
    ------
    DataError
        If nothing is left to train on, or a class to leave out is not in the data set.
    """
    is_trained = trained_classes(dataset.class_ids, leave_out)
    where = choose_device(device)
    torch.manual_seed(settings.seed)
    built = _built(arch, network, len(dataset.class_ids), weights)
    arch, model = network.source or arch, built.model
    start = load_weights(model, weights) if weights else None
    keep_norm = weights is not None and has_folded_norm(model)
    mean, std = _normalisation(start, normalise, keep_norm)
    fed = of_flags(network, settings.input_size).over(Preprocessing(mean, std))
    fed = fed.over(built.preprocessing) if network.source else fed
    has_boxes = bool(np.isfinite(dataset.images[BBOX].to_numpy(float)).any())
    fed = fed.over(Preprocessing(crop="box" if has_boxes else "centre")).over(DEFAULT)
    if fed.channels != "rgb":
        raise DataError(
            f"--channels {fed.channels} is for networks that were trained elsewhere: omit it"
        )
    fed = resized(fed, network.resize)
    mean, std = fed.mean, fed.std
    train_xs, score_xs = _split(dataset, is_trained, validate, settings.seed)
    out.parent.mkdir(parents=True, exist_ok=True)

    for problem in dataset.problems:
        print(f"note: {problem}")
    crops = CropStore(dataset, train_xs, round(settings.input_size * _SPARE), fed)
    held_out = CropStore(dataset, score_xs, settings.input_size, fed)
    for line in crops.unreadable + held_out.unreadable:
        print(f"note: left out {line}")
    _empty_rows(model, ~is_trained)
    training = Training(model, settings, where, mean, std, len(crops), keep_norm, is_trained)
    if keep_norm:
        print("note: batch norm is folded into the convolutions; its statistics stay as they are")
    print(f"{arch}: {len(crops)} images to train on, {len(held_out)} to score, on {where}")

    partial = out.with_name(out.name + ".partial")
    check_output(partial, overwrite=True)
    key = key_of(settings, arch=arch, start=_fingerprint(weights), data=_identity(dataset, crops))
    key += repr(sorted(set(leave_out))) if leave_out else ""
    if partial.exists():
        training.resume(partial, key)
        print(f"resumed after epoch {training.epoch}")
    while training.epoch < settings.epochs:
        training.run_epoch(crops)
        if validate or training.epoch == settings.epochs:
            training.history[-1]["held_out_accuracy"] = accuracy(training, held_out)
            print(f"held-out accuracy {training.history[-1]['held_out_accuracy']:.1%}")
        training.save(partial, key)
    checkpoint = Checkpoint(
        arch=arch,
        state_dict={name: value.cpu() for name, value in model.state_dict().items()},
        class_ids=list(dataset.class_ids),
        class_names=list(dataset.class_names),
        input_size=settings.input_size,
        mean=mean,
        std=std,
        made=_how(training, weights, crops, held_out, validate)
        | {
            "network_args": list(network.args),
            "left_out": sorted(set(leave_out)),
            "preprocessing": {
                "crop": fed.crop,
                "crop_share": fed.crop_share,
                "interpolation": fed.interpolation,
                "alpha": fed.alpha,
                "orientation": fed.orientation,
                "depth": fed.depth,
            },
        },
    )
    write_checkpoint(out, checkpoint)
    partial.unlink()
    return checkpoint


def _built(arch: str, network: NetworkSettings, n_classes: int, weights: Path | None) -> Built:
    """Return a network for so many classes: the registered one, or that of ``--network``."""
    if network.source is None:
        return Built(build(arch, n_classes, pretrained=weights is None))
    built = build_any(network.source, network.args, n_classes, {})
    if weights is None and not built.has_weights:
        print(f"note: {network.source} starts from random weights; give others by --weights")
    replace_head(built.model, n_classes)
    return built


def _normalisation(start: Checkpoint | None, name: str | None, is_folded: bool):
    """Return mean and deviation: as asked, as the checkpoint says, or as the weights suggest."""
    if name is None and start is not None:
        return start.mean, start.std
    return NORMALISATIONS[name or ("half" if is_folded else "imagenet")]


def trained_classes(class_ids: Sequence[int], leave_out: Sequence[int]) -> np.ndarray:
    """Return whether each class is trained on, shape (C,), bool.

    Raises
    ------
    DataError
        If a class to leave out is unknown, or fewer than two are left.
    """
    unknown = sorted(set(leave_out) - set(class_ids))
    if unknown:
        raise DataError(
            f"--leave-out names class {unknown[0]}, which the data set does not have: give numbers "
            f"of its classes, from {min(class_ids)} to {max(class_ids)}"
        )
    is_trained = ~np.isin(class_ids, list(leave_out))
    if is_trained.sum() < 2:
        raise DataError(
            f"expected at least two classes to train on, --leave-out leaves {is_trained.sum()}"
        )
    return is_trained


@torch.no_grad()
def _empty_rows(model: torch.nn.Module, is_empty: np.ndarray) -> None:
    """Set the rows of the last layer of classes that are not trained; no gradient moves them."""
    if not is_empty.any():
        return
    linear = last_linear(model)[1]
    rows = torch.as_tensor(np.flatnonzero(is_empty), device=linear.weight.device)
    linear.weight[rows] = 0
    if linear.bias is None:
        raise DataError("--leave-out needs a last layer with a bias, this network's has none")
    linear.bias[rows] = LEFT_OUT_BIAS


def _split(
    dataset: Dataset, is_trained: np.ndarray, validate: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of trained classes to train on and to score on."""
    is_train = dataset.images["is_train"].to_numpy(bool)
    is_usable = is_trained[dataset.images["true_c"].to_numpy()]
    train_xs, test_xs = np.flatnonzero(is_usable & is_train), np.flatnonzero(is_usable & ~is_train)
    if validate:
        shuffled = np.random.default_rng(seed).permutation(train_xs)
        n_held_out = round(validate * len(shuffled))
        train_xs, test_xs = np.sort(shuffled[n_held_out:]), np.sort(shuffled[:n_held_out])
    if not len(train_xs) or not len(test_xs):
        raise DataError(
            f"expected images to train on and images to score on, "
            f"found {len(train_xs)} and {len(test_xs)}"
        )
    return train_xs, test_xs


def _fingerprint(weights: Path | None) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "ImageNet"


def _identity(dataset: Dataset, crops: CropStore) -> str:
    """Return a hash of what is trained on: paths and labels in order."""
    paths = dataset.images["path"].iloc[crops.xs]
    lines = "\n".join(f"{c} {path}" for c, path in zip(crops.labels, paths, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def _how(training: Training, weights, crops, held_out, validate: float) -> dict:
    """Return how a checkpoint was made, as plain JSON values."""
    return {
        "settings": asdict(training.settings),
        "weights": weights.name if weights else "torchvision's ImageNet weights",
        "weights_sha256": _fingerprint(weights),
        "n_train": len(crops),
        "n_held_out": len(held_out),
        "held_out": "part of the training split" if validate else "test split",
        "held_out_accuracy": training.history[-1]["held_out_accuracy"],
        "history": training.history,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "torchvision": torchvision.__version__,
        },
    }
