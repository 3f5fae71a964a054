"""Do the words of a lesson separate unseen images? A reader who sees nothing but captions.

    python -m benchmarks.experimental.lesson RUN [--runs DIR] [--classes ID ...]

For every pair of captioned classes that the network confuses at least once, lessons are made on
training images. The reader is given the captions of test images of the pair and counts in how many
of them the words of either class occur; a picture without any is a coin. One CSV row per way to
choose words: the share of right answers in percent, the mean over pairs, with a bootstrap 95 %
interval over pairs and, within pairs, images. Controls choose among the same words that captions
agree on: by p(t given f) exchanged between filters, by the captions alone (the largest difference),
and at random. "descriptions" are the words of the largest difference of p(t given c), unchecked.
``--classes`` keeps pairs of which a class is one of these.
"""

import argparse
from pathlib import Path

import numpy as np

from fieldmarks.core.bootstrap import Resamples, Score, interval
from fieldmarks.core.experimental.lesson.separating_words import (
    N_WORDS,
    caption_shares,
    images_with_words,
    separating_words,
)
from fieldmarks.core.explanations.explanation import describe
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_matrix


def confused_pairs(run: Run, class_ids: list[int] | None) -> list[tuple[int, int]]:
    """Return the pairs of captioned classes that are confused at least once."""
    counts = confusion_matrix(run)
    ids = run.classes["class_id"].to_numpy()
    captioned = np.unique(run.images["true_c"][(run.images["n_captions"] > 0)])
    return [
        (int(a), int(b))
        for a, b in zip(*np.nonzero(np.triu(counts + counts.T, 1)), strict=True)
        if a in captioned
        and b in captioned
        and (class_ids is None or {ids[a], ids[b]} & set(class_ids))
    ]


def chosen(run: Run, a: int, b: int, rng: np.random.Generator) -> dict[str, list[tuple[int, int]]]:
    """Return words and their classes by each way to choose them."""
    named, n_images = images_with_words(run, a, b)
    share = named / np.maximum(n_images, 1)[:, None]
    p, order = run.array("p_t_given_f"), rng.permutation(run.sizes["F"])
    difference = run.weights(None, a) - run.weights(None, b)
    sums = {
        "lesson": None,
        "captions alone": share[0] - share[1],
        "random of those that captions agree on": np.sign(share[0] - share[1])
        * rng.random(len(share[0])),
        "p(t given f) exchanged": _exchanged(run, a, b, p[order], difference),
    }
    result = {
        name: [(word.t, word.c) for word in separating_words(run, a, b, part=part)]
        for name, part in sums.items()
    }
    contrast = describe(run, a).p - describe(run, b).p
    result["descriptions"] = [
        (int(t), c)
        for c, sign in ((a, 1), (b, -1))
        for t in np.argsort(-sign * contrast, kind="stable")[:N_WORDS]
    ]
    return result


def _exchanged(run: Run, a: int, b: int, p: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """Return the parts of words where filters have each other's p.d.f.s."""
    true_c, pooled = run.images["true_c"].to_numpy(), run.array("pooled")
    mean = [np.mean(pooled[np.flatnonzero(~run.is_test & (true_c == c))], axis=0) for c in (a, b)]
    return ((mean[0] - mean[1]) * np.abs(difference)) @ p


def answers(run: Run, words: list[tuple[int, int]], a: int, xs: np.ndarray) -> np.ndarray:
    """Return how right the reader is on each image: 1, 0, or 0.5 for a coin."""
    lead = np.zeros(len(xs))
    for t, c in words:
        n = sum(1 for _, other in words if other == c)
        lead += (1 if c == a else -1) * caption_shares(run, xs, np.array([t]))[:, 0] / n
    is_first = run.images["true_c"].to_numpy()[xs] == a
    return np.where(lead == 0, 0.5, (lead > 0) == is_first)


def scores(run: Run, pairs: list[tuple[int, int]], seed: int = 0) -> dict[str, Score]:
    """Return the share of right answers in percent, the mean over pairs, by way of choosing."""
    rng = np.random.default_rng(seed)
    images = run.images
    usable = run.is_test & run.is_readable & (images["n_captions"] > 0).to_numpy()
    right: dict[str, list[np.ndarray]] = {}
    n_words: dict[str, list[int]] = {}
    for a, b in pairs:
        xs = np.flatnonzero(usable & images["true_c"].isin([a, b]).to_numpy())
        for name, words in chosen(run, a, b, rng).items():
            right.setdefault(name, []).append(answers(run, words, a, xs))
            n_words.setdefault(name, []).append(len(words))
    group = np.repeat(np.arange(len(pairs)), [len(each) for each in right["lesson"]])
    drawn = Resamples(len(group), seed=seed, group=group)
    one = np.ones((len(group), 1))
    weights = drawn @ one
    result = {}
    for name, each in right.items():
        values = np.concatenate(each)[:, None]
        again = (drawn @ values)[:, 0] / weights[:, 0]
        result[name] = interval(100 * values.mean(), 100 * again, len(pairs))
        covered = np.mean([n > 0 for n in n_words[name]])
        print(f"# {name}: {np.mean(n_words[name]):.1f} words per pair, {covered:.0%} of pairs")
    return result


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description="Do the words of a lesson separate unseen images?")
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--classes", type=int, nargs="+", metavar="ID")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    rows = scores(run, confused_pairs(run, args.classes))
    print("words,value,low,high,pairs")
    for name, score in rows.items():
        print(f"{name},{score.value:.1f},{score.low:.1f},{score.high:.1f},{score.n}")
        if name != "lesson":
            d = rows["lesson"].minus(score)
            print(f"lesson minus {name},{d.value:.1f},{d.low:.1f},{d.high:.1f},{d.n}")


if __name__ == "__main__":
    main()
