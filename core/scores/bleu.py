"""Sentence BLEU (paper, Table 3) of explanations against the captions of their image.

The paper does not specify its BLEU variant. We report BLEU-4 and BLEU-1 by sacrebleu (exponential
smoothing, effective order, lower case), of the sentence as shown and with "this", and what the
images show, in place of the class clause, which captions cannot contain.
"""

import numpy as np
from sacrebleu.metrics.bleu import BLEU

from fieldmarks.core.bootstrap import Resamples, Score, ratios
from fieldmarks.core.explanations.explanation import predicates
from fieldmarks.core.run.run import Run

#: Longest n-grams; wordings of a sentence, see `explanation_texts`, and what each adds to the name.
ORDERS = (4, 1)
WORDINGS = {"shown": "", "unnamed": ", class not named"}
VARIANTS = [f"BLEU-{order}{said}" for said in WORDINGS.values() for order in ORDERS]
PAPER = {"BLEU": {"correct": 0.415, "wrong": 0.381, "all": 0.409}}


def explanation_texts(run: Run, xs: np.ndarray, top: np.ndarray) -> dict[str, list[str]]:
    """Return the explanation of each image as its predicted class, in both wordings.

    Parameters
    ----------
    xs : ndarray of shape (n,)
    top : ndarray of shape (n, 5)
        Attributes of each explanation, -1 for none.
    """
    members, predicted_c = run.classes["member"], run.images["predicted_c"].to_numpy()[xs]
    shown, unnamed = [], []
    thing = _object(run)
    named = ([int(t) for t in ts if t >= 0] for ts in top)
    for c, spans in zip(predicted_c, predicates(named, run.attributes), strict=True):
        said = "".join(span.text for span in spans)
        shown.append(f"This is {members.iloc[c]} because it {said}.")
        unnamed.append(f"This {thing} {said}.")
    return {"shown": shown, "unnamed": unnamed}


def _object(run: Run) -> str:
    """Return the noun that captions have for what images show, such as "bird"."""
    wholes = run.attributes[run.attributes["number"] == "whole"]
    n_images = wholes.groupby("noun")["n_images"].sum()
    return str(n_images.idxmax()) if len(n_images) else "image"


def sentence_bleu(captions: list[str], texts: list[str]) -> np.ndarray:
    """Return BLEU-4 and BLEU-1 of each text, shape (len(texts), 2), in [0, 1].

    Parameters
    ----------
    captions : list of str
        Of one image; their n-grams are counted once, which is most of the work.
    texts : list of str
    """
    references = [[caption] for caption in captions]
    metric = BLEU(lowercase=True, effective_order=True, references=references)
    values = np.empty((len(texts), len(ORDERS)))
    for row, text in zip(values, texts, strict=True):
        four = metric.corpus_score([text], None)
        one = BLEU.compute_bleu(
            four.counts[:1],
            four.totals[:1],
            four.sys_len,
            four.ref_len,
            smooth_method=metric.smooth_method,
            effective_order=True,
            max_ngram_order=1,
        )
        row[:] = four.score / 100, one.score / 100
    return values


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
