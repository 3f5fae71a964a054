"""Localisation test of filter names: whether the named attribute lies at the filter's peaks.

The peaks of a filter are the maxima of its activation maps in its top-activating test images. The
ground truth is the location of every attribute (synthetic data) or of every part (keypoints); it
depends on no caption and no estimate. The score of a name is the share of peaks at which the named
attribute (of keypoints: the part of its noun) lies. The control permutes names between filters, the
upper bound is the best name by the same ground truth, and the normalised score is the share of the
distance from control to upper bound.

The *verdict* says which filters have a name at all. A filter could be named if some attribute lies
at more than half of its peaks; its name is right if that one does.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fieldmarks.core.bootstrap import Resamples, Score, interval, ratio
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.painted_truth import VISIBLE
from fieldmarks.core.scores.result import Measure, Row

#: Row of the names of all filters.
ALL_NAMES = "all names"
#: Number of top-activating test images per filter.
N_TOP = 20
#: Maximum distance from the peak, in units of the crop's side.
RADIUS = 0.15
#: A possible or correct name lies at more than this share of the peaks.
HALF = 0.5
#: Resamples: each is a sum over the peaks of every filter and attribute.
N_RESAMPLES = 200


@dataclass(frozen=True)
class AtPeak:
    """What lies at the peaks of each filter.

    Parameters
    ----------
    xs : ndarray of shape (F, n), int
        The strongest test images of each filter.
    scored : ndarray of shape (F, n), bool
        Whether anything is known of what lies where in the image.
    hits : ndarray of shape (F, n, G), bool
        Whether each thing lies at the peak: an attribute, or a part.
    thing : ndarray of shape (T,), int
        The thing that each attribute is, -1 for an attribute without a place.
    things : list of G str
    """

    xs: np.ndarray
    scored: np.ndarray
    hits: np.ndarray
    thing: np.ndarray
    things: list[str]

    def share(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the share of its peaks at which each thing lies, shape (F, G); NaN for no image.

        Parameters
        ----------
        weights : ndarray of shape (X,), optional
            How often each image counts.
        """
        count = self.scored.astype(np.float32)
        if weights is not None:
            count *= weights[self.xs]
        total = np.einsum("fn,fng->fg", count, self.hits, optimize=True)
        n_images = count.sum(axis=1, keepdims=True)
        return np.divide(total, n_images, out=np.full_like(total, np.nan), where=n_images > 0)


def at_peak(run: Run, xs: np.ndarray, places: pd.DataFrame | None = None) -> AtPeak | None:
    """Return what lies at the peaks of each filter of a run, None where nothing can be known.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images.
    places : DataFrame, optional
        Where attributes lie, as in the run's table ``attribute_places``; the keypoints of parts
        are taken otherwise.
    """
    xs = xs[run.array("map_row")[xs] >= 0]
    if not len(xs) or (places is None and not run.manifest["part_names"]):
        return None
    order = np.argsort(-run.array("pooled")[xs].T, axis=1, kind="stable")
    top = xs[order[:, :N_TOP]]
    peaks = _peaks(run, top)
    return _parts_at(run, top, peaks) if places is None else _attributes_at(run, top, peaks, places)


def _peaks(run: Run, top: np.ndarray) -> np.ndarray:
    """Return where each filter is highest in its images, shape (F, n, 2): centres of cells."""
    maps, row = run.array("maps"), run.array("map_row")
    centres = run.array("cell_centres").reshape(-1, 2)
    points = np.empty((*top.shape, 2), np.float32)
    for f, xs in enumerate(top):
        cells = np.stack([maps[r, f] for r in row[xs]]).reshape(len(xs), -1)
        points[f] = centres[cells.argmax(axis=1)]
    return points


def _attributes_at(run: Run, top: np.ndarray, peaks: np.ndarray, places: pd.DataFrame) -> AtPeak:
    T, known = run.sizes["T"], places[places["visible"] > VISIBLE]
    by_image = dict(list(known.groupby("x")[["t", "row", "col"]]))
    hits = np.zeros((*top.shape, T), bool)
    for f, i in np.ndindex(*top.shape):
        rows = by_image.get(top[f, i])
        if rows is not None:
            far = np.hypot(*(rows[["row", "col"]].to_numpy() - peaks[f, i]).T)
            hits[f, i, rows["t"].to_numpy()[far <= RADIUS]] = True
    phrases = run.attributes["phrase"].tolist()
    return AtPeak(top, np.ones(top.shape, bool), hits, np.arange(T), phrases)


def _parts_at(run: Run, top: np.ndarray, peaks: np.ndarray) -> AtPeak:
    """Take the part whose keypoint is nearest to the peak, if it is near."""
    names, keypoints = list(run.manifest["part_names"]), run.part_keypoints
    parts = list(keypoints)
    of_part = np.array([[name in keypoints[part] for part in parts] for name in names])
    far = np.linalg.norm(run.array("parts")[top] - peaks[:, :, None], axis=-1)
    far = np.where(np.isfinite(far) & of_part.any(axis=1), far, np.inf)
    hits = of_part[far.argmin(axis=2)] & (far.min(axis=2) <= RADIUS)[..., None]
    thing = [parts.index(part) if part in parts else -1 for part in run.attributes["part"]]
    scored = np.asarray(np.isfinite(far).any(axis=2))
    return AtPeak(top, scored, hits, np.array(thing, int), parts)


def score_names(run: Run, xs: np.ndarray, seed: int = 0) -> tuple[Measure, Measure] | None:
    """Return how true names of filters are, and verdicts on them; None where nothing is known.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images.
    seed : int
        Of the resamples.

    Returns
    -------
    names : Measure
        For all names of the run, by verdict, and for the most probable attribute by each estimator,
        see `score_place`; its ``truth`` is "attributes" or "parts".
    verdict : Measure
        See `score_verdict`.
    """
    has_places = "attribute_places" in run.table_names
    peaks = at_peak(run, xs, run.table("attribute_places") if has_places else None)
    if peaks is None:
        return None
    verdict, names = run.filters["verdict"].to_numpy(), run.filters["name_t"].to_numpy()
    called = {ALL_NAMES: names}
    called |= {
        f"verdict '{kind}'": np.where(verdict == kind, names, -1)
        for kind in (NameStatus.NAMED, NameStatus.SEVERAL)
    }
    for estimator in run.estimators:
        top = np.asarray(run.array("p_t_given_f", estimator)).argmax(axis=1)
        called[f"most probable, {estimator}"] = top
    drawn = Resamples(len(xs), N_RESAMPLES, seed, run.images["true_c"].to_numpy()[xs])
    weights = np.zeros((N_RESAMPLES, run.sizes["X"]), np.float32)
    weights[:, xs] = np.stack(list(drawn))
    again = np.stack([peaks.share(each) for each in weights])
    rows = {name: score_place(peaks, ts, again) for name, ts in called.items()}
    of_part = by_part(peaks, names, run.attributes["part"].to_numpy(), again)
    return (
        Measure.of(
            rows,
            truth="attributes" if has_places else "parts",
            by_part={p: [Row(ALL_NAMES, scores)] for p, scores in of_part.items()},
        ),
        Measure.of(score_verdict(peaks, names, verdict, seed)),
    )


def score_place(peaks: AtPeak, names: np.ndarray, again: np.ndarray) -> dict[str, Score]:
    """Return how often the named thing lies at the peak, in percent, with control and upper bound.

    The upper bound names every filter by what lies at most of its peaks: an oracle.

    Parameters
    ----------
    peaks : AtPeak
    names : ndarray of shape (F,)
        Attribute that each filter is called, -1 for none.
    again : ndarray of shape (n_resamples, F, G)
        `AtPeak.share` in each resample.
    """
    thing = np.where(names >= 0, peaks.thing[names], -1)
    fs = np.flatnonzero(thing >= 0)
    share = np.nan_to_num(peaks.share())
    best = share.argmax(axis=1)
    values = [_place(each, fs, thing[fs], best) for each in (share, *again)]
    columns = {
        name: interval(values[0][name], np.array([v[name] for v in values[1:]]), len(fs))
        for name in values[0]
    }
    right = int((share[fs, thing[fs]] > HALF).sum())
    could = int((share.max(axis=1) > HALF).sum())
    counts = {"true of most peaks": right, "could be": could}
    return columns | {name: interval(n, np.empty(0), len(fs)) for name, n in counts.items()}


def _place(share: np.ndarray, fs: np.ndarray, things: np.ndarray, best: np.ndarray) -> dict:
    if not len(fs):
        return dict.fromkeys(
            ("at the peak", "permuted names", "upper bound", "share of the possible gain"), np.nan
        )
    named, exchanged = _mean(share[fs, things]), _mean_of_others(share[fs], things)
    ceiling = _mean(share[np.arange(len(best)), best])
    return {
        "at the peak": 100 * named,
        "permuted names": 100 * exchanged,
        "upper bound": 100 * ceiling,
        "share of the possible gain": (named - exchanged) / max(ceiling - exchanged, 1e-9),
    }


def score_verdict(
    peaks: AtPeak, names: np.ndarray, verdict: np.ndarray, seed: int = 0
) -> dict[str, dict[str, Score]]:
    """Return precision and recall in percent of the verdict "named", and of having any name.

    A filter is named rightly if its name lies at most of its peaks; it could be named if anything
    does. A name without a place counts as wrong in a painted world, which knows all places, and
    does not count where only parts are known. Resampled over filters.

    Parameters
    ----------
    peaks : AtPeak
    names : ndarray of shape (F,)
    verdict : ndarray of shape (F,)
    seed : int
    """
    share = np.nan_to_num(peaks.share())
    thing = np.where(names >= 0, peaks.thing[names], -1)
    right = (thing >= 0) & (share[np.arange(len(thing)), thing] > HALF)
    could = share.max(axis=1) > HALF
    drawn, rows = Resamples(len(names), seed=seed), {}
    chosen = {
        "verdict 'named'": (verdict == NameStatus.NAMED) & (thing >= 0),
        "any name": thing >= 0,
    }
    for name, said in chosen.items():
        of_others = (share[:, thing[said]] > HALF).mean(axis=1) if said.any() else right * 0
        for row, is_right in ((name, right), (f"{name}, permuted", of_others)):
            rows[row] = {
                "precision": ratio(said * is_right, said.astype(float), drawn, unit=100),
                "recall": ratio(said * is_right * could, could.astype(float), drawn, unit=100),
            }
    return rows


def by_part(
    peaks: AtPeak, names: np.ndarray, part: np.ndarray, again: np.ndarray
) -> dict[str, dict[str, Score]]:
    """Return the share at the peak, in percent, for the names of each part, and the mean of parts.

    The control is how often the same things lie at the peaks of all named filters.

    Parameters
    ----------
    peaks : AtPeak
    names : ndarray of shape (F,)
    part : ndarray of shape (T,)
        The part that each attribute's noun names, empty for none.
    again : ndarray of shape (n_resamples, F, G)
    """
    thing = np.where(names >= 0, peaks.thing[names], -1)
    named = np.flatnonzero(thing >= 0)
    part_of = np.where(names >= 0, part[names], "")
    columns = {"at the peak": {}, "permuted names": {}}
    for p in np.unique(part_of[named]):
        fs = named[part_of[named] == p]
        values = [
            [100 * _mean(s[fs, thing[fs]]), 100 * _mean(s[named][:, thing[fs]])]
            for s in (peaks.share(), *again)
        ]
        for column, (value, *each) in zip(columns, np.transpose(values), strict=True):
            columns[column][p or "no part"] = value, np.array(each), len(fs)
    for cells in columns.values():
        if cells:
            value, each = (
                _mean(np.array([cell[i] for cell in cells.values()]), axis=0) for i in (0, 1)
            )
            cells["mean over parts"] = value, each, len(named)
    return {
        p: {column: interval(*cells[p]) for column, cells in columns.items()}
        for p in columns["at the peak"]
    }


def _mean_of_others(share: np.ndarray, things: np.ndarray) -> float:
    """Return the mean of ``share[:, things]``, n rows and G columns, where rows are NaN or not."""
    known, times = share[np.isfinite(share[:, 0])], np.bincount(things, minlength=share.shape[1])
    return float(known.mean(axis=0, dtype=float) @ times / len(things)) if len(known) else np.nan


def _mean(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Return the mean of what is finite, NaN of nothing."""
    known = np.isfinite(values)
    total, n = np.where(known, values, 0).sum(axis=axis), known.sum(axis=axis)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
