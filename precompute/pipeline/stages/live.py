"""What trying new pictures needs: the network as one file, and how far test images lie.

The file is checked against the stored class scores of test images, by what the dashboard runs: from
the image file to the scores. A file that gives other scores is not kept. Without a file the page
Try runs the network in a worker; then what the worker runs is checked in the same way.
"""

from collections.abc import Callable

import numpy as np

from fieldmarks.core.errors import DataError, ModelError
from fieldmarks.core.live.neighbours import distances_of_test_images
from fieldmarks.core.live.network_file import NetworkFile, NetworkOutput, sha256_of
from fieldmarks.core.outputs import unfinished_path
from fieldmarks.core.run.files import NETWORK
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.network.loading import LoadedModel
from fieldmarks.precompute.network.one_picture import PictureForward
from fieldmarks.precompute.network.onnx_file import export
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.stage import Computed

#: Test images whose scores are compared.
N_CHECKED = 16
#: Largest difference of a class score, in units of the largest score where that is above 1: in
#: single precision, and where the run's own scores were computed in half of it.
TOLERANCE, MIXED_TOLERANCE = 1e-3, 5e-2


def compute(work: Work) -> Computed:
    """Compute the stage ``live``."""
    inputs = work.inputs
    return write_live(work.read(), work.writer, inputs.model, inputs.dataset, inputs.precision)


def write_live(
    run: Run, writer: RunWriter, model: LoadedModel, dataset: Dataset, precision: str
) -> Computed:
    """Write the network's file and the distances of test images, and return how it was checked.

    Parameters
    ----------
    run : Run
        Still being written.
    writer : RunWriter
        Of the same run.
    model : LoadedModel
    dataset : Dataset
        That of the run.
    precision : str
        What the run's scores were computed in, for instance ``cpu float32``.

    Returns
    -------
    Computed
        Why there is no file, empty where there is one. Largest ``difference`` of a class score
        between what runs a new picture and the run, the ``tolerance``, and how many ``images``.
    """
    writer.put("neighbour_distance", distances_of_test_images(run))
    path = unfinished_path(writer.folder / NETWORK)
    decoder = Decoder(dataset, model.preprocessing, thumb_size=1)
    is_mixed = not precision.endswith("float32")
    try:
        export(model, path)
        measured = _check(run, NetworkFile(path), decoder, is_mixed)
        if not measured["difference"] <= measured["tolerance"]:
            raise ModelError(
                f"the exported network gives class scores that differ by "
                f"{measured['difference']:.2g} from those of the run, more than "
                f"{measured['tolerance']:.2g}"
            )
    except (ModelError, DataError) as error:
        path.unlink(missing_ok=True)
        return Computed(str(error), _check(run, PictureForward(model), decoder, is_mixed))
    digest = sha256_of(path)
    path.replace(writer.folder / NETWORK)
    return Computed(measured={**measured, "sha256": digest})


def _check(
    run: Run,
    network: Callable[[np.ndarray], NetworkOutput],
    decoder: Decoder,
    is_mixed: bool,
) -> dict[str, float]:
    readable = np.flatnonzero(run.is_readable)
    xs = readable[run.is_test[readable]]
    xs = xs if len(xs) else readable
    xs = xs[np.linspace(0, len(xs) - 1, min(N_CHECKED, len(xs))).astype(int)]
    stored = run.array("logits")[xs]
    scores = [network(pixels).logits for pixels in decoder.pixels(xs).numpy()]
    share = MIXED_TOLERANCE if is_mixed else TOLERANCE
    return {
        "difference": float(np.abs(np.array(scores) - stored).max()),
        "tolerance": share * max(1.0, float(np.abs(stored).max())),
        "images": len(xs),
    }
