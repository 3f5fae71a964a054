import numpy as np
import torch

from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.network.preprocessing import NORMALISATIONS
from fieldmarks.precompute.training.augmentation import augment, normalise
from fieldmarks.precompute.training.crop_cache import CropStore
from tests.support.cub_folder import write_cub


def test_a_view_is_part_of_the_crop_in_the_right_range():
    images = torch.zeros(64, 3, 20, 20, dtype=torch.uint8)
    images[:, 0, :, :10] = 200
    views = augment(images, 16, torch.Generator().manual_seed(0))
    assert views.shape == (64, 3, 16, 16)
    assert 0 <= views.min() < views.max() <= 1
    is_mirrored = views[:, 0, :, -1].mean(1) > views[:, 0, :, 0].mean(1)
    assert 15 < is_mirrored.sum() < 49
    again = augment(images, 16, torch.Generator().manual_seed(0))
    assert torch.equal(views, again)


def test_normalising_bytes_and_fractions_gives_the_same():
    images = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    mean, std = NORMALISATIONS["half"]
    from_bytes = normalise(images, mean, std)
    assert -1 <= from_bytes.min() < from_bytes.max() <= 1
    torch.testing.assert_close(from_bytes, normalise(images.float() / 255, mean, std))


def test_crops_that_do_not_fit_into_memory_are_decoded_again(tmp_path):
    dataset = read_cub(write_cub(tmp_path, n_images=20))
    xs, indices = np.arange(3, 20), np.array([5, 0, 11])
    kept = CropStore(dataset, xs, 24)
    decoded = CropStore(dataset, xs, 24, memory=0)
    assert torch.equal(kept.batch(indices), decoded.batch(indices))
    np.testing.assert_array_equal(kept.labels, decoded.labels)
