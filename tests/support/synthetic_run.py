"""A run of made-up arrays, of any size, for tests of readers and pages and for benchmarks.

Nothing in it means anything, but it is a whole run by the contract: distributions sum to 1, tables
agree with arrays, predictions are the argmax of the logits.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy import sparse

from fieldmarks.core import probability
from fieldmarks.core.causes.image_quality_measures import COLUMNS
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.image_map.layout import in_unit_square, reduced
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.contract import N_EXPLAIN, K
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.attributes.inflection import with_forms, with_plurals
from fieldmarks.precompute.data.language import BIRDS

ADJECTIVES = ("yellow", "red", "black", "white", "long", "short", "striped", "grey")
NOUNS = ("head", "bill", "belly", "wing", "crown", "tail", "throat", "leg")
PARTS = ("beak", "belly", "crown", "tail")
ESTIMATORS = ("literal", "ridge")


def attribute_table(n: int) -> pd.DataFrame:
    """Return n attributes, adjective by adjective; beyond 64 the adjectives are numbered."""
    rows = [
        (f"{adjective}{'' if n_round == 0 else n_round} {noun}", adjective, noun)
        for n_round in range(1 + n // (len(ADJECTIVES) * len(NOUNS)))
        for noun in NOUNS
        for adjective in ADJECTIVES
    ][:n]
    table = pd.DataFrame(rows, columns=["phrase", "adjective", "noun"])
    table.insert(1, "kind", "pair")
    table["number"] = table["noun"].map(BIRDS.nouns.number_of)
    table["part"] = table["noun"].map(BIRDS.nouns.part_of)
    table = with_forms(table)
    return table.assign(property=table["noun"], is_exclusive=False, is_complete=False)


def write_synthetic_run(
    folder: Path, name: str = "synthetic", *, X=40, F=12, T=24, C=5, H=3, W=3, R=8, N=3, seed=0
) -> Run:
    """Write and return a run of these sizes, deterministic from the seed."""
    rng = np.random.default_rng(seed)
    P = len(PARTS)
    seen_c = np.sort(rng.integers(0, C, X))
    mislabelled = np.random.default_rng(seed + 1).random(X) < 0.1
    true_c = np.where(mislabelled, np.random.default_rng(seed + 2).integers(0, C, X), seen_c)
    is_train = np.arange(X) % 2 == 0
    class_weights = rng.normal(size=(C, F)).astype(np.float32)
    writer = RunWriter(folder, name)
    writer.create("maps", {"M": X, "F": F, "H": H, "W": W})
    maps = writer.rows("maps")
    pooled = np.empty((X, F), np.float32)
    for rows in chunks(X):
        drawn = np.abs(rng.normal(size=(rows.stop - rows.start, F, H, W))).astype(np.float16)
        drawn += np.clip(class_weights[seen_c[rows]], 0, None)[:, :, None, None].astype(np.float16)
        maps.write(rows.start, drawn)
        pooled[rows] = drawn.astype(np.float32).mean(axis=(2, 3))
    maps.close()
    class_bias = rng.normal(size=C).astype(np.float32) * 0.1
    logits = pooled @ class_weights.T + class_bias
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    predicted_c = logits.argmax(axis=1)
    counts = sparse.random_array(
        (X, T), density=min(1, 6 / T), format="csr", rng=rng, dtype=np.float64
    )
    counts.data = rng.integers(1, 8, counts.nnz)
    counts.sort_indices()
    attributes = attribute_table(T)
    attributes["n_images"] = counts.astype(bool).sum(axis=0)
    attributes["n_captions"] = counts.sum(axis=0)
    n_captions = np.where(true_c % 2 == 0, 10, 0)

    p_t_given_f = {e: probability.sigma(rng.normal(size=(F, T)) ** 5) for e in ESTIMATORS}
    for estimator, p in p_t_given_f.items():
        writer.put(f"p_t_given_f/{estimator}", p)
        writer.put(f"evidence/{estimator}", p - p.mean(axis=1, keepdims=True))
        writer.put(f"evidence_bias/{estimator}", np.zeros(T))
    signed = np.random.default_rng(1).normal(size=(F, T)) + 1
    writer.put("sentence_weights/literal", signed)
    writer.put("sentence_parts/literal", np.stack([np.full(T, 2), np.ones(T), np.full(T, 1 / T)]))
    for side, c in (("predicted", predicted_c), ("true", true_c)):
        tops = []
        for rows in chunks(X):
            p = probability.p_t_given_xc(pooled[rows], class_weights[c[rows]], p_t_given_f["ridge"])
            top = top_attributes(p, attributes, min(K, T))
            tops.append((top, np.take_along_axis(p, top, axis=1)))
        writer.put(f"top_t_{side}", np.concatenate([top for top, _ in tops]))
        writer.put(f"top_p_{side}", np.concatenate([p for _, p in tops]))
    centres = np.stack(np.meshgrid((np.arange(H) + 0.5) / H, (np.arange(W) + 0.5) / W), axis=-1)
    writer.put("cell_centres", centres.transpose(1, 0, 2))
    writer.put("pooled", pooled)
    writer.put("map_row", np.arange(X))
    writer.put("layout", in_unit_square(reduced(pooled)[:, :2]))
    writer.put("logits", logits)
    writer.put("class_weights", class_weights)
    writer.put("class_bias", class_bias)
    writer.put("parts", rng.uniform(size=(X, P, 2)))
    writer.put_counts(counts)
    writer.put("prior", probability.prior(counts))
    writer.put("q_value", rng.uniform(size=(F, T)))
    writer.put("null_high", np.full((F, T), 1.5 / T))
    writer.put("top_images", np.argsort(-pooled, axis=0, kind="stable")[:R].T)
    canonical = [np.flatnonzero((true_c == c) & is_train)[:N] for c in range(C)]
    writer.put("canonical", [np.pad(xs, (0, N - len(xs)), constant_values=-1) for xs in canonical])
    writer.put_pack("thumb", [jpeg(c, rng) for c in true_c])
    writer.put_pack(
        "caption",
        [b"a bird with a yellow head and a long bill.\n" * int(n) for n in n_captions],
    )
    images = pd.DataFrame(
        {
            "path": [f"{c + 1:03d}.Class_{c}/image_{x:06d}.jpg" for x, c in enumerate(true_c)],
            "true_c": true_c.astype(np.int32),
            "predicted_c": predicted_c.astype(np.int32),
            "confidence": probabilities.max(axis=1),
            "p_true": probabilities[np.arange(X), true_c],
            "is_train": is_train,
            "n_captions": n_captions.astype(np.int32),
            "problem": "",
        }
    )
    boxes = {"bbox_left": 10, "bbox_top": 5, "bbox_width": 80, "bbox_height": 90}
    crops = {"crop_left": 5, "crop_top": 5, "crop_side": 90}
    for column, value in {**boxes, **crops}.items():
        images[column] = np.float32(value)
    images["width"] = images["height"] = np.int32(100)
    for column in COLUMNS:
        images[column] = rng.uniform(size=X).astype(np.float32)
    is_right = true_c == predicted_c
    in_class = [(true_c == c) for c in range(C)]
    classes = pd.DataFrame(
        {
            "class_id": np.arange(1, C + 1, dtype=np.int32),
            "name": [f"Class {c}" for c in range(C)],
            "member": [f"a Class {c}" for c in range(C)],
            "n_train": [int((m & is_train).sum()) for m in in_class],
            "n_test": [int((m & ~is_train).sum()) for m in in_class],
            "n_right": [int((m & ~is_train & is_right).sum()) for m in in_class],
        }
    )
    verdicts = np.array(list(map(str, NameStatus)))[np.arange(F) % 3]
    p = p_t_given_f["ridge"]
    filters = pd.DataFrame(
        {
            "verdict": verdicts,
            "name_t": np.where(verdicts == "named", p.argmax(axis=1), -1).astype(np.int32),
            "n_significant": np.where(verdicts == "named", 1, 0).astype(np.int32),
            "entropy": -(p * np.log2(np.maximum(p, 1e-12))).sum(axis=1).astype(np.float32),
            "simulation": rng.uniform(-0.2, 0.9, F).astype(np.float32),
            "selectivity": rng.uniform(size=F).astype(np.float32),
            "sparseness": rng.uniform(size=F).astype(np.float32),
            "top_c": class_weights.argmax(axis=0).astype(np.int32),
        }
    )
    for table_name, table in (
        ("images", images),
        ("attributes", attributes),
        ("classes", classes),
        ("filters", filters),
    ):
        writer.put_table(table_name, table)
    sizes = {"X": X, "F": F, "T": T, "C": C, "P": P, "H": H, "W": W, "M": X, "D": 2}
    sizes |= {"E": counts.nnz, "K": min(K, T), "R": R, "N": N}
    return writer.finish(
        {
            "sizes": sizes,
            "estimators": list(ESTIMATORS),
            "default_estimator": "ridge",
            "arch": "synthetic",
            "layer": "maps",
            "input_size": 96,
            "receptive_field": 32,
            "dataset": "synthetic",
            "part_names": list(PARTS),
            "part_keypoints": {part: list(names) for part, names in BIRDS.nouns.keypoints.items()},
            "synonyms": with_plurals(BIRDS.synonym_groups),
            "n_explain": N_EXPLAIN,
        }
    )


def chunks(n: int, size: int = 256) -> list[slice]:
    """Return the slices of n rows, so that a run of any size is made in little memory."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def jpeg(c: int, rng: np.random.Generator, size: int = 96) -> bytes:
    """Return a JPEG of one colour per class with a little noise."""
    colour = np.random.default_rng(c).integers(40, 215, 3)
    pixels = np.clip(colour + rng.integers(-20, 20, (size, size, 1)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()
