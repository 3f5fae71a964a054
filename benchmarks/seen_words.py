"""Is what is said of test images true of them, on the part that settings were chosen on and aside.

    python -m benchmarks.seen_words RUN [RUN ...] [--read N]

Every fourth class is held aside, in a run of few classes every second image; settings of presence,
sentence and contrast were chosen on the others. ``--read`` prints so many failures to be read: what
is said, and in brackets what the captions do not name.
"""

import argparse
from collections import Counter

import numpy as np

from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import Span, explain
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.seen_words import score_seen_words
from fieldmarks.core.scores.text_tables import seen_tables

#: With fewer classes than this, images are held aside and not classes.
FEW_CLASSES = 8


def held_aside(run: Run) -> np.ndarray:
    """Return whether nothing was chosen on each image, shape (X,), bool."""
    if run.sizes["C"] < FEW_CLASSES:
        return np.arange(len(run.images)) % 2 == 1
    return run.images["true_c"].to_numpy() % 4 == 3


def read(run: Run, xs: np.ndarray) -> None:
    """Print what is said of failures, and how many contrasts the captions bear out."""
    tally: Counter[str] = Counter()
    for x in map(int, xs):
        a, b = (int(run.images[f"{side}_c"].iloc[x]) for side in ("predicted", "true"))
        first, second = explain(run, x, a), explain(run, x, b)
        said = contrast(run, first, second)
        named = run.counts[[x]].toarray()[0] > 0
        print(f"\n{x} {run.images['path'].iloc[x]}")
        for spans in (first.spans, said.spans):
            print("  " + "".join(_marked(span, named) for span in spans))
        for_a, for_b = named[said.for_first], named[said.for_second]
        tally["every word named"] += bool(len(for_a) + len(for_b)) and all((*for_a, *for_b))
        tally["a word for the predicted class not named"] += not for_a.all()
        tally["a word for the true class not named"] += not for_b.all()
        tally["no word for the predicted class"] += not len(for_a)
    print(f"\n{run.name}, {len(xs)} failures read: {dict(tally)}")


def _marked(span: Span, named: np.ndarray) -> str:
    is_said = span.t is None or named[span.t]
    return span.text if is_said else f"[{span.text}]"


def main() -> None:
    """Print the figures of each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--read", type=int, default=0, metavar="N")
    args = parser.parse_args()
    for name in args.runs:
        run = open_run(name)
        aside, n_captions = held_aside(run), run.images["n_captions"].to_numpy()
        tested = run.is_test & (n_captions > 0)
        for part, of in (("chosen on", ~aside), ("held aside", aside)):
            xs = np.flatnonzero(tested & of)
            print(f"{name}, {part}: {len(xs)} images, {(~run.is_right[xs]).sum()} failures")
            scores = score_seen_words(run, xs)
            if scores is not None:
                print("\n\n".join(seen_tables(scores)))
        if args.read:
            failures = np.flatnonzero(tested & ~run.is_right)
            read(run, np.random.default_rng(0).permutation(failures)[: args.read])


if __name__ == "__main__":
    main()
