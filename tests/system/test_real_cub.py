import numpy as np
import pytest

from fieldmarks.precompute.data.crop import load_crop, parts_in_crop
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.network.checkpoint import load_weights
from fieldmarks.precompute.network.registry import build
from fieldmarks.precompute.training.loop import has_folded_norm
from tests.support.real_data import folder

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def dataset():
    return read_cub(folder("FIELDMARKS_CUB") / "CUB_200_2011")


def test_the_folder_reads_without_trouble(dataset):
    assert dataset.problems == []
    n_classes = len(dataset.class_ids)
    assert set(dataset.images["true_c"]) == set(range(n_classes))
    assert not any("_" in name or name[0].isdigit() for name in dataset.class_names)
    assert dataset.parts.shape == (len(dataset.images), 15, 2)


def test_boxes_hold_the_visible_parts(dataset):
    n_visible = n_inside = 0
    for x in range(0, len(dataset.images), 25):
        image, crop, (width, height) = load_crop(dataset.path(x), dataset.bbox(x), 64)
        assert image.size == (64, 64)
        assert 0 < crop.side <= max(width, height)
        n_visible += int(np.isfinite(dataset.parts[x, :, 0]).sum())
        n_inside += int(np.isfinite(parts_in_crop(dataset.parts[x], crop)[:, 0]).sum())
    assert n_inside >= 0.99 * n_visible > 0


def test_the_bird_weights_fit_but_for_the_head_and_have_folded_norm():
    path = folder("FIELDMARKS_WEIGHTS") / "mobilenet_v2_inat_birds.pth"
    model = build("mobilenet_v2", 32)
    assert load_weights(model, path) is None
    assert has_folded_norm(model)
