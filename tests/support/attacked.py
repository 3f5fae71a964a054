"""A synthetic run with records of corrupted and attacked pictures, made of its arrays alone."""

from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.corruptions.record import UNCHANGED, write_record
from fieldmarks.core.corruptions.words import sentences_of
from fieldmarks.core.experimental.attacks.earlier_layer import images_of_earlier
from fieldmarks.core.experimental.attacks.record import EarlierActivations, write_attacks
from fieldmarks.core.explanations.grounding import weighted_map
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import jpeg, write_synthetic_run

#: The images, by number; all are captioned test images.
XS = (1, 3, 5, 7, 15, 17, 19, 21, 31, 33, 35)
#: Kinds of change and how many strengths each has.
CORRUPTED = {"blur": 2, "noise": 2}
ATTACKED = {"FGSM": 2, "PGD": 2, "adaptive PGD": 2, "adaptive PGD, layers": 2}
#: Filters of the earlier layer.
E = 7


def write_attacked_run(folder: Path, name: str = "attacked") -> Run:
    """Write and return a run whose pictures turn into images of another class with strength."""
    from fieldmarks.core.corruptions.words import words_lost
    from fieldmarks.core.experimental.attacks.detection import score_detection
    from fieldmarks.precompute.experimental.attack import detection_as_json
    from fieldmarks.precompute.pipeline.robustness import losses_as_json

    run = write_synthetic_run(folder, name)
    rng = np.random.default_rng(0)
    pooled_of = np.asarray(run.array("pooled"))
    mixture = np.abs(rng.normal(size=(pooled_of.shape[1], E)))
    xs = images_of_earlier(run)
    earlier = EarlierActivations("early", xs.astype(np.int32), pooled_of[xs] @ mixture)
    corrupted = _changed(run, CORRUPTED, np.random.default_rng(1))
    record = write_record(run, *corrupted, {"seed": 0})
    write_record(run, *corrupted, {"seed": 0, "words": losses_as_json(words_lost(run, record))})
    table, arrays, packs = _changed(run, ATTACKED, rng)
    # the earlier layer changes by a fifth of what the last one does
    before = pooled_of[table["x"].to_numpy()]
    arrays["earlier"] = (0.2 * arrays["pooled"] + 0.8 * before) @ mixture
    attacks = write_attacks(run, table, arrays, packs, {"seed": 0}, earlier)
    scores = {"detection": detection_as_json(score_detection(run, attacks))}
    write_attacks(run, table, arrays, packs, {"seed": 0, **scores}, earlier)
    return read_run(run.folder)


def _changed(
    run: Run, kinds: dict[str, int], rng: np.random.Generator
) -> tuple[pd.DataFrame, dict, dict]:
    """Return table, arrays and packs of pictures that turn into images of another class."""
    pooled_of, parts = np.asarray(run.array("pooled")), []
    predicted_c = run.images["predicted_c"].to_numpy()
    for x in XS:
        other = int(rng.choice(np.flatnonzero(predicted_c != predicted_c[x])))
        steps = [(UNCHANGED, 0, 0.0)]
        steps += [(kind, n, n / n_levels) for kind, n_levels in kinds.items()
                  for n in range(1, n_levels + 1)]  # fmt: skip
        ts = None
        for kind, level, share in steps:
            pooled = (1 - share) * pooled_of[x] + share * pooled_of[other]
            logits = pooled @ run.array("class_weights").T + run.array("class_bias")
            c = int(logits.argmax())
            if ts is None:
                ts = sentences_of(run, pooled[None], np.array([c]))[0]
            maps = (1 - share) * run.maps(x).astype(float) + share * run.maps(other)
            weights = run.array("evidence")[:, np.maximum(ts, 0)].T
            parts.append(
                {
                    "row": (x, kind, level, float(level), c, 0.5),
                    "pooled": pooled,
                    "logits": logits,
                    "heat": weighted_map(maps, weights),
                    "words": ts,
                }
            )
    columns = ("x", "kind", "level", "strength", "predicted_c", "confidence")
    table = pd.DataFrame([part["row"] for part in parts], columns=list(columns))
    arrays = {n: np.stack([p[n] for p in parts]) for n in ("pooled", "logits", "heat", "words")}
    packs = {n: [jpeg(1, rng, 16) for _ in parts] for n in ("pictures", "differences")}
    return table, arrays, packs
