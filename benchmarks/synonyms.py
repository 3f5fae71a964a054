"""Do suggested synonyms come before antonyms and other pairs? Against a table made by hand.

    python -m benchmarks.synonyms RUN [--runs DIR]

Captions of the training images are read with all words kept apart. ``tests/synonym_pairs.csv`` was
written before any score was seen. Area under the ROC curve of synonyms against antonyms of one
noun, and against all other candidate pairs, with a bootstrap 95 % interval over pairs (both sides).
Controls: meeting in one image at all (pointwise mutual information), how rarely the words meet in
one caption, and likeness of spelling. One CSV row each.
"""

import argparse
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from fieldmarks.core.attributes.synonym_candidates import PSEUDO_COUNT, synonym_candidates
from fieldmarks.core.run.reading import open_run
from fieldmarks.precompute.attributes.caption_attributes import caption_attributes
from fieldmarks.precompute.data.language import BIRDS

PAIRS = Path(__file__).resolve().parents[1] / "synonym_pairs.csv"
N_RESAMPLES = 1000


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Return the candidates with their relation: synonym, antonym or other."""
    known = pd.read_csv(PAIRS)
    relation = {
        (kind, *sorted((word, other))): relation
        for kind, word, other, relation in known.itertuples(index=False)
    }
    keys = zip(table["kind"], table["word"], table["other"], strict=True)
    return table.assign(relation=[relation.get(key, "other") for key in keys])


def rankings(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the score of each candidate and of the controls."""
    apart, together = (
        np.log((table[f"n_{kind}"] + PSEUDO_COUNT) / (table[f"expected_{kind}"] + PSEUDO_COUNT))
        for kind in ("apart", "together")
    )
    spelling = [
        SequenceMatcher(None, a, b).ratio()
        for a, b in zip(table["word"], table["other"], strict=True)
    ]
    return {
        "apart and not together": table["score"].to_numpy(),
        "apart": apart.to_numpy(),
        "not together": -together.to_numpy(),
        "spelling": np.array(spelling),
    }


def auc(score: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> tuple[float, ...]:
    """Return the area under the curve and its interval; positions into score."""
    rng = np.random.default_rng(0)

    def area(p: np.ndarray, n: np.ndarray) -> float:
        truth = np.repeat([1, 0], [len(p), len(n)])
        return float(roc_auc_score(truth, np.concatenate([score[p], score[n]])))

    again = [
        area(rng.choice(positive, len(positive)), rng.choice(negative, len(negative)))
        for _ in range(N_RESAMPLES)
    ]
    return (area(positive, negative), *np.percentile(again, (2.5, 97.5)))


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description="Suggested synonyms against a table by hand.")
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    named, image, attributes = caption_attributes(open_run(args.run, args.runs), BIRDS, None)
    words = (attributes[column].to_numpy() for column in ("adjective", "noun"))
    table = judged(synonym_candidates(named, image, *words))
    groups = {
        name: np.flatnonzero(table["relation"] == name) for name in table["relation"].unique()
    }
    print("# " + ", ".join(f"{name}: {len(each)}" for name, each in groups.items()))
    print("ranking,against,AUC,low,high,synonyms,pairs")
    for name, score in rankings(table).items():
        for against in ("antonym", "other"):
            if "synonym" in groups and against in groups:
                value, low, high = auc(score, groups["synonym"], groups[against])
                n = len(groups["synonym"]), len(groups[against])
                print(f"{name},{against},{value:.3f},{low:.3f},{high:.3f},{n[0]},{n[1]}")
    for n in (10, 20, 40):
        share = (table["relation"][:n] == "synonym").mean()
        print(f"# synonyms among the first {n}: {share:.0%}")
    print(table[["kind", "word", "other", "score", "n_images", "relation"]].head(40).to_string())


if __name__ == "__main__":
    main()
