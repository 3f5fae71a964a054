"""Which words break first under natural corruptions, and whether that is more than chance.

    python -m benchmarks.fragile_words RUN [--runs DIR]

Reads the record of `precompute attack RUN`. For each corruption: all words together; the words
whose loss over the five strengths is largest, with two-level bootstrap intervals. Controls: what
the first would lose if losses were exchanged within each sentence (mean and 95 % of draws), and the
loss of the rarest word. Whether the order is one of the words: the rank correlation of their losses
between two halves of the images, and between two halves of the classes, which share no image of a
class; the mean over halvings, and the same of exchanged losses.
"""

import argparse
import platform
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from fieldmarks.core.corruptions.record import CORRUPTIONS, UNCHANGED, read_record
from fieldmarks.core.corruptions.words import is_lost, sentences_of, words_lost
from fieldmarks.core.run.reading import open_run

N_FIRST = 5
N_DRAWS = 1000
N_HALVINGS = 100
N_AGAIN = 20


def mean_loss(loss: np.ndarray, words: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Return the mean loss of each word, percent, NaN for none.

    Parameters
    ----------
    loss, words : ndarray of shape (n, 5)
        Loss of each word of each sentence in [0, 1], and the words.
    ts : ndarray of shape (k,)
    """
    n = np.array([(words == t).sum() for t in ts], float)
    total = np.array([loss[words == t].sum() for t in ts])
    return 100 * np.divide(total, n, out=np.full(len(ts), np.nan), where=n > 0)


def exchanged(loss: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the losses of each sentence given to its words in another order."""
    return rng.permuted(loss, axis=1)


def halves(
    loss: np.ndarray, words: np.ndarray, ts: np.ndarray, group: np.ndarray, seed: int = 0
) -> float:
    """Return the mean rank correlation of losses in two random halves of the groups of images."""
    rng, values, groups = np.random.default_rng(seed), [], np.unique(group)
    for _ in range(N_HALVINGS):
        first = np.isin(group, rng.permutation(groups)[: len(groups) // 2])
        parts = np.stack([mean_loss(loss[rows], words[rows], ts) for rows in (first, ~first)])
        known = np.isfinite(parts).all(axis=0)
        if known.sum() > 2 and (np.ptp(parts[:, known], axis=1) > 0).all():
            values.append(spearmanr(*parts[:, known]).statistic)
    return float(np.mean(values)) if values else np.nan


def main() -> None:
    """Print one CSV row a figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    record = read_record(run)
    if record is None:
        parser.error(f"run {args.run!r} has no record: fieldmarks attack {args.run}")
    c = record.table["predicted_c"].to_numpy()
    said = sentences_of(run, record.pooled, c, record.moments)
    before, phrases = said[record.rows(UNCHANGED)], run.attributes["phrase"].to_numpy()
    losses = words_lost(run, record)
    print("corruption,figure,word,sentences,value,low,high,images,machine")

    def row(kind: str, name: str, word: str, n, values) -> None:
        shown = ",".join(f"{value:.2f}" for value in values)
        print(f"{kind},{name},{word},{n},{shown},{len(before)},{platform.machine()}")

    for kind in (k for k in CORRUPTIONS if k in record.kinds):
        of_kind = [loss for loss in losses if loss.kind == kind]
        total, *words = of_kind
        row(kind, "all words", "", total.n, _bounds(total.mean))
        for loss in words[:N_FIRST]:
            row(kind, "lost", phrases[loss.t], loss.n, _bounds(loss.mean))
            row(kind, "less all words", phrases[loss.t], loss.n, _bounds(loss.difference))
        ts = np.array([loss.t for loss in words])
        if len(ts) < 3:
            continue
        levels = [record.rows(kind, level) for level in record.levels(kind)]
        loss = np.mean([is_lost(before, said[rows]) for rows in levels], axis=0)
        rng = np.random.default_rng(0)
        drawn = [mean_loss(exchanged(loss, rng), before, ts).max() for _ in range(N_DRAWS)]
        first = float(words[0].mean.value)
        row(
            kind, "first of exchanged", "", "", (np.mean(drawn), *np.percentile(drawn, [2.5, 97.5]))
        )
        row(
            kind,
            "p of the first",
            "",
            "",
            ((np.sum(np.array(drawn) >= first) + 1) / (N_DRAWS + 1),) * 3,
        )
        rare = ts[np.argmin([(before == t).sum() for t in ts])]
        row(
            kind,
            "rarest word",
            phrases[rare],
            (before == rare).sum(),
            mean_loss(loss, before, [rare]).repeat(3),
        )
        groups = {
            "images": np.arange(len(before)),
            "classes": run.images["true_c"].to_numpy()[record.xs],
        }
        for name, group in groups.items():
            value = halves(loss, before, ts, group)
            row(kind, f"halves of {name}, rank correlation", "", len(ts), (value,) * 3)
            drawn = [halves(exchanged(loss, rng), before, ts, group, k) for k in range(N_AGAIN)]
            bounds = np.nanmean(drawn), *np.nanpercentile(drawn, [2.5, 97.5])
            row(kind, f"halves of {name}, permuted", "", len(ts), bounds)


def _bounds(score) -> tuple[float, float, float]:
    return score.value, score.low, score.high


if __name__ == "__main__":
    main()
