"""Earlier blocks of a network, which still tell what the last maps leave out.

The last layer keeps what tells classes apart. Colours and textures that vary within a class are
seen before it. Of every earlier block the mean and the deviation of its channels over positions are
kept: how much of something a picture has, and how much it stands out.

Blocks are bottlenecks (`precompute.network.cut.tracing`) that hold maps: the last one before each
change of the maps' size, those nearest the last maps first. A network whose maps have one size
throughout, as those of patches, is read at evenly spaced bottlenecks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx

from fieldmarks.precompute.network.cut.layout import Layout, maps_of
from fieldmarks.precompute.network.cut.tracing import Probe

#: Blocks, and channels of each that are read: of more, every second, third, ...
N_BLOCKS, MAX_CHANNELS = 4, 256


@dataclass(frozen=True)
class Block:
    """Where an earlier block ends.

    Parameters
    ----------
    name : str
        Of the node of the graph that holds its maps.
    layout : Layout
        How it holds them.
    n_channels : int
        Maps of the block.
    """

    name: str
    layout: Layout
    n_channels: int

    @property
    def step(self) -> int:
        """Every so many channels one is read."""
        return -(-self.n_channels // MAX_CHANNELS)

    @property
    def n_moments(self) -> int:
        """Numbers that are read of each image."""
        return 2 * len(range(0, self.n_channels, self.step))


def earlier_blocks(probe: Probe, maps: fx.Node) -> tuple[Block, ...]:
    """Return the blocks before the last maps, in the order of the graph.

    Parameters
    ----------
    probe : Probe
    maps : fx.Node
        Holds the last maps.

    Returns
    -------
    tuple of Block
        None where no bottleneck holds maps.
    """
    order = list(probe.graph.graph.nodes)
    before = [node for node in probe.held if order.index(node) < order.index(maps)]
    before = [node for node in before if probe.held[node][0].side > 1]
    last = probe.held.get(maps)
    shapes = [_shape(probe.held[node]) for node in before] + ([_shape(last)] if last else [])
    ends = [node for node, a, b in zip(before, shapes, shapes[1:], strict=False) if a != b]
    if not ends and before:
        places = np.linspace(0, len(before), N_BLOCKS + 1)[1:].astype(int) - 1
        ends = [before[i] for i in np.unique(np.maximum(places, 0))]
    return tuple(Block(node.name, *probe.held[node]) for node in ends[-N_BLOCKS:])


def _shape(held: tuple[Layout, int]) -> tuple[int, int]:
    return held[0].rows, held[0].columns


def with_moments(network: fx.GraphModule, blocks: Sequence[Block]) -> fx.GraphModule:
    """Return the network with one more output, the moments of blocks (n, B); itself for none.

    Parameters
    ----------
    network : fx.GraphModule
        Gives a tuple; its modules are shared with the result.
    blocks : sequence of Block
    """
    if not blocks:
        return network
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    graph.graph_copy(network.graph, copies)
    by_name = {node.name: copy for node, copy in copies.items()}
    (output,) = (node for node in network.graph.nodes if node.op == "output")
    moments = []
    for block in blocks:
        with graph.inserting_after(by_name[block.name]):  # before anything changes it in place
            args = (by_name[block.name], *vars(block.layout).values(), block.step)
            moments.append(graph.call_function(moments_of, args))
    together = graph.call_function(torch.cat, (moments, 1))
    graph.output((*(copies[node] for node in output.args[0]), together))
    return fx.GraphModule(network, graph)


def moments_of(value: Tensor, kind: str, rows: int, columns: int, prefix: int, step: int) -> Tensor:
    """Return means, then deviations over positions, of every so many maps in a value, float32."""
    maps = maps_of(value, kind, rows, columns, prefix)[:, ::step].float()
    # torch.var_mean takes up to twenty times longer over these axes
    mean = maps.mean((2, 3), keepdim=True)
    variance = (maps - mean).square_().mean((2, 3))
    return torch.cat([mean[:, :, 0, 0], variance.sqrt()], 1)
