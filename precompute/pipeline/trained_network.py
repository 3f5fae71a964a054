"""The trained network of a run, from its settings; images and captions are not needed for it."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.network.loading import LoadedModel, load_network
from fieldmarks.precompute.pipeline.class_order import (
    NATURAL,
    are_numbers_as_text,
    natural_key,
    order_of_scores,
    read_class_list,
)
from fieldmarks.precompute.pipeline.settings import Settings


def load_trained(
    settings: Settings,
    class_ids: Sequence[int],
    class_names: Sequence[str],
    has_boxes: bool,
    network: nn.Module | None = None,
) -> LoadedModel:
    """Load the network that settings name, with its class scores in the order of a data set.

    Parameters
    ----------
    settings : Settings
    class_ids : sequence of C int
        The data set's own numbers.
    class_names : sequence of C str
    has_boxes : bool
        Whether the data set has bounding boxes to cut out.
    network : nn.Module, optional
        The network itself, where it is in memory.

    Raises
    ------
    DataError
        If the network was trained on other classes.
    ModelError
        If network and weights differ, or it cannot be explained.
    """
    model = load_network(
        settings.network,
        settings.checkpoint,
        settings.input_size,
        settings.arch,
        num_classes=len(class_ids),
        has_boxes=has_boxes,
        network=network,
    )
    if model.class_ids is not None and list(model.class_ids) != list(class_ids):
        raise DataError(
            f"{settings.checkpoint} was trained on {len(model.class_ids)} classes, "
            f"{settings.source.data} has {len(class_ids)}, and they are not the "
            "same: train on this data set, or give the one that it was trained on"
        )
    names, source = None, ""
    if settings.network.classes == NATURAL:
        names, source = sorted(class_names, key=natural_key), NATURAL
    elif settings.network.classes is not None:
        source = settings.network.classes
        names = read_class_list(source)
    elif model.class_ids is None and model.class_names is not None:
        names, source = model.class_names, "the network's configuration"
    n_scores = len(model.class_bias)
    ordered = model.in_order(order_of_scores(n_scores, names, class_names, source))
    if names is None and model.class_ids is None and are_numbers_as_text(class_names):
        told = (
            "the classes are numbers, and their scores are taken in the order of text (10 before "
            "2), as ImageFolder has it: give --classes natural if the network has 0, 1, 2, ..."
        )
        return replace(ordered, notes=[*ordered.notes, told])
    return ordered
