"""Whether a run over a table says what a picture shows: columns in sentences, classes and filters.

    python -m benchmarks.visible_columns RUN [--runs DIR] [--unseen season usage]

``--unseen`` names the columns that a person who looks at the pictures does not see. Counted are the
words of test images' sentences and contrasts, of the classes' descriptions and of named filters.
"""

import argparse
from pathlib import Path

import numpy as np

from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import describe, explain
from fieldmarks.core.presence.columns import column_words
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.search.image_selection import sentence_words
from fieldmarks.dashboard import labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--unseen", nargs="+", default=["season", "usage"], metavar="COLUMN")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    for each in run.manifest["stages"]["presence"]["measured"].get("columns", []):
        print(f"{each['column']}: area {each['area']:.3f}, permuted words {each['chance']:.3f}")
    columns = column_words(run)
    is_unseen = np.zeros(run.sizes["T"], bool)
    is_unseen[np.concatenate([columns[name] for name in args.unseen])] = True
    xs = np.flatnonzero(run.is_test)
    said, has = sentence_words(run, "predicted")[xs], run.counts[xs].toarray() > 0
    is_word, ts = said >= 0, np.maximum(said, 0)
    is_true, any_word = np.take_along_axis(has, ts, axis=1), is_word.any(axis=1)
    seen = ~is_unseen[ts] | ~is_word
    print(f"words a sentence {is_word.sum(axis=1).mean():.2f}, none in {(~any_word).mean():.1%}")
    print(f"sentences of seen words alone {seen.all(axis=1)[any_word].mean():.1%}")
    print(f"words of unseen columns {is_unseen[said[is_word]].mean():.1%}")
    print(f"words true {is_true[is_word].mean():.1%}")
    print(f"sentences wholly true {(is_true | ~is_word).all(axis=1)[any_word].mean():.1%}")
    words = []
    for x in map(int, run.failures):
        sides = (int(run.images[f"{side}_c"].iloc[x]) for side in ("predicted", "true"))
        both = contrast(run, *(explain(run, x, c) for c in sides))
        words += [*both.for_first, *both.for_second, *both.not_seen]
    print(f"words of contrasts {len(words)}, of unseen columns {int(is_unseen[words].sum())}")
    classes = [is_unseen[describe(run, c).attributes].any() for c in range(run.sizes["C"])]
    print(f"classes {len(classes)}, described by unseen columns {sum(classes)}")
    unseen = {labels.phrase(run, int(t)) for t in np.flatnonzero(is_unseen)}
    named = np.flatnonzero(labels.namings(run) != labels.Naming.NONE).tolist()
    names = [labels.filter_name(run, f).removesuffix(labels.ANYWHERE) for f in named]
    print(f"named filters {len(names)}, by unseen columns {sum(n in unseen for n in names)}")


if __name__ == "__main__":
    main()
