"""Whether the network does what explanations claim, tried on birds that were painted again.

In a painted world one mark of a bird can be recoloured, removed or moved, and nothing else. Three
claims of an explanation are then open to test. *The logit*: the part of the class's logit that is
attributed to the word should be what the class loses. *The word*: p(t given x, c) of the word that
is gone should fall, and of the word that came rise, more than those of other words: its place among
all words, 1 for the first, 0.5 by chance. *The heatmap*: at the mark's place the heat of the word
that is gone should fall, and its peak leave.

The controls are another mark of the same bird, which this change did not touch, and distributions
that are permuted between filters.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.explanations.grounding import upsample
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.filters.correlation import Activations
from fieldmarks.core.scores.result import Measure

#: Columns that are needed: x, t (gone), t_new (come, -1 for none), row, col, row_new and col_new
#: (places in the unit square), and after the change pooled, logits and maps (bytes of float16).
COLUMNS = ("x", "t", "t_new", "row", "col", "row_new", "col_new", "pooled", "logits", "maps")
CONTROLS = ("another mark", "permuted distributions")
#: A peak within this of a place is there, in units of the crop's side.
RADIUS = 0.2
#: Points per axis at which heatmaps are searched.
GRID = 56
#: Permutations of the filters.
N_EXCHANGES = 20


@dataclass(frozen=True)
class Changed:
    """Images before and after a change.

    Parameters
    ----------
    x, t, t_new : ndarray of shape (n,)
        Image, the attribute that is gone and the one that came, -1 for none.
    other : ndarray of shape (n,)
        Row of a change of another mark of the same image.
    place, place_new : ndarray of shape (n, 2)
    pooled, logits : ndarray of shape (n, F) and (n, C)
        After the change.
    maps : ndarray of shape (n, F, H, W), float16
    """

    x: np.ndarray
    t: np.ndarray
    t_new: np.ndarray
    other: np.ndarray
    place: np.ndarray
    place_new: np.ndarray
    pooled: np.ndarray
    logits: np.ndarray
    maps: np.ndarray


def read_changes(run: Run, table: pd.DataFrame) -> Changed | None:
    """Return the changes of images that were changed twice, None where there are none.

    Parameters
    ----------
    run : Run
    table : DataFrame
        With `COLUMNS`.
    """
    table = table[table.groupby("x")["x"].transform("size") == 2]
    table = table.sort_values("x", kind="stable")
    if table.empty:
        return None
    shape = [run.sizes[letter] for letter in "FHW"]
    rows = np.arange(len(table))
    return Changed(
        x=table["x"].to_numpy(),
        t=table["t"].to_numpy(),
        t_new=table["t_new"].to_numpy(),
        other=rows ^ 1,
        place=table[["row", "col"]].to_numpy(float),
        place_new=table[["row_new", "col_new"]].to_numpy(float),
        pooled=np.stack(table["pooled"].to_list()),
        logits=np.stack(table["logits"].to_list()),
        maps=np.stack([np.frombuffer(each, np.float16).reshape(shape) for each in table["maps"]]),
    )


def score_interventions(
    run: Run, xs: np.ndarray, table: pd.DataFrame | None, seed: int = 0
) -> Measure | None:
    """Return what changes of images ``xs`` do to logit, word and heatmap; None without changes.

    Parameters
    ----------
    run : Run
    xs : ndarray of int
    table : DataFrame, optional
        With `COLUMNS`.
    seed : int
        Of resamples and exchanges.

    Returns
    -------
    Measure
        Of each estimator and the `CONTROLS`, and the default less these.
    """
    changed = None if table is None else read_changes(run, table[table["x"].isin(xs)])
    if changed is None:
        return None
    rows = score_changes(run, changed, seed)
    pairs = [(run.default_estimator, name) for name in CONTROLS]
    return Measure.of(rows, CONTROLS, pairs, counts={"marks": len(changed.x)})


def score_changes(run: Run, changed: Changed, seed: int = 0) -> dict[str, dict[str, Score]]:
    """Return the scores of each estimator, and beside the default's those of the controls."""
    group = run.images["true_c"].to_numpy()[changed.x]
    drawn, rows = Resamples(len(group), seed=seed, group=group), {}
    lost = Activations(_lost(run, changed)[:, None], group, seed)
    for name in run.estimators:
        p_t_given_f = np.asarray(run.array("p_t_given_f", name))
        claimed = _claimed(run, changed, p_t_given_f)
        weights = np.asarray(sentence_weights(run, name))
        rank = _ranks(run, changed, weights)
        rows[name] = {
            "logit": lost.mean(_of(claimed, changed.t)[:, None]),
            **_words(rank, changed.t, changed.t_new, drawn),
            **_heat(run, changed, np.asarray(run.array("evidence", name)), drawn),
        }
        if name != run.default_estimator:
            continue
        others, new = changed.t[changed.other], changed.t_new[changed.other]
        control = {"logit": lost.mean(_of(claimed, others)[:, None])}
        rows[CONTROLS[0]] = control | _words(rank, others, new, drawn)
        rng = np.random.default_rng(seed)
        exchanged = np.stack(
            [
                _of(_claimed(run, changed, rng.permutation(p_t_given_f)), changed.t)
                for _ in range(N_EXCHANGES)
            ],
            axis=1,
        )
        many = Activations(np.repeat(_lost(run, changed)[:, None], N_EXCHANGES, 1), group, seed)
        rank = _ranks(run, changed, rng.permutation(weights))
        rows[CONTROLS[1]] = {
            "logit": many.mean(exchanged),
            **_words(rank, changed.t, changed.t_new, drawn),
        }
    return rows


def _lost(run: Run, changed: Changed) -> np.ndarray:
    """Return how far the logit of the class that was predicted before has fallen, shape (n,)."""
    c = run.images["predicted_c"].to_numpy()[changed.x]
    before = run.array("logits")[changed.x]
    rows = np.arange(len(c))
    return (before - changed.logits)[rows, c]


def _claimed(run: Run, changed: Changed, p_t_given_f: np.ndarray) -> np.ndarray:
    """Return the part of each attribute in the logit of the predicted class, shape (n, T)."""
    c = run.images["predicted_c"].to_numpy()[changed.x]
    part = run.array("pooled")[changed.x] * run.weights(changed.x, c)
    return part @ p_t_given_f


def _of(values: np.ndarray, ts: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, ts[:, None], axis=1)[:, 0]


def _ranks(run: Run, changed: Changed, of_words: np.ndarray) -> np.ndarray:
    """Return the place of each word by how much its probability rises, shape (n, T), in [0, 1]."""
    c = run.images["predicted_c"].to_numpy()[changed.x]
    before = words_given_xc(run.array("pooled")[changed.x], run.weights(changed.x, c), of_words)
    weights = run.weights_at(changed.pooled, c, changed.x)
    after = words_given_xc(changed.pooled, weights, of_words)
    rise = after - before
    order = np.argsort(np.argsort(rise, axis=1, kind="stable"), axis=1, kind="stable")
    return order / max(rise.shape[1] - 1, 1)


def _words(
    rank: np.ndarray, t: np.ndarray, t_new: np.ndarray, drawn: Resamples
) -> dict[str, Score]:
    came = t_new >= 0
    there = _of(rank, np.maximum(t_new, 0)) * came
    return {
        "word that is gone": ratio(1 - _of(rank, t), np.ones(len(t)), drawn),
        "word that came": ratio(there, came.astype(float), drawn),
    }


def _heat(run: Run, changed: Changed, evidence: np.ndarray, drawn: Resamples) -> dict[str, Score]:
    """Return what happens to the heatmap of the word that is gone, and of the one that came."""
    centres, n = run.array("cell_centres"), len(changed.x)
    names = ("before", "after", "after another change", "came", "came, before", "falls")
    hits = {name: np.zeros(n) for name in names}
    for i, x in enumerate(changed.x):
        before, after = map(to_float32, (run.maps(x), changed.maps[i]))
        other = to_float32(changed.maps[changed.other[i]])
        ts = [changed.t[i], max(changed.t_new[i], 0)]
        heats = upsample(
            np.stack([np.tensordot(evidence[:, ts].T, m, 1) for m in (before, after, other)]),
            centres,
            GRID,
        )
        for name, heat in zip(names[:3], heats[:, 0], strict=True):
            hits[name][i] = _is_at(heat, changed.place[i])
        at = tuple(np.clip((changed.place[i] * GRID).astype(int), 0, GRID - 1))
        falls, control = heats[0, 0][at] - heats[1, 0][at], heats[0, 0][at] - heats[2, 0][at]
        hits["falls"][i] = falls > control
        hits["came"][i] = _is_at(heats[1, 1], changed.place_new[i])
        hits["came, before"][i] = _is_at(heats[0, 1], changed.place_new[i])
    came = (changed.t_new >= 0).astype(float)
    of_all, one = ("before", "after", "after another change", "falls"), np.ones(n)
    return {
        **{f"peak {k}": ratio(hits[k], one, drawn, unit=100) for k in of_all[:3]},
        "heat falls more": ratio(hits["falls"], one, drawn, unit=100),
        "peak of the new word": ratio(hits["came"] * came, came, drawn, unit=100),
        "peak of the new word, before": ratio(hits["came, before"] * came, came, drawn, unit=100),
    }


def _is_at(heat: np.ndarray, place: np.ndarray) -> bool:
    row, col = np.unravel_index(heat.argmax(), heat.shape)
    at = (np.array([row, col]) + 0.5) / len(heat)
    return bool(np.hypot(*(at - place)) <= RADIUS)
