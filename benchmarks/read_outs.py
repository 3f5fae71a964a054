"""What was tried to read words off a network, and how far anybody could get: one CSV row each.

    python -m benchmarks.read_outs RUN [--runs DIR] [--classes ID ...]

Every row is a way to rank attributes for a test image, scored as on the score board. Rows of one
kind differ in one setting, so that they are a curve: the tilt trades recall for variety. Ceilings
show what limits all of them: sentences of five attributes where captions name more, and people,
who do not agree. There "half of the captions" is the truth, the even ones of an image, and the odd
ones, written by others, rank the attributes. ``--classes`` scores test images of these classes
only; what is estimated is always estimated on all training images.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import numpy as np

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.mixture import TILT, most_likely, tilted
from fieldmarks.core.explanations.attribute_ranking import by_lift, top_attributes
from fieldmarks.core.probability import p_t_given_xc, sigma
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import bleu, retrieval
from fieldmarks.precompute.attributes.extraction import extract

TILTS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0)
#: An attribute that n captions of an image name counts as n to this power mentions.
POWERS = (0.0, 0.25, 0.5, 1.0)
#: Penalty of a ridge that lies closer to the mean than the estimator's.
FIRM = 10.0
RETRIEVAL = ("recall", "true negative rate", "precision", "mAP", "mAP within classes")

#: From the class that each image is taken for, shape (n,), to a score of each t, shape (n, T).
ReadOut = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Board:
    """Test images that have captions, and what is needed to score a read-out of them."""

    run: Run
    xs: np.ndarray

    @property
    def predicted_c(self) -> np.ndarray:
        """The class that the network gives each image."""
        return self.run.images["predicted_c"].to_numpy()[self.xs]

    @property
    def true_c(self) -> np.ndarray:
        """The class of each image."""
        return self.run.images["true_c"].to_numpy()[self.xs]

    def words(self, p_t_given_f: np.ndarray) -> ReadOut:
        """Return p(t given x, c) by these p.d.f.s."""
        pooled, weights = self.run.array("pooled")[self.xs], self.run.weights(None)
        return lambda c: p_t_given_xc(pooled, weights[c], p_t_given_f)

    def score(self, read_out: ReadOut, truth: np.ndarray, c: np.ndarray) -> dict[str, object]:
        """Return the scores of a read-out.

        Parameters
        ----------
        read_out : callable
        truth : ndarray of shape (n, T), bool
        c : ndarray of shape (n,)
            The class that images are explained as.
        """
        run, p = self.run, read_out(c)
        ts = retrieval.searched_attributes(run)
        top = top_attributes(p, run.attributes, N_EXPLAIN)
        held = retrieval.retrieved(top, ts)
        scores = retrieval.score_retrieval(p[:, ts], held, truth[:, ts], self.true_c)
        usual = np.maximum(p.mean(axis=0), np.finfo(np.float32).eps)
        top = by_lift(top, p, usual)
        text = bleu.explanation_texts(run, self.xs, top)["shown"]
        said = zip(self.xs, text, strict=True)
        four = np.array([bleu.sentence_bleu(run.captions(x), [each])[0, 0] for x, each in said])
        is_right = self.true_c == self.predicted_c
        difference = bleu.score_bleu(four, is_right)["correct minus wrong"]
        return {
            **{name: scores[name] for name in RETRIEVAL},
            "most probable": len(np.unique(p.argmax(axis=1))),
            "said first": len(np.unique(top[:, 0])),
            "in sentences": len(np.unique(top[top >= 0])),
            "BLEU-4 correct minus wrong": difference,
            "contrast": self.contrast(read_out),
        }

    def contrast(self, read_out: ReadOut) -> float:
        """Return how far explanations as the two likeliest classes lie apart, in [0, 1]."""
        second = np.argsort(self.run.array("logits")[self.xs], axis=1)[:, -2]
        first, other = (sigma(read_out(c)) for c in (self.predicted_c, second))
        return float(np.abs(first - other).sum(axis=1).mean() / 2)


def read_outs(board: Board) -> Iterator[tuple[str, ReadOut]]:
    """Yield what was tried, by name."""
    run, xs = board.run, board.xs
    inputs = inputs_of(run)
    plain, share = most_likely(inputs)
    pooled, likely = run.array("pooled")[xs], board.words(plain)
    yield "class frequency", lambda c: retrieval.class_caption_frequency(run)[c]
    for name in ("literal", "ridge"):
        yield name, board.words(run.array("p_t_given_f", name))
    for power in POWERS:
        # most_likely takes the root
        counts = inputs.counts.astype(np.float32)
        counts.data **= 2 * power
        yield (
            f"mixture, n to the power {power:g}",
            board.words(most_likely(replace(inputs, counts=counts))[0]),
        )
    for tilt in TILTS:
        name = f"mixture, tilt {tilt:g}" + (" (the default)" if tilt == TILT else "")
        yield name, board.words(tilted(plain, share, tilt))
    for weight in (0.25, 0.5):
        free = sigma(pooled) @ plain
        yield (
            f"mixture, {weight:g} of it without the class",
            lambda c, w=weight, free=free: (1 - w) * likely(c) + w * free,
        )
    linear = {
        f"{name}, its evidence (signed)": pooled @ run.array("evidence", name)
        + run.array("evidence_bias", name)
        for name in ("ridge", "places")
    }
    with patch.object(import_module("fieldmarks.core.estimators.ridge"), "PENALTY", FIRM):
        named = replace(
            inputs, counts=inputs.counts.astype(bool), n_captions=np.ones_like(inputs.n_captions)
        )
        firm = estimate("ridge", named)
    linear["firm ridge, named or not"] = pooled @ firm.evidence + firm.evidence_bias
    for name, score in linear.items():
        yield name, lambda _, score=score: score
        scaled = score / score.sum(axis=1).mean()
        if "ridge" in name:
            yield f"{name}, and mixture, half each", lambda c, s=scaled: (likely(c) + s) / 2


def half_counts(run: Run, xs: np.ndarray, start: int) -> np.ndarray:
    """Return how many of every second caption of each image name t, shape (len(xs), T)."""
    lines = [run.captions(x)[start::2] for x in xs]
    extracted = extract(lines, merge=run.manifest["settings"]["merge"], min_images=1)
    columns = run.attributes["phrase"].map(
        dict(zip(extracted.table["phrase"], range(len(extracted.table)), strict=True))
    )
    counts = np.zeros((len(xs), run.sizes["T"]), np.float32)
    known = columns.notna().to_numpy()
    counts[:, known] = extracted.counts[:, columns[known].astype(int)].toarray()
    return counts


def rows(board: Board) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield name, truth and scores of everything."""
    run, xs, predicted_c, true_c = board.run, board.xs, board.predicted_c, board.true_c
    truth = run.counts[xs].toarray() > 0
    for name, read_out in read_outs(board):
        yield name, "captions", board.score(read_out, truth, predicted_c)
    default = board.words(tilted(*most_likely(inputs_of(run)), TILT))
    frequency = lambda c: retrieval.class_caption_frequency(run)[c]  # noqa: E731
    known = {"class frequency": frequency, "the default": default}
    for name, read_out in known.items():
        yield f"{name}, true class", "captions", board.score(read_out, truth, true_c)
    searched = np.isin(np.arange(run.sizes["T"]), retrieval.searched_attributes(run))
    best = (truth & searched) + frequency(true_c) / 100
    yield "any five of what they name", "captions", board.score(lambda _: best, truth, true_c)
    others, usual = half_counts(run, xs, 0), frequency(true_c)
    halves = {
        **known,
        "the other half": lambda _: others + usual / 100,
        "the other half and class frequency of the true class": lambda _: others + 20 * usual,
    }
    truth = half_counts(run, xs, 1) > 0
    for name, read_out in halves.items():
        yield name, "half of the captions", board.score(read_out, truth, predicted_c)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--classes", type=int, nargs="+", metavar="ID")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    images, class_id = run.images, run.classes["class_id"].to_numpy()
    use = ~images["is_train"].to_numpy() & (images["n_captions"] > 0).to_numpy()
    if args.classes is not None:
        use &= np.isin(class_id[images["true_c"]], args.classes)
    board = Board(run, np.flatnonzero(use))
    writer = csv.writer(sys.stdout)
    for i, (name, truth, scores) in enumerate(rows(board)):
        if i == 0:
            writer.writerow(["read-out", "truth", "images", *header(scores)])
        writer.writerow([name, truth, len(board.xs), *cells(scores)])
        sys.stdout.flush()


def header(scores: dict[str, object]) -> Iterator[str]:
    """Yield the columns: three for a score with its interval, one for a number."""
    for name, value in scores.items():
        yield name
        if isinstance(value, Score):
            yield from (f"{name}, low", f"{name}, high")


def cells(scores: dict[str, object]) -> Iterator[str]:
    """Yield the figures of one row."""
    for value in scores.values():
        numbers = (value.value, value.low, value.high) if isinstance(value, Score) else (value,)
        yield from (f"{number:.4g}" for number in numbers)


if __name__ == "__main__":
    main()
