"""A trained network, ready to be explained: one pass gives maps, pooled activations and logits."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import fx, nn

from fieldmarks.core.errors import DataError, ModelError, one_line
from fieldmarks.core.head import Head
from fieldmarks.core.pictures.crop import Size, in_words, sides, size_of_sides
from fieldmarks.precompute.network import preprocessing
from fieldmarks.precompute.network.channels import takes_one_channel, with_channels
from fieldmarks.precompute.network.checkpoint import Checkpoint, checkpoint_of
from fieldmarks.precompute.network.cut.blocks import Block, earlier_blocks
from fieldmarks.precompute.network.cut.layout import Layout
from fieldmarks.precompute.network.cut.opened import opened, prove
from fieldmarks.precompute.network.cut.search import find_cut, find_layer, is_signed
from fieldmarks.precompute.network.cut.tracing import probe, trace
from fieldmarks.precompute.network.graphs.read import read_graph
from fieldmarks.precompute.network.outputs import OnePart, place_of_scores, with_class_scores
from fieldmarks.precompute.network.own_code import own_code
from fieldmarks.precompute.network.preprocessing import CompletePreprocessing, Preprocessing
from fieldmarks.precompute.network.receptive_field import (
    can_be_followed,
    cell_centres,
    patch_centres,
    windows,
)
from fieldmarks.precompute.network.registry import build, model_names
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.network.sources import Built, build_network, in_memory
from fieldmarks.precompute.network.weights import adapt_head, fit, load_state, named, stored_weights
from fieldmarks.precompute.network.weights_file import read_weights, require_plain


@dataclass(frozen=True)
class LoadedModel:
    """A network, its head and the geometry of its maps.

    Parameters
    ----------
    arch : str
        Name in the registry, or the source that ``--network`` names.
    network : fx.GraphModule
        In eval mode; maps normalised images (N, 3, h, w) to maps (N, F, H, W), pooled (N, F) and
        logits (N, C) in one pass; of a head of first order to the value that holds the maps, as a
        leaf of autograd, and logits.
    head : Head
        Its F are twice those of the network where positive and negative parts are split.
    layout : Layout
        How the value of a head of first order holds the maps.
    cell_centres : ndarray of shape (H, W, 2)
        Row and column of each cell's receptive-field centre in the unit square of the input.
    receptive_field : float
        Its side in pixels of the input; the longer one of the input where it cannot be followed.
    preprocessing : CompletePreprocessing
        Nothing in it is open.
    class_ids : list of C int or None
        The data set's own numbers; None where the weights do not say.
    class_names : list of C str or None
        In the order of the logits.
    layer : str
        Name of the layer whose output are the maps.
    pooling : str
        "average" or "maximum".
    made : dict
        How the checkpoint was made.
    difference : float
        How far the head lies from the network's own logits on random images, as a share of their
        largest.
    notes : list of str
        What was taken for granted, for people.
    order : ndarray of shape (C,), optional
        Row of the network's logits for each class of the data set; None where they agree.
    blocks : tuple of Block
        Earlier ones, whose moments presence reads; none where the graph has no such values.
    """

    arch: str
    network: fx.GraphModule
    head: Head
    layout: Layout
    cell_centres: np.ndarray
    receptive_field: float
    preprocessing: CompletePreprocessing
    class_ids: list[int] | None
    class_names: list[str] | None
    layer: str
    pooling: str
    made: dict
    difference: float
    notes: list[str] = field(default_factory=list)
    order: np.ndarray | None = None
    blocks: tuple[Block, ...] = ()

    @property
    def n_moments(self) -> int:
        """B, moments of earlier blocks for each image."""
        return sum(block.n_moments for block in self.blocks)

    @property
    def class_weights(self) -> np.ndarray:
        """W, (C, F), float32."""
        return self.head.weights

    @property
    def class_bias(self) -> np.ndarray:
        """The bias b, (C,), float32."""
        return self.head.bias

    @property
    def input_size(self) -> Size:
        """Of the input in pixels."""
        return self.preprocessing.input_size

    def in_order(self, order: Sequence[int]) -> "LoadedModel":
        """Return the network with its class scores in another order.

        Parameters
        ----------
        order : sequence of C int
            Row of the network's own scores for each class; scores may be left out.
        """
        row, n_scores = np.asarray(order), len(self.class_bias)
        if np.array_equal(row, np.arange(n_scores)):
            return self
        head = replace(self.head, weights=self.head.weights[row], bias=self.head.bias[row])
        names = None if self.class_names is None else [self.class_names[i] for i in row]
        notes = list(self.notes)
        if len(row) < n_scores:
            notes.append(
                f"the network gives {n_scores} class scores, the data set has {len(row)} of its "
                "classes: the scores of the others are left out"
            )
        return replace(self, head=head, order=row, class_names=names, notes=notes)


def load_checkpoint(
    path: str | Path, input_size: Size | None = None, arch: str | None = None
) -> LoadedModel:
    """Load a checkpoint of ``train`` and prove that it can be explained.

    Parameters
    ----------
    path : str or Path
        Written by ``train``.
    input_size : Size or None
        Of the input in pixels; None for the size that it was trained at.
    arch : str or None
        What the caller takes it for; None for what the checkpoint says.

    Raises
    ------
    DataError
        If this is not a checkpoint.
    ModelError
        If it is another architecture, or a network that cannot be explained.
    """
    return load_network(NetworkSettings(), path, input_size, arch, num_classes=None)


def load_network(
    settings: NetworkSettings,
    checkpoint: str | Path | None,
    input_size: Size | None = None,
    arch: str | None = None,
    *,
    num_classes: int | None,
    has_boxes: bool = True,
    network: nn.Module | None = None,
) -> LoadedModel:
    """Build the network that the settings name, load its weights, and prove what its head is.

    Parameters
    ----------
    settings : NetworkSettings
    checkpoint : str or Path or None
        Written by ``train``, or any state dict; None where the source is trained.
    input_size : Size or None
        Of the input in pixels; None for what checkpoint and source say.
    arch : str or None
        The architecture that a checkpoint of ``train`` must hold.
    num_classes : int or None
        Of the data set; None for those of the checkpoint.
    has_boxes : bool
        Whether the data set has bounding boxes to cut out.
    network : nn.Module, optional
        A trained network in memory, in place of what the settings name.

    Raises
    ------
    DataError
        If the file is not what it should be.
    ModelError
        If network and weights differ, or it cannot be explained.
    """
    trained, state, stored, notes = None, {}, [], []
    if checkpoint is not None:
        contents = read_weights(checkpoint)
        trained = checkpoint_of(contents, checkpoint)
        if trained is None:
            stored = stored_weights(contents, checkpoint)
            if settings.weights_key is not None:
                stored = named(stored, settings.weights_key, checkpoint)
        state = stored[0].state if trained is None else trained.state_dict
    if trained is not None:
        num_classes = len(trained.class_ids)
        if arch not in (None, trained.arch):
            raise ModelError(f"{checkpoint} holds a {trained.arch}, not a {arch}: is --arch right?")
    if network is not None:
        source, built = type(network).__name__, in_memory(network)
    else:
        source = settings.source or _source_of(trained, arch, checkpoint)
        built = build_any(source, _arguments(settings, trained), num_classes or 1, state)
    if checkpoint is None and not built.has_weights:
        raise DataError(
            f"expected a checkpoint with the weights of {source}, got none: give --checkpoint"
        )
    with own_code(f"the network {source}"):
        in_single_precision(built.model, source)
    if state and checkpoint is not None:
        if trained is None:
            state, notes = fit(built.model, stored, checkpoint)
        if trained is None or settings.source is not None:
            adapt_head(built.model, state)  # a function may not ask for the number of classes
        load_state(built.model, state, checkpoint)
    said = Preprocessing() if trained is None else trained.preprocessing
    said = preprocessing.of_flags(settings, input_size).over(said).over(built.preprocessing)
    notes = [*built.notes, *notes]
    with own_code(f"the network {source}"):
        is_grey = takes_one_channel(built.model.eval(), _noise(said.over(preprocessing.DEFAULT)))
    said = replace(said, channels="grey") if is_grey else said
    if settings.runs_code and checkpoint is None:
        notes.append(f"the weights are those that {source} returns: no --checkpoint is given")
    if said.mean is None:
        taken = "0.5 and 0.5" if is_grey else "ImageNet's"
        notes.append(
            f"no file says how images are normalised: assuming {taken} mean and deviation; pass "
            "--mean and --std if that is wrong"
        )
    if is_grey:
        notes.append("the network takes one channel: it gets the luminance of the pictures")
        said = said.over(Preprocessing(*preprocessing.GREY["half"]))
    if said.crop is None and not isinstance(said.input_size, int | None):
        said = replace(said, crop="squeeze", crop_share=1.0)
    said = said.over(Preprocessing(crop="box" if has_boxes else "centre"))
    fed = preprocessing.checked(said.over(preprocessing.DEFAULT), source)
    fed = preprocessing.resized(fed, settings.resize)
    return explainable(
        built.model,
        source,
        fed,
        layer=settings.layer,
        class_ids=None if trained is None else list(trained.class_ids),
        class_names=built.class_names if trained is None else list(trained.class_names),
        made={} if trained is None else trained.made,
        notes=notes,
    )


def _source_of(trained: Checkpoint | None, arch: str | None, path) -> str:
    """Return the network that a checkpoint of ``train``, or ``--arch``, names."""
    if trained is None:
        if arch is None:
            raise DataError(
                f"{path} is not a checkpoint of Fieldmarks: it does not say which network it is; "
                "name it by --network, for instance torchvision:resnet50"
            )
        return arch
    is_known = trained.arch in model_names() or trained.arch.startswith(("torchvision:", "timm:"))
    if not is_known:
        raise DataError(
            f"{path} holds the weights of {trained.arch}, and no file names code to run: give "
            f"--network {trained.arch} yourself"
        )
    return trained.arch


def _arguments(settings: NetworkSettings, trained: Checkpoint | None) -> Sequence[str]:
    recorded = () if trained is None else trained.made.get("network_args", ())
    return settings.args or tuple(recorded)


def build_any(source: str, args: Sequence[str], num_classes: int, state: dict) -> Built:
    """Build a registered architecture, or the network that ``--network`` names."""
    graph = NetworkSettings(source).graph
    if graph is not None:
        model, size = read_graph(graph)
        return Built(model, Preprocessing(input_size=size), has_weights=True)
    if source in model_names() or ":" not in source:
        return Built(build(source, num_classes))
    return build_network(source, args, num_classes, state)


def explainable(
    model: nn.Module,
    name: str,
    said: CompletePreprocessing,
    *,
    layer: str | None = None,
    class_ids: list[int] | None = None,
    class_names: list[str] | None = None,
    made: dict | None = None,
    notes: Sequence[str] = (),
) -> LoadedModel:
    """Cut a network that is in eval mode and prove what its head is; see `load_network`."""
    size = said.input_size
    with own_code(f"the network {name}"):
        model = in_single_precision(model.eval(), name)
        images = _noise(said)
        inner, model = model, with_channels(model, said.channels, images).eval()
        prefix = "" if model is inner else "model."
        place = place_of_scores(_returned(model, images), len(images))
        if place is not None:
            model = OnePart(model, place).eval()
            prefix += "model."
        layer = None if layer is None else f"{prefix}{layer}"
        expected = _scores(model, images)
        graph = trace(model, images, name)
        changed = []
        if isinstance(expected, torch.Tensor):
            changed = with_class_scores(graph, expected, name)
            expected = _scores(graph, images) if changed else expected
        chosen = None if layer is None else find_layer(graph, layer, name)
        with torch.no_grad():
            probed = probe(graph, images, name, chosen)
            cut = find_cut(probed, name, chosen)
        is_split = is_signed(cut, probed)
        blocks = earlier_blocks(probed, cut.maps)
    followed = cut.layout.kind == "channels first" and can_be_followed(graph, cut.maps, size)
    if followed:
        rows, columns = windows(graph, cut.maps, size)
        centres, field_size = cell_centres(graph, cut.maps, size), max(rows.size, columns.size)
    else:
        centres = patch_centres(cut.layout.rows, cut.layout.columns)
        field_size = float(max(sides(size)))
    head = cut.head.split() if is_split else cut.head
    with own_code(f"the network {name}"):
        network = opened(graph, cut)
        difference = prove(network, cut, images, cast(torch.Tensor, expected))
    return LoadedModel(
        arch=name,
        network=network,
        head=head,
        layout=cut.layout,
        cell_centres=centres,
        receptive_field=field_size,
        preprocessing=said,
        class_ids=class_ids,
        class_names=class_names,
        layer=_layer_name(cut.maps).removeprefix(prefix),
        pooling=cut.pooling,
        made=made or {},
        difference=difference,
        notes=[*notes, *changed],
        blocks=blocks,
    )


def _noise(said: CompletePreprocessing) -> torch.Tensor:
    """Return two images of random pixels as the network is fed images, (2, 3, h, w)."""
    shape = (2, 3, *sides(said.input_size))
    pixels = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(v, dtype=torch.float32).view(3, 1, 1) for v in (said.mean, said.std))
    return (pixels.float() / 255 - mean) / std


def in_single_precision(model: nn.Module, name: str) -> nn.Module:
    """Return a network that computes in float32, as all arrays of a run are.

    Raises
    ------
    ModelError
        If it cannot: a weight has no values, is complex or quantised.
    """
    model.requires_grad_(False)
    for path, value in model.state_dict().items():
        if isinstance(value, torch.Tensor):
            require_plain(path, value, f"the network {name}")
    return model.float()


def _returned(model: nn.Module, images: torch.Tensor) -> object:
    """Return the outputs of a network for random images."""
    try:
        with torch.no_grad():
            return model(images)
    except Exception as error:
        # the network's own code, which may raise anything
        across = in_words(size_of_sides(*images.shape[2:]))
        raise ModelError(
            f"the network takes no input of {across} pixels: {one_line(error)}"
            f"{_likely_reason(model, images)}"
        ) from None


def _likely_reason(model: nn.Module, images: torch.Tensor) -> str:
    """Return what a network that failed takes instead: other channels, or values in [0, 1]."""
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is not None and first.in_channels not in (1, 3):
        return (
            f"; its first convolution takes {first.in_channels} channels, and pictures have red, "
            "green and blue: give a function that makes its input of these by --network"
        )
    try:
        with torch.no_grad():
            model((images - images.min()) / (images.max() - images.min()))
    except Exception:
        return ""
    return "; of values in [0, 1] it does: give --mean 0 0 0 --std 1 1 1"


def _scores(model: nn.Module, images: torch.Tensor) -> object:
    """Return the class scores of random images, checked for a run."""
    scores = _returned(model, images)
    if isinstance(scores, torch.Tensor) and scores.dtype != torch.float32:
        raise ModelError(
            f"the network gives class scores in {str(scores.dtype).removeprefix('torch.')}: "
            "expected float32, and no conversion to another type inside"
        )
    if isinstance(scores, torch.Tensor) and not bool(scores.isfinite().all()):
        raise ModelError(
            "the network gives class scores that are not finite: are its weights valid?"
        )
    return scores


def _layer_name(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else node.name
