"""What stages depend on, as values to take fingerprints of: each is made when it is asked for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.pipeline.chunks import Chunk
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.resume.fingerprint import digest


@dataclass(frozen=True)
class KeptMaps:
    """Which feature maps a run keeps.

    Parameters
    ----------
    map_row : ndarray of shape (X,)
        Row of each image in the maps, -1 where they are not kept.
    is_readable : ndarray of shape (X,), bool
        Whether an image's file could be read; True where it was not tried yet.
    """

    map_row: np.ndarray
    is_readable: np.ndarray

    @classmethod
    def of(cls, run: Run) -> "KeptMaps":
        """Return those of a finished run, maps that were added later included."""
        return cls(np.asarray(run.array("map_row")), run.is_readable)


@dataclass(frozen=True)
class Facts:
    """The inputs of a run as they are now.

    Parameters
    ----------
    inputs : RunInputs
    chunks : list of Chunk
        Of the pass over the images, with the files as they are or as they were read.
    kept : KeptMaps
        The maps that the run has or is going to have.
    """

    inputs: RunInputs
    chunks: list[Chunk]
    kept: KeptMaps

    @property
    def settings(self) -> Settings:
        """What a person chose."""
        return self.inputs.settings

    @property
    def dataset(self) -> Dataset:
        """Images, labels, keypoints and how words are read."""
        return self.inputs.dataset

    @cached_property
    def split(self) -> str:
        """Of the labels, of which images are for training, and of classes that are left out."""
        left_out = [list(self.settings.leave_out)] if self.settings.leave_out else []
        return digest(self.inputs.true_c, self.inputs.is_train, *left_out)

    @cached_property
    def images(self) -> str:
        """Of the pass over the images; which maps are kept changes nothing that is pooled."""
        return digest([chunk.fingerprint for chunk in self.chunks], self.dataset.class_ids)

    @cached_property
    def giveaways(self) -> dict[str, object]:
        """Words of captions that make no attribute; no entry where there are none."""
        out = self.inputs.giveaways
        words = [*out.of_class, *out.brands] if out else []
        return {"giveaways": words} if words else {}

    @cached_property
    def has_all_training_maps(self) -> bool:
        """Whether the maps of all images that teach the estimators are kept."""
        inputs = self.inputs
        teaches = inputs.is_learnt & (inputs.n_captions > 0) & self.kept.is_readable
        return bool((self.kept.map_row[teaches] >= 0).all())
