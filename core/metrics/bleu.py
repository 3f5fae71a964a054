"""Sentence BLEU (paper, Table 3) of explanations against the captions of their image.

The paper does not specify its BLEU variant. We report BLEU-4 and BLEU-1 by sacrebleu (exponential
smoothing, effective order, lower case), of the sentence as shown and with "this bird" in place of
the class clause, which captions cannot contain.
"""

import numpy as np
from sacrebleu.metrics.bleu import BLEU

from core.explanations.explanation import predicate
from core.language import english
from core.metrics.bootstrap import Resamples, Score, ratios
from core.runs.run import Run

VARIANTS = {
    "BLEU-4": ("shown", 4),
    "BLEU-1": ("shown", 1),
    "BLEU-4, this bird": ("bird", 4),
    "BLEU-1, this bird": ("bird", 1),
}
PAPER = {"correct": 0.415, "wrong": 0.381, "all": 0.409}


def explanation_texts(run: Run, xs: np.ndarray, top: np.ndarray) -> dict[str, list[str]]:
    """Return the explanation of each image as its predicted class, in both wordings.

    Parameters
    ----------
    xs : ndarray of shape (n,)
    top : ndarray of shape (n, 5)
        Attributes of each explanation, -1 for none.
    """
    names, predicted_c = run.classes["name"], run.images["predicted_c"].to_numpy()[xs]
    shown, bird = [], []
    for c, ts in zip(predicted_c, top, strict=True):
        spans = predicate([int(t) for t in ts if t >= 0], run.attributes)
        said = "".join(span.text for span in spans)
        shown.append(f"This is {english.member(names.iloc[c])} because it {said}.")
        bird.append(f"This bird {said}.")
    return {"shown": shown, "bird": bird}


def sentence_bleu(texts: list[str], captions: list[list[str]], order: int) -> np.ndarray:
    """Return the BLEU of each text against the captions of its image, in [0, 1]."""
    metric = BLEU(max_ngram_order=order, lowercase=True, effective_order=True)
    return np.array(
        [
            metric.sentence_score(text, references).score / 100
            for text, references in zip(texts, captions, strict=True)
        ]
    )


def score_bleu(
    values: np.ndarray, is_right: np.ndarray, group: np.ndarray | None = None, seed: int = 0
) -> dict[str, Score]:
    """Return mean BLEU of correct, wrong and all predictions, and correct minus wrong.

    Parameters
    ----------
    values : ndarray of shape (n,)
        BLEU of each image's explanation.
    is_right : ndarray of shape (n,), bool
        Whether the image was classified correctly.
    group : ndarray of shape (n,), optional
        Class of each image, see `Resamples`.
    seed : int
    """
    drawn = Resamples(len(values), seed=seed, group=group)
    groups = {"correct": is_right, "wrong": ~is_right, "all": np.ones(len(values), bool)}
    member = np.stack(list(groups.values()), axis=1).astype(float)
    scores = dict(zip(groups, ratios(values[:, None] * member, member, drawn), strict=True))
    return {**scores, "correct minus wrong": scores["correct"].minus(scores["wrong"])}
