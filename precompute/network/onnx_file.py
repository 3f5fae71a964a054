"""Exporting a network to one ONNX file, which runs without torch."""

from pathlib import Path

import torch
from torch import Tensor, nn

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.live.network_file import MOMENTS, OUTPUTS, PIXELS
from fieldmarks.core.pictures.crop import sides
from fieldmarks.precompute.network.cut.blocks import with_moments
from fieldmarks.precompute.network.loading import LoadedModel


class PixelsToScores(nn.Module):
    """The whole way of one picture: normalisation, network, signs of maps, order of classes.

    Parameters
    ----------
    model : LoadedModel
        With an exact head.
    """

    scale: Tensor
    shift: Tensor
    order: Tensor | None

    def __init__(self, model: LoadedModel):
        super().__init__()
        self.network = with_moments(model.network, model.blocks)
        self.is_split = model.head.is_split
        mean, std = torch.tensor(model.preprocessing.mean), torch.tensor(model.preprocessing.std)
        self.register_buffer("scale", (1 / (255 * std)).view(1, 3, 1, 1))
        self.register_buffer("shift", (mean / std).view(1, 3, 1, 1))
        order = None if model.order is None else torch.as_tensor(model.order)
        self.register_buffer("order", order)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Map (1, h, w, 3) bytes to maps (1, F, H, W), pooled (1, F) and logits (1, C).

        Where there are earlier blocks, their moments (1, B) follow.
        """
        images = pixels.permute(0, 3, 1, 2).float() * self.scale - self.shift
        maps, pooled, logits, *moments = self.network(images)
        if self.is_split:
            maps = torch.cat([maps.clamp(min=0), (-maps).clamp(min=0)], dim=1)
            pooled = maps.mean((2, 3))
        if self.order is not None:
            logits = logits[:, self.order]
        return maps, pooled, logits, *moments


def export(model: LoadedModel, path: Path) -> None:
    """Write a network as an ONNX file.

    Parameters
    ----------
    model : LoadedModel
    path : Path
        Of the file.

    Raises
    ------
    ModelError
        If it cannot be exported, with the reason.
    """
    if not model.head.is_exact:
        raise ModelError(
            "class scores are not linear in the pooled activations, and the gradients that weights "
            "are taken from cannot be exported"
        )
    pixels = torch.zeros((1, *sides(model.input_size), 3), dtype=torch.uint8)
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                PixelsToScores(model).eval(),
                (pixels,),
                dynamo=True,
                verbose=False,
                input_names=[PIXELS],
                output_names=[*OUTPUTS, *([MOMENTS] if model.blocks else [])],
                external_data=False,
            )
            assert program is not None, "the exporter returns what it exported"
            _forget_origin(program)
            program.save(str(path))
    except ImportError as error:
        raise ModelError(
            f"exporting needs packages that are not installed ({one_line(error)}): install them "
            "by 'python -m pip install onnx onnxscript'"
        ) from None
    except Exception as error:
        # the exporter raises classes of its own, and whatever the network's code raises
        path.unlink(missing_ok=True)
        raise ModelError(f"the network cannot be exported to ONNX: {one_line(error)}") from None


def _forget_origin(program) -> None:
    """Remove what the exporter notes of the code: paths of this machine, other bytes each time."""
    graph = program.model.graph
    program.model.metadata_props.clear()
    graph.metadata_props.clear()
    for node in graph:
        node.metadata_props.clear()
        node.doc_string = None
    for value in [*graph.inputs, *graph.outputs, *graph.initializers.values()]:
        value.metadata_props.clear()
    for node in graph:
        for value in node.outputs:
            value.metadata_props.clear()
