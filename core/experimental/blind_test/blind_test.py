"""Are explanations good enough for people? A picture, a sentence, four classes, one to choose.

Prediction and label are hidden. The sentence explains the predicted or the true class, drawn at
random, so that who recognises the animal and ignores the sentence is right half of the time at
best. The score stands beside chance, the class that is most frequent in training, and the label of
the picture.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from fieldmarks.core.explanations.explanation import explain, predicate
from fieldmarks.core.run.run import Run

#: Classes to choose from.
N_OPTIONS = 4


@dataclass(frozen=True)
class Question:
    """One question of the test.

    Attributes
    ----------
    x : int
        The image.
    explained_c : int
        The class that the sentence explains: the right answer.
    options : tuple of int
        Classes in the order that they are offered in.
    sentence : str
        Without the name of a class.
    """

    x: int
    explained_c: int
    options: tuple[int, ...]
    sentence: str


def blind_question(run: Run, x: int, seed: int = 0) -> Question:
    """Return the question on an image, the same for the same seed.

    The options are the true class, the predicted one, and those of the next highest scores.

    Parameters
    ----------
    run : Run
    x : int
    seed : int
    """
    rng = np.random.default_rng([seed, x])
    true, predicted = (int(run.images[f"{side}_c"].iloc[x]) for side in ("true", "predicted"))
    by_score = np.argsort(-np.asarray(run.array("logits")[x]), kind="stable")
    classes = list(dict.fromkeys([true, predicted, *map(int, by_score)]))[:N_OPTIONS]
    explained = (true, predicted)[rng.integers(2)]
    options = tuple(int(c) for c in rng.permutation(classes))
    spans = predicate(explain(run, x, explained).attributes, run.attributes)
    return Question(x, explained, options, f"It {''.join(span.text for span in spans)}.")


def question_order(xs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return images in the order in which they are asked about."""
    return np.random.default_rng(seed).permutation(np.sort(xs))


@dataclass(frozen=True)
class BlindScore:
    """Share of right answers, in [0, 1], beside what needs no sentence.

    Attributes
    ----------
    n, n_right : int
    low, high : float
        Wilson's 95 % interval of the share.
    chance : float
        Share that guessing reaches.
    p_value : float
        Exact binomial test against chance, one-sided.
    most_frequent : float
        Share right by the option with most training images.
    picture : float
        Share right by the label of the picture.
    """

    n: int
    n_right: int
    low: float
    high: float
    chance: float
    p_value: float
    most_frequent: float
    picture: float


def blind_score(run: Run, answers: pd.DataFrame) -> BlindScore | None:
    """Return the score of answers, None where there are none to this run's images.

    Parameters
    ----------
    run : Run
    answers : DataFrame
        As `core.experimental.blind_test.answers.Answers.of` returns them.
    """
    place = pd.Index(run.images["path"]).get_indexer(answers["path"])
    answers = answers[place >= 0]
    if answers.empty:
        return None
    ids = run.classes["class_id"].to_numpy()
    n_train = dict(zip(ids.tolist(), run.classes["n_train"].tolist(), strict=True))
    label = ids[run.images["true_c"].to_numpy()[place[place >= 0]]]
    right = answers["explained"].to_numpy()
    frequent = [max(options, key=lambda c: n_train.get(c, 0)) for options in answers["options"]]
    chance = float(np.mean([1 / len(options) for options in answers["options"]]))
    n, n_right = len(answers), int((answers["chosen"] == right).sum())
    test = scipy.stats.binomtest(n_right, n, chance, alternative="greater")
    bounds = scipy.stats.binomtest(n_right, n).proportion_ci(method="wilson")
    return BlindScore(
        n,
        n_right,
        float(bounds.low),
        float(bounds.high),
        chance,
        float(test.pvalue),
        float(np.mean(np.array(frequent) == right)),
        float(np.mean(label == right)),
    )
