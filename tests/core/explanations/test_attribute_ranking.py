import numpy as np
import pandas as pd

from fieldmarks.core.attributes import wordlists
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.precompute.data.language import BIRDS


def table(*phrases: str) -> pd.DataFrame:
    rows = [phrase.split(" ", 1) for phrase in phrases]
    frame = pd.DataFrame(rows, columns=["adjective", "noun"])
    return frame.assign(kind="pair", number=frame["noun"].map(BIRDS.nouns.number_of))


def slow_selection(p, attributes, k):
    """Walk down by p; skip what contradicts something already chosen."""
    chosen = []
    for t in sorted(range(len(p)), key=lambda t: (-p[t], t)):
        row = attributes.iloc[t]
        contradicted = any(
            attributes.iloc[s]["noun"] == row["noun"]
            and any(
                {row["adjective"], attributes.iloc[s]["adjective"]} <= (one | other)
                and (row["adjective"] in one) != (attributes.iloc[s]["adjective"] in one)
                for one, other in wordlists.OPPOSITES
            )
            for s in chosen
        )
        if not contradicted:
            chosen.append(t)
    return chosen[:k]


def test_an_explanation_never_contradicts_itself():
    attributes = table(
        "long bill", "short bill", "stubby bill", "long tail", "short tail", "red bill",
        "small bird", "large bird", "thin bill", "thick bill", "blue eye", "dark eye",
    )  # fmt: skip
    p = np.random.default_rng(0).dirichlet(np.ones(len(attributes)), size=50)
    fast = top_attributes(p, attributes, 5)
    for row, chosen in zip(p, fast, strict=True):
        assert chosen.tolist() == slow_selection(row, attributes, 5)


def test_where_too_few_attributes_remain_the_rest_is_minus_one():
    attributes = table("long bill", "short bill")
    assert top_attributes(np.array([[0.4, 0.6]]), attributes, 2).tolist() == [[1, -1]]
