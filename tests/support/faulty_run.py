"""A small run with one fault of each kind planted where it can be pointed at.

Three classes of birds, 40 images each, every second one for training. Filters 0 to 2 are active
on the bird of one class each, in the middle of the map; filter 3 is active in the corners, on the
place where birds of class 0 live. The head has learnt both.
"""

from pathlib import Path

import numpy as np
from scipy.special import softmax

from fieldmarks.core import probability
from fieldmarks.core.causes.image_quality_measures import COLUMNS
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from tests.support.synthetic_run import write_synthetic_run

N, C, F, T, SIDE = 40, 3, 6, 6, 4
#: Image and the class that it really shows; odd images are test images.
WRONG_LABELS = {4: 1, 45: 2, 90: 0}
#: Image and what should be said of it.
BAD_PICTURES = {21: "less sharp", 61: "noisier", 101: "more tinted"}
#: Birds of class 1 in the place of class 0.
MISLED = (51, 53, 55)


def write_faulty_run(folder: Path, with_captions: bool = True) -> Run:
    """Write and return the run."""
    base = write_synthetic_run(folder, "base", X=N * C, F=F, T=T, C=C, H=SIDE, W=SIDE, N=3, R=5)
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(C), N)
    shown = labels.copy()
    shown[list(WRONG_LABELS)] = list(WRONG_LABELS.values())

    maps = np.abs(rng.normal(0.3, 0.1, (N * C, F, SIDE, SIDE)))
    maps[np.arange(N * C), shown, 1:3, 1:3] += 4
    is_cued = shown == 0
    is_cued[list(MISLED)] = True
    corners = np.zeros((SIDE, SIDE), bool)
    corners[::3, ::3] = True
    maps[:, 3, corners] += np.where(is_cued, 4, 0)[:, None] + rng.normal(0, 0.2, (N * C, 1))
    maps[list(MISLED), 1] *= 0.5
    maps = np.clip(maps, 0, None).astype(np.float16)
    class_weights = np.array([[2, 0, 0, 2, 0, 0], [0, 2, 0, -1, 0, 0], [0, 0, 2, -1, 0, 0]], float)
    pooled = maps.mean(axis=(2, 3), dtype=np.float32)
    logits = pooled @ class_weights.T
    p = softmax(logits, axis=1)

    named = np.zeros((N * C, T), int)
    for t in range(T):  # two marks a class, named in most captions of what is shown
        named[:, t] = (shown == t // 2) & (rng.random(N * C) < 0.9)
    p_t_given_f = np.full((F, T), 0.02)
    for f in range(3):
        p_t_given_f[f, 2 * f : 2 * f + 2] = 0.5
    p_t_given_f = probability.sigma(p_t_given_f)

    images = base.images.copy()
    images["true_c"], images["predicted_c"] = labels.astype(np.int32), logits.argmax(axis=1)
    images["confidence"], images["p_true"] = p.max(axis=1), p[np.arange(N * C), labels]
    images["is_train"] = np.arange(N * C) % 2 == 0
    images["n_captions"] = np.int32(10 if with_captions else 0)
    images["crop_side"] = 90 + rng.normal(0, 5, N * C)
    for column in COLUMNS:
        images[column] = np.clip(rng.normal(0.4, 0.03, N * C), 0, 1)
    for x, (column, value) in zip(
        BAD_PICTURES, (("sharpness", 0.1), ("noise", 0.9), ("light_red", 0.9)), strict=True
    ):
        images.loc[x, column] = value

    writer = RunWriter(folder, "faulty")
    arrays = {
        "pooled": pooled, "maps": maps, "map_row": np.arange(N * C), "logits": logits,
        "class_weights": class_weights, "class_bias": np.zeros(C),
        "parts": np.tile([[0.4, 0.4], [0.6, 0.6], [0.4, 0.6], [0.6, 0.4]], (N * C, 1, 1)),
    }  # fmt: skip
    for name, array in arrays.items():
        writer.put(name, array)
    writer.put_counts(named if with_captions else named * 0)
    for estimator in base.estimators:
        writer.put(f"p_t_given_f/{estimator}", p_t_given_f)
        writer.put(f"evidence/{estimator}", p_t_given_f)
        writer.put(f"evidence_bias/{estimator}", np.zeros(T))
    copied = {path.stem for path in (base.folder / "arrays").glob("*.npy")} - set(arrays)
    for name in copied - {"counts_indptr", "counts_indices", "counts_values", "thumb_offsets"}:
        if name != "caption_offsets":
            writer.put(name, base.array(name))
    writer.put_pack("thumb", [base.packed("thumb", x) for x in range(N * C)])
    writer.put_pack("caption", [b"a bird.\n" * 10 * with_captions] * N * C)
    for name in ("attributes", "classes", "filters"):
        writer.put_table(name, base.table(name))
    writer.put_table("images", images)
    sizes = base.sizes | {"E": int((named > 0).sum()) if with_captions else 0}
    return writer.finish({**base.manifest, "sizes": sizes})
