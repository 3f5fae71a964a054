"""The run as a repair makes it: in memory for a preview, on disk beside the old one.

Pooled activations, maps, captions and p(t given f) are those of the old run: only the last layer is
another. What depends on it is computed again: class scores, predictions, and the attributes of each
image. Scores are left out, and diagnoses unless asked for, to be computed on the new run.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.comparison.comparison import Comparison, compare
from fieldmarks.core.errors import RunError
from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.head import Head
from fieldmarks.core.run.contract import N_EXPLAIN, PACKS
from fieldmarks.core.run.files import array_path, check_name
from fieldmarks.core.run.predictions import predictions
from fieldmarks.core.run.reading import read_unfinished
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter

#: Images worked on at a time.
_BLOCK = 512
#: Stages that no longer are what the old run says of them, and those that are left out.
_CHANGED = ("activations", "tables", "feeding", "estimates", "evidence", "explanations", "names")
_CHANGED += ("other_estimators",)
_LEFT_OUT = ("diagnoses", "scores")


def repaired(run: Run, head: Head) -> Run:
    """Return the run as it is with another head, in memory.

    Parameters
    ----------
    run : Run
    head : Head
    """
    weights, bias = head.weights.astype(np.float32), head.bias.astype(np.float32)
    pooled = run.array("pooled")
    X, C = len(pooled), len(bias)
    logits = np.empty((X, C), np.float32)
    for rows in blocks(X, 8 * _BLOCK):
        logits[rows] = pooled[rows] @ weights.T + bias
    true_c = run.images["true_c"].to_numpy()
    predicted = predictions(logits, true_c)
    images = run.images.assign(**{name: predicted[name].to_numpy() for name in predicted})
    is_right = run.is_test & (images["predicted_c"] == images["true_c"]).to_numpy()
    n_right = np.bincount(true_c[is_right], minlength=C).astype(np.int32)
    arrays = {"class_weights": weights, "class_bias": bias, "logits": logits}
    tables = {
        "images": images,
        "classes": run.classes.assign(n_right=n_right),
        "filters": run.filters.assign(top_c=weights.argmax(axis=0).astype(np.int32)),
    }
    # another stamp, so that nothing which is cached of the one run is taken for the other
    stamp = hashlib.blake2b(weights.tobytes() + bias.tobytes(), digest_size=6).digest()
    return run.changed(arrays, tables, stamp=int.from_bytes(stamp))


def before_and_after(run: Run, head: Head, xs: np.ndarray) -> Comparison:
    """Return the comparison of a run with itself after a repair, over some of its test images.

    Parameters
    ----------
    run : Run
    head : Head
    xs : ndarray of int
        Test images.
    """
    whole = compare(run, repaired(run, head))
    keep = np.isin(whole.xs_first, xs)
    per_image = ("xs_first", "xs_second", "true_c", "predicted_first", "predicted_second")
    return replace(whole, **{name: getattr(whole, name)[keep] for name in per_image})


def changed_words(comparison: Comparison) -> pd.DataFrame:
    """Return how many of the five words of each image's sentence changed.

    The sentences are those for the class that is predicted before and after.

    Parameters
    ----------
    comparison : Comparison
        Of a run with itself after a repair.

    Returns
    -------
    DataFrame
        One row per image whose sentence changed, the most changed first: place in the comparison
        (i), image (x) and words (n_changed, 1 to 5).
    """
    if not comparison.has_words:
        return pd.DataFrame({name: np.empty(0, int) for name in ("i", "x", "n_changed")})
    tops = []
    for run, xs, predicted in (
        (comparison.first, comparison.xs_first, comparison.predicted_first),
        (comparison.second, comparison.xs_second, comparison.predicted_second),
    ):
        tops.append(_tops(run, xs, predicted, N_EXPLAIN)[0])
    before, after = tops
    is_kept = (before[:, :, None] == after[:, None, :]).any(axis=2) & (before >= 0)
    n_changed = (before >= 0).sum(axis=1) - is_kept.sum(axis=1)
    i = np.argsort(-n_changed, kind="stable")
    i = i[n_changed[i] > 0]
    return pd.DataFrame({"i": i, "x": comparison.xs_first[i], "n_changed": n_changed[i]})


def check_new_name(run: Run, name: str) -> None:
    """Raise `RunError` where a repaired run cannot have a name."""
    if os.path.lexists(run.folder.parent / check_name(name)):
        raise RunError(f"there is a run {name!r} already: choose another name for the repaired one")


def write_repaired(
    run: Run,
    head: Head,
    name: str,
    note: Mapping,
    checkpoint: Path | None = None,
    is_diagnosed: bool = False,
    replaces: bool = False,
) -> Run:
    """Write a run with another head beside the old one and return it.

    What is the same is shared with the old run by hard links, where the file system has them. The
    new run appears when it is complete.

    Parameters
    ----------
    run : Run
    head : Head
    name : str
        Of the new run.
    note : mapping
        What was done, in JSON values: ``repair`` of the manifest.
    checkpoint : Path, optional
        The patched checkpoint, if one was written.
    is_diagnosed : bool
        Whether the new run holds diagnoses, which take a while.
    replaces : bool
        Whether an earlier run of that name is replaced.

    Raises
    ------
    RunError
        If there is a run of that name, or it cannot be one, or ``run`` is not complete.
    """
    run.require_complete()
    if not replaces:
        check_new_name(run, name)
    writer = RunWriter(run.folder.parent, name, "repair")
    try:
        new = repaired(run, head)
        _write(run, new, writer)
        manifest = _manifest(run, new, note, checkpoint)
        if is_diagnosed:
            writer.put_table("diagnoses", diagnose(read_unfinished(writer.folder, manifest)))
        return writer.finish(manifest)
    finally:
        if writer.folder.exists():
            writer.discard()


def _write(old: Run, new: Run, writer: RunWriter) -> None:
    computed = {"class_weights", "class_bias", "logits"}
    computed |= {f"top_{what}_{side}" for what in "tp" for side in ("predicted", "true")}
    computed |= {"said_t_predicted", "said_t_true"}
    paths = [array_path(old.folder, each) for each in old.array_names if each not in computed]
    paths += [old.folder / filename for filename, _ in PACKS.values()]
    for path in paths:
        writer.adopt(path, old.folder)
    for each in ("class_weights", "class_bias", "logits"):
        writer.put(each, new.array(each))
    if new.has_words:
        _write_words(new, writer)
    for each in old.table_names:
        if each not in ("diagnoses",):
            writer.put_table(each, new.table(each))


def _write_words(new: Run, writer: RunWriter) -> None:
    k, factors = new.array("top_t_true").shape[1], Factors.of(new)
    xs = np.arange(new.sizes["X"])
    for side in ("predicted", "true"):
        top_t, top_p = _tops(new, xs, new.images[f"{side}_c"].to_numpy(), k)
        writer.put(f"top_t_{side}", top_t)
        writer.put(f"top_p_{side}", top_p)
        if factors.seen is not None:
            writer.put(f"said_t_{side}", _said(factors, xs, new.images[f"{side}_c"].to_numpy()))


def _said(factors: Factors, xs: np.ndarray, c: np.ndarray) -> np.ndarray:
    words = [factors.said(xs[rows], c[rows]) for rows in blocks(len(xs), _BLOCK)]
    return np.concatenate([each for each in words if each is not None])


def _tops(run: Run, xs: np.ndarray, c: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    factors = Factors.of(run)
    tops = [factors.top(xs[rows], c[rows], k) for rows in blocks(len(xs), _BLOCK)]
    top_t, top_p = zip(*tops, strict=True) if tops else ([np.empty((0, k), int)],) * 2
    return np.concatenate(top_t), np.concatenate(top_p)


def _manifest(old: Run, new: Run, note: Mapping, checkpoint: Path | None) -> dict:
    """Return the manifest; stages that depend on the head get fingerprints of their own."""
    digest = hashlib.blake2b(new.weights(None).tobytes(), digest_size=16)
    digest.update(new.array("class_bias").tobytes())
    manifest = dict(old.manifest)
    if isinstance(manifest.get("notices"), dict):
        # the accuracy that was asked about is that of the old head
        manifest["notices"] = {**manifest["notices"], "accuracy": []}
    manifest["repair"] = {"of": old.name, **note, "head": digest.hexdigest()}
    if "settings" in manifest:
        # the old checkpoint holds another head: what needs the network asks for the right one
        path = "" if checkpoint is None else str(checkpoint.resolve())
        manifest["settings"] = {**manifest["settings"], "checkpoint": path}
    stages = {}
    for name, stage in manifest.get("stages", {}).items():
        if name in _LEFT_OUT:
            continue
        if name in _CHANGED:
            content = (stage["fingerprint"] + digest.hexdigest()).encode()
            changed = hashlib.blake2b(content, digest_size=16).hexdigest()
            stage = {**stage, "fingerprint": changed, "repaired_from": stage["fingerprint"]}
        stages[name] = stage
    if stages:
        manifest["stages"] = stages
    return manifest
