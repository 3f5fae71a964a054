"""Words of changed pictures: distributions, sentences, words that are lost first."""

import numpy as np
import pytest

from fieldmarks.core.corruptions.record import UNCHANGED, read_record
from fieldmarks.core.corruptions.words import sentences_of, words_lost, words_of_pictures
from fieldmarks.core.explanations.explanation import explain
from tests.support.attacked import XS, write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


def test_an_unchanged_picture_has_the_sentence_of_its_image(attacked):
    for x in XS[:3]:
        c = attacked.images["predicted_c"].to_numpy()[[x]]
        p = words_of_pictures(attacked, attacked.array("pooled")[[x]], c)
        np.testing.assert_allclose(p[0], explain(attacked, x).p, rtol=1e-5)
        said = sentences_of(attacked, attacked.array("pooled")[[x]], c)[0]
        assert said.tolist() == explain(attacked, x).attributes


def test_the_sentence_of_a_picture_has_what_is_seen_in_it(seen):
    xs = np.arange(40)
    said = sentences_of(seen, seen.array("pooled")[xs], seen.images["predicted_c"].to_numpy()[xs])
    for x in xs:
        assert [t for t in said[x] if t >= 0] == explain(seen, int(x)).attributes


def test_words_lost_are_counted_one_by_one(attacked):
    record = read_record(attacked)
    total = words_lost(attacked, record)[0]
    assert (total.kind, total.t) == ("blur", -1)
    said = sentences_of(attacked, record.pooled, record.table["predicted_c"].to_numpy())
    for level, percent in enumerate(total.by_level, 1):
        lost = had = 0
        for before, after in zip(record.rows(UNCHANGED), record.rows("blur", level), strict=True):
            words = [t for t in said[before] if t >= 0]
            had += len(words)
            lost += len(set(words) - set(said[after]))
        assert percent == pytest.approx(100 * lost / had)
    assert total.mean.value == pytest.approx(np.mean(total.by_level))
    assert total.difference.value == 0
