"""What a run is made from: the data set, the captions, the checkpoint and the image files."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.errors import DataError
from precompute.attributes.columns import with_columns
from precompute.datasets.captions import Words
from precompute.datasets.dataset import Dataset
from precompute.datasets.read import read_dataset
from precompute.network.device import autocast, choose_device
from precompute.parallel.ranks import Ranks
from precompute.pipeline.settings import Settings, map_rows
from precompute.resume.chunks import Chunk, Chunking
from precompute.resume.fingerprint import code_version, digest, file_digest, listing

if TYPE_CHECKING:
    from precompute.network.loading import LoadedModel

#: Images per forward pass: on a CPU each core runs separate batches.
_BATCH = {"cpu": 16, "mps": 64, "cuda": 128}


class RunInputs:
    """All that a run depends on, read once.

    Parameters
    ----------
    settings : Settings
    ranks : Ranks
    """

    def __init__(self, settings: Settings, ranks: Ranks):
        if not settings.checkpoint.is_file():
            raise DataError(
                f"expected a checkpoint at {settings.checkpoint}, found none: make one by "
                "'python -m precompute train'"
            )
        self.settings = settings
        self.dataset: Dataset = read_dataset(settings.source)
        self.words: Words = with_columns(
            self.dataset.read_words(), self.true_c, self.is_train, self.dataset.class_names
        )
        self.device = choose_device(ranks.device(settings.device))
        self.batch_size = settings.batch_size or _BATCH[self.device.type]
        self.map_row = map_rows(settings.maps, self.is_train)

    @property
    def true_c(self) -> np.ndarray:
        """Label of each image, shape (X,)."""
        return self.dataset.images["true_c"].to_numpy()

    @property
    def is_train(self) -> np.ndarray:
        """Whether each image is in the training split, shape (X,)."""
        return self.dataset.images["is_train"].to_numpy()

    @property
    def n_captions(self) -> np.ndarray:
        """Captions of each image, shape (X,)."""
        return self.words.counts

    @property
    def workers(self) -> int:
        """Threads that decode, and on a CPU also compute."""
        return self.settings.workers or len(os.sched_getaffinity(0))

    @cached_property
    def model(self) -> "LoadedModel":
        """The trained network; its classes are those of the data set."""
        # torchvision takes longer to import than all else that an up-to-date run needs
        from precompute.network.loading import load_checkpoint

        settings = self.settings
        model = load_checkpoint(settings.checkpoint, settings.input_size, settings.arch)
        if list(model.class_ids) != list(self.dataset.class_ids):
            raise DataError(
                f"{settings.checkpoint} was trained on {len(model.class_ids)} classes, "
                f"{settings.source.data} has {len(self.dataset.class_ids)}, and they are not the "
                "same: train on this data set, or give the one that it was trained on"
            )
        return model

    @cached_property
    def checkpoint(self) -> str:
        """Fingerprint of the checkpoint's bytes."""
        return file_digest(self.settings.checkpoint)

    @cached_property
    def precision(self) -> str:
        """What the forward pass computes in, for instance ``cpu float32``."""
        kind = self.device.type
        with autocast(self.device):
            is_mixed = torch.is_autocast_enabled(kind)
            number = torch.get_autocast_dtype(kind) if is_mixed else torch.float32
        return f"{kind} {str(number).removeprefix('torch.')}"

    def chunks(self) -> tuple[Chunking, list[Chunk]]:
        """Return all chunks of the pass for the image files as they are now."""
        settings = self.settings
        fingerprint = digest(
            self.checkpoint,
            settings.input_size,
            settings.thumb_size,
            self.batch_size,
            self.precision,
            settings.compile,
            code_version("precompute.stages.activation_pass"),
        )
        chunking = Chunking(self.dataset, self.map_row, fingerprint)
        paths = self.dataset.images["path"].array
        listed = (listing(self.dataset.image_folder, path) for path in paths)
        return chunking, chunking.chunks(listed, self.batch_size)
