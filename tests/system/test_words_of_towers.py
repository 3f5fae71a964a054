"""A contrastive model trained on one painted world, asked by `fieldmarks words` about another."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.painted_towers import Towers, save, train
from fieldmarks.__main__ import main
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.demo_world.make import make_world
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

pytestmark = pytest.mark.slow
CODE = """
from pathlib import Path
from benchmarks.painted_towers import towers_of

def trained():
    return towers_of(Path(__file__).with_name("trained.pth"))

def untrained():
    return towers_of(Path(__file__).with_name("untrained.pth"))
"""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Two worlds of six species, towers of the first, and what is visible in the second."""
    folder = tmp_path_factory.mktemp("worlds")
    sizes = {"n_species": 6, "image_size": 160, "progress": False, "workers": 1}
    make_world(folder / "first", seed=1, n_images=30, **sizes)
    second = make_world(folder / "second", seed=2, n_images=12, **sizes)
    first = read_dataset(DataSource(folder / "first" / "CUB_200_2011", format="cub"))
    towers = train(first, epochs=40, say=lambda _: None)
    save(towers, folder / "trained.pth")
    save(Towers(towers.vocabulary), folder / "untrained.pth")
    (folder / "towers.py").write_text(CODE)
    truth = Truth.read(second)
    seen = truth.attributes[truth.attributes["visible"] >= 0.3]
    seen = seen.assign(path=seen["image_id"].map(truth.images["path"]), is_seen=True)
    seen = seen.assign(phrase=seen["adjective"] + " " + seen["noun"])
    table = seen.pivot_table(index="path", columns="phrase", values="is_seen", aggfunc="any")
    table = table.notna()
    table = table.loc[:, table.mean().between(0.1, 0.6)]
    (folder / "phrases.txt").write_text("\n".join(table.columns) + "\n")
    return folder, table


def share_true(worlds, towers: str) -> tuple[float, float, int]:
    """Return how often a likely phrase is visible, how often any is, and the phrases."""
    folder, truth = worlds
    out = folder / f"{towers}.parquet"
    given = ["--data", folder / "second" / "CUB_200_2011", "--phrases", folder / "phrases.txt"]
    model = f"{folder / 'towers.py'}:{towers}"
    status = main(
        ["words", *map(str, given), "--model", model, "--kind", "a bird", "--out", str(out)]
    )
    if status:  # no phrase is told apart
        return 0.0, 1.0, 0
    p = pd.read_parquet(out).set_index("file_name")
    is_seen = truth.reindex(index=p.index, columns=p.columns).to_numpy(bool)
    likely = p.to_numpy() >= 0.5
    return float(is_seen[likely].mean()), float(is_seen.mean()), len(p.columns)


def test_phrases_are_true_of_pictures_of_a_world_that_the_model_has_not_seen(worlds):
    true, chance, n = share_true(worlds, "trained")
    assert n >= 10
    assert true > 1.6 * chance
    untrained, chance, n = share_true(worlds, "untrained")
    assert n == 0 or untrained < 1.3 * chance


def test_there_is_something_to_tell_apart(worlds):
    _, truth = worlds
    assert len(truth.columns) >= 20
    assert np.isclose(len(truth), 72, atol=4)
