import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fieldmarks.precompute.demo_world.planting import faults
from fieldmarks.precompute.demo_world.planting.degradations import (
    DEGRADATIONS,
    OTHER_DEGRADATIONS,
    degrade,
)
from fieldmarks.precompute.demo_world.planting.faults import HARDER, Faults, plan_world
from fieldmarks.precompute.demo_world.species_list import SPECIES


def test_planted_shares_are_as_stated():
    shots = pd.DataFrame(plan_world(0, 24, 50))
    test = shots[~shots["is_train"]]
    assert len(shots) == 1200
    assert len(test) == 480
    for split in (shots[shots["is_train"]], test):
        wrong = split[split["label"] != split["species"]]
        assert len(wrong) == round(0.04 * len(split))
        assert all(SPECIES[w.label].family is SPECIES[w.species].family for w in wrong.itertuples())
    spoilt = test[test["degradation"] != ""]
    assert len(spoilt) == round(0.08 * len(test))
    assert spoilt["degradation"].value_counts().between(9, 10).all()
    assert not (shots.loc[shots["is_train"], "degradation"] != "").any()
    n_faults = (
        (shots["label"] != shots["species"]).astype(int)
        + (shots["degradation"] != "")
        + shots["cue"].isin(["missing", "misleading"])
    )
    assert (n_faults[~shots["is_train"]] <= 1).all()


def test_the_spurious_cue_holds_in_training_and_misleads_in_testing():
    shots = pd.DataFrame(plan_world(0, 24, 50))
    on_cue = shots["background"] == faults.CUE_BACKGROUND
    is_cue_species = shots["species"] == faults.CUE_SPECIES
    train, test = shots["is_train"], ~shots["is_train"]
    assert on_cue[is_cue_species & train].mean() > 0.9
    assert on_cue[is_cue_species & test].mean() == 0.7
    assert not on_cue[~is_cue_species & train].any()
    misleading = shots[~is_cue_species & on_cue & test]
    assert len(misleading) >= 10
    assert (misleading["cue"] == "misleading").all()


@pytest.mark.parametrize("kind", DEGRADATIONS + OTHER_DEGRADATIONS)
def test_a_degradation_grows_with_its_strength(kind):
    blocks = np.random.default_rng(1).integers(60, 180, (16, 16), np.uint8)
    pixels = blocks.repeat(5, axis=0).repeat(5, axis=1)
    image = Image.fromarray(np.stack([pixels] * 3, axis=-1))

    def change(strength: float) -> float:
        spoilt = degrade(image, kind, strength, np.random.default_rng(0))
        assert spoilt.size == image.size
        return float(np.abs(np.asarray(spoilt, float) - np.asarray(image, float)).mean())

    assert 3 < change(0.3) < change(1.0)


def test_no_degradation_changes_nothing():
    image = Image.new("RGB", (8, 8), (10, 200, 30))
    assert degrade(image, "", 0.0, np.random.default_rng(0)).tobytes() == image.tobytes()


def test_the_usual_plan_is_what_it_was_before_there_were_others():
    for sizes, known in (((0, 24, 50), "3d8b6affcc03200b"), ((1, 6, 12), "13ed3b5e9cd65758")):
        values = [tuple(vars(shot).values()) for shot in plan_world(*sizes)]
        assert hashlib.sha256(repr(values).encode()).hexdigest()[:16] == known


def test_a_harder_world_has_three_cues_and_degraded_training_images():
    shots = pd.DataFrame(plan_world(0, 24, 50, HARDER))
    assert set(shots["degradation"]) == {"", *OTHER_DEGRADATIONS}
    train = shots[shots["is_train"]]
    assert (train["degradation"] != "").sum() == round(0.04 * len(train))
    for species, background in HARDER.cues:
        on_cue = shots["background"] == background
        of_species = shots["species"] == species
        assert on_cue[of_species & shots["is_train"]].mean() > 0.9
        family = [s for s in range(24) if SPECIES[s].family is SPECIES[species].family]
        relatives = shots["species"].isin(family) & ~of_species
        assert not on_cue[relatives & shots["is_train"]].any()
        assert (shots[relatives & on_cue]["cue"] == "misleading").sum() >= 10


def test_faults_come_back_from_the_settings_of_a_world():
    assert Faults().as_settings() == {}
    for planted in (Faults(), HARDER):
        assert Faults.of_settings(json.loads(json.dumps(planted.as_settings()))) == planted
