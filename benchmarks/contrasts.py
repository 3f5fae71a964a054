"""Whether "why A and not B" is true: words that separate the predicted from the true class.

    python -m benchmarks.contrasts RUN [--runs DIR] [--classes ID ...]

Of every failure between captioned classes: whether a difference is named, whether a word has the
sign against it (by construction none has), and the share of words that training captions say more
often of the class that they are evidence for than of the other; a word said of neither is wrong.
The control names words again from distributions permuted between filters. Brackets: bootstrap 95 %
over true classes and, within these, images.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.row import print_row
from fieldmarks.core.bootstrap import Resamples, ratio
from fieldmarks.core.explanations.contrast import Contrast, contrast
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run

#: How often p.d.f.s are exchanged.
N_EXCHANGES = 20


def caption_share(run: Run) -> np.ndarray:
    """Return the share of training captions of each class that name each attribute, (C, T)."""
    images = run.images
    xs = np.flatnonzero(images["is_train"] & (images["n_captions"] > 0))
    is_of = np.eye(run.sizes["C"])[:, images["true_c"].to_numpy()[xs]]
    n = is_of @ images["n_captions"].to_numpy()[xs]
    named = is_of @ run.counts[xs].toarray()
    return np.divide(named, n[:, None], out=np.full(named.shape, np.nan), where=n[:, None] > 0)


def failures(run: Run, class_ids: list[int] | None) -> np.ndarray:
    """Return the test images that are wrong, between captioned classes, of the wanted ones."""
    has_captions = np.isfinite(caption_share(run)[:, 0])
    wanted = np.isin(run.table("classes")["class_id"], class_ids) if class_ids else has_captions
    xs = np.asarray(run.failures)
    true_c, predicted_c = (
        run.images[f"{which}_c"].to_numpy()[xs] for which in ("true", "predicted")
    )
    return xs[has_captions[true_c] & has_captions[predicted_c] & wanted[true_c]]


def contrasts(run: Run, xs: np.ndarray) -> Iterator[tuple[Contrast, int, int]]:
    """Yield the contrast of each failure, its predicted and its true class."""
    for x in xs:
        predicted, true = int(run.images["predicted_c"][x]), int(run.images["true_c"][x])
        yield (
            contrast(run, explain(run, int(x), predicted), explain(run, int(x), true)),
            predicted,
            true,
        )


def right_words(run: Run, xs: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return how many words captions agree with, and how many there are, shape (n, 2)."""
    counts = np.zeros((len(xs), 2))
    for i, (result, predicted, true) in enumerate(contrasts(run, xs)):
        more = share[predicted] - share[true]
        agrees = [*(more[result.for_first] > 0), *(more[result.for_second] < 0)]
        counts[i] = sum(agrees), len(agrees)
    return counts


def main() -> None:
    """Print one row of CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path, default=runs_folder())
    parser.add_argument("--classes", type=int, nargs="+")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    xs, share = failures(run, args.classes), caption_share(run)
    results = [result for result, _, _ in contrasts(run, xs)]
    counts = right_words(run, xs, share)
    rng, p = np.random.default_rng(0), np.asarray(run.array("p_t_given_f"))
    name = f"p_t_given_f/{run.default_estimator}"
    exchanged = sum(
        right_words(run.changed({name: p[rng.permutation(len(p))]}), xs, share)
        for _ in range(N_EXCHANGES)
    )
    drawn = Resamples(len(xs), group=run.images["true_c"].to_numpy()[xs])
    scores = {
        "right": ratio(counts[:, 0], counts[:, 1], drawn),
        "right_exchanged": ratio(exchanged[:, 0], exchanged[:, 1], drawn),
    }
    print_row(
        "contrasts",
        run=run.name,
        failures=len(xs),
        without_a_difference=sum(not result.for_first for result in results),
        sign_against=sum(
            (result.logit_part[result.for_first] <= 0).sum()
            + (result.logit_part[result.for_second] >= 0).sum()
            for result in results
        ),
        **{key: f"{s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" for key, s in scores.items()},
    )


if __name__ == "__main__":
    main()
