"""Whether a word's heatmap lies where a filter is active."""

import numpy as np
import pytest

from fieldmarks.core.explanations.word_at_peak import HERE, word_at_peak


def test_the_heat_is_read_at_the_filters_peak_and_without_the_filter(run):
    f, xs = 2, np.array([0, 3, 7])
    t = int(np.array(run.array("evidence")).sum(axis=0).argmax())
    word = word_at_peak(run, f, t, xs)
    evidence = np.array(run.array("evidence")[:, t], float)
    for i, x in enumerate(xs):
        maps = np.asarray(run.maps(x), float)
        heat = sum(evidence[g] * maps[g] for g in range(len(maps)) if g != f).clip(0)
        peaks = [np.unravel_index(maps[g].argmax(), heat.shape) for g in range(len(maps))]
        relative = [heat[peak] / heat.max() for peak in peaks]
        assert word.heat[i] == pytest.approx(relative[f], abs=1e-4)
        others = [value >= HERE for g, value in enumerate(relative) if g != f]
        assert word.chance[i] == pytest.approx(np.mean(others))
        hottest = np.unravel_index(heat.argmax(), heat.shape)
        np.testing.assert_allclose(word.place[i], run.array("cell_centres")[hottest])
    assert (word.is_here == (word.heat >= HERE)).all()


def test_a_word_without_positive_weights_lies_nowhere(run):
    evidence = np.array(run.array("evidence"))
    evidence[:, 1] = -1
    other = run.changed({f"evidence/{run.default_estimator}": evidence})
    word = word_at_peak(other, 0, 1, np.array([0, 1]))
    assert not word.is_here.any()
    assert (word.heat == 0).all()


def test_an_image_without_maps_is_unknown(run):
    rows = np.array(run.array("map_row"))
    rows[3] = -1
    word = word_at_peak(run.changed({"map_row": rows}), 0, 1, np.array([3, 4]))
    assert np.isnan(word.heat[0])
    assert not word.is_here[0]
    assert np.isfinite(word.heat[1])
