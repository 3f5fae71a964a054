"""What a stage of the pipeline is given to compute with."""

from collections.abc import Callable
from dataclasses import dataclass

from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.chunks import Chunk, Chunking
from fieldmarks.precompute.pipeline.inputs import RunInputs


@dataclass
class Work:
    """A run that is being computed.

    Parameters
    ----------
    inputs : RunInputs
    writer : RunWriter
        Where results go.
    ranks : Ranks
    read : callable
        Returns the run as far as it is written.
    chunking : Chunking
    chunks : list of Chunk
        Of the pass over the images, which puts those in their place that it found.
    has_thumbnails : bool
        Whether the pass over the images was computed here: it writes thumbnails beside.
    """

    inputs: RunInputs
    writer: RunWriter
    ranks: Ranks
    read: Callable[[], Run]
    chunking: Chunking
    chunks: list[Chunk]
    has_thumbnails: bool = False
