import pytest

from fieldmarks.core.estimators import estimate
from tests.support.planted import NAMED_BY, planted_world


@pytest.fixture(scope="module")
def world():
    return planted_world()


@pytest.mark.parametrize("name", ["ridge", "mixture", "places"])
def test_the_planted_filters_are_named_rightly(world, name):
    p_t_given_f = estimate(name, world[0]).p_t_given_f
    assert {f: int(p_t_given_f[f].argmax()) for f in NAMED_BY} == NAMED_BY
