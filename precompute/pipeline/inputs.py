"""What a run is made from: the data set, the captions, the checkpoint and the image files."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators import uses_keypoints
from fieldmarks.precompute.attributes.giveaways import Giveaways, giveaways_in
from fieldmarks.precompute.attributes.soft_table import read_soft_words
from fieldmarks.precompute.attributes.tables.columns import with_columns
from fieldmarks.precompute.data.captions import Words
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.network.device import choose_device, has_bfloat16, usual_precision
from fieldmarks.precompute.network.settings import AUTO
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.class_order import check_order
from fieldmarks.precompute.pipeline.precision import Precision, compared, precision_of
from fieldmarks.precompute.pipeline.settings import Settings, map_rows, network_digest
from fieldmarks.precompute.resume.fingerprint import digest

if TYPE_CHECKING:
    from fieldmarks.precompute.network.forward import Forward
    from fieldmarks.precompute.network.loading import LoadedModel

#: Images per forward pass: on a CPU each core runs separate batches.
_BATCH = {"cpu": 16, "mps": 64, "cuda": 64}


class RunInputs:
    """All that a run depends on, read once.

    Parameters
    ----------
    settings : Settings
    ranks : Ranks
    network : nn.Module, optional
        The trained network, where it is in memory and not what the settings name.
    """

    def __init__(self, settings: Settings, ranks: Ranks, network: nn.Module | None = None):
        if network is None:
            settings.check_network()
        self.settings, self._network, self._ranks = settings, network, ranks
        self.dataset: Dataset = read_dataset(settings.source)
        if settings.nouns is not None:
            language = replace(self.dataset.language, given=settings.nouns)
            language.with_given(Nouns())  # refused before anything is computed
            self.dataset = replace(self.dataset, language=language)
        told = list(filter(uses_keypoints, settings.estimators))
        if told and not self.dataset.part_names:
            raise DataError(
                f"{', '.join(told)} needs annotated keypoints, and there are none in "
                f"{settings.source.data}: leave out --keypoints"
            )
        self.words: Words = with_columns(
            self.dataset.words(),
            self.true_c,
            self.is_learnt,
            self.dataset.class_names,
            settings.source.name,
            settings.source.ignore,
        )
        if settings.source.words is not None:
            self._add_soft_words(settings.source.words)
        if not self.has_words:
            settings.source.check_wordless(len(self.true_c))
        self.giveaways: Giveaways | None = None
        if self.dataset.language.names_classes and self.words.lines.counts.any():
            self.giveaways = giveaways_in(
                self.words.lines, self.true_c, self.is_learnt, self.dataset.class_names
            )
            problems = [*self.words.problems, *self.giveaways.told()]
            self.words = replace(self.words, problems=problems)
        self.device = choose_device(ranks.device(settings.device))
        self.batch_size = settings.batch_size or _BATCH[self.device.type]
        self.map_row = map_rows(settings.maps, self.is_train)

    def _add_soft_words(self, path: Path) -> None:
        soft = read_soft_words(path, list(self.dataset.images["path"]))
        told = (
            f"{path.name}: a model rated how likely each attribute is seen, in "
            f"{int(soft.is_known.sum()):,} images; scores are relative to these ratings, not to "
            "people"
        )
        self.words = replace(self.words, soft=soft, problems=[*self.words.problems, told])

    @property
    def has_words(self) -> bool:
        """Whether anything is said of any image."""
        return bool(self.words.counts.any())

    @property
    def estimators(self) -> tuple[str, ...]:
        """Those that the run is made with: none without words."""
        return self.settings.estimators if self.has_words else ()

    @property
    def true_c(self) -> np.ndarray:
        """Label of each image, shape (X,)."""
        return self.dataset.images["true_c"].to_numpy()

    @property
    def is_train(self) -> np.ndarray:
        """Whether each image is in the training split, shape (X,)."""
        return self.dataset.images["is_train"].to_numpy()

    @property
    def is_learnt(self) -> np.ndarray:
        """Whether each image may teach: of the training split, of no left-out class, (X,)."""
        ids = np.asarray(self.dataset.class_ids)[self.true_c]
        return self.is_train & ~np.isin(ids, self.settings.leave_out)

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
        from fieldmarks.precompute.pipeline.trained_network import load_trained

        dataset, settings = self.dataset, self.settings
        has_boxes = bool(np.isfinite(dataset.images[BBOX].to_numpy(float)).any())
        model = load_trained(
            settings, dataset.class_ids, dataset.class_names, has_boxes, self._network
        )
        check_left_out(settings.leave_out, dataset.class_ids, model.made)
        return model

    def check_class_order(self, logits: np.ndarray) -> None:
        """Refuse an order of the classes that another one beats, see `pipeline.class_order`."""
        if not self.settings.network.keep_order:
            check_order(logits, self.true_c, self.is_learnt, self.dataset.class_names)

    @cached_property
    def checkpoint(self) -> str:
        """Fingerprint of the files that the network comes from, or of its weights in memory."""
        if self._network is not None:
            return digest(network_digest(self.settings), module_digest(self._network))
        if self.settings.network.runs_code and self.settings.checkpoint is None:
            # what the function loads, no file tells
            return digest(network_digest(self.settings), module_digest(self.model.network))
        return network_digest(self.settings)

    @cached_property
    def precision(self) -> str:
        """What the forward pass computes in, for instance ``cpu float32``."""
        return f"{self.device.type} {self.chosen_precision.name}"

    @cached_property
    def chosen_precision(self) -> Precision:
        """What the forward pass computes in, and why, see `precompute.pipeline.precision`.

        All ranks ask for it at the same time; the first one chooses.
        """
        return next(self._ranks.in_order(lambda _: self._choose_precision(), 1))

    def _choose_precision(self) -> Precision:
        settings, device = self.settings, self.device
        usual = Precision.of(usual_precision(device))
        if settings.precision not in (None, AUTO):
            return Precision(settings.precision)
        if settings.precision is None or device.type != "cpu" or not has_bfloat16():
            return usual
        made_in = precision_of(settings.runs / settings.name, device.type)
        if made_in is not None:
            return made_in
        return compared(self.model, self.dataset, device, self.workers)

    def forward(self, compile: bool = False) -> "Forward":
        """Return the network in the precision of the pass."""
        from fieldmarks.precompute.network.forward import Forward

        return Forward(self.model, self.device, compile, self.chosen_precision.number)


def check_left_out(leave_out: Sequence[int], class_ids: Sequence[int], made: dict) -> None:
    """Refuse classes to leave out that the network was trained on, or that are not there.

    Parameters
    ----------
    leave_out : sequence of int
        What ``run`` was given.
    class_ids : sequence of int
        Of the data set.
    made : dict
        How the checkpoint was made; one of other people says nothing and is taken at its word.

    Raises
    ------
    DataError
        If the two do not agree.
    """
    unknown = sorted(set(leave_out) - set(class_ids))
    if unknown:
        raise DataError(
            f"--leave-out names class {unknown[0]}, which the data set does not have: give numbers "
            "of its classes"
        )
    if not made and leave_out:
        return
    trained_without = made.get("left_out", [])
    if list(leave_out) != list(trained_without):
        said = " ".join(map(str, trained_without)) or "no class"
        raise DataError(
            f"the checkpoint was trained without {said}, --leave-out says "
            f"{' '.join(map(str, leave_out)) or 'none'}: give the same numbers to both"
        )


def module_digest(network: nn.Module) -> str:
    """Return a fingerprint of a network in memory: its structure and its weights."""
    state = network.state_dict()
    values = (
        state[name].detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
        for name in sorted(state)
        if isinstance(state[name], torch.Tensor) and state[name].numel()
    )
    return digest(repr(network), sorted(state), *values)
