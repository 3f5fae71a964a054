"""What trying new pictures needs: the network as one file, and how far test images lie.

The file is checked against the stored class scores of test images, by what the dashboard runs: from
the image file to the scores. A file that gives other scores is not kept.
"""

import numpy as np

from core.errors import DataError, ModelError
from core.live.neighbours import distances_of_test_images
from core.live.network_file import NetworkFile
from core.runs.files import NETWORK
from core.runs.run import Run
from core.runs.writer import RunWriter
from precompute.datasets.dataset import Dataset
from precompute.images.decoding import Decoder
from precompute.network.loading import LoadedModel
from precompute.network.onnx_file import export

#: Test images whose scores are compared.
N_CHECKED = 16
#: Largest difference of a class score, in units of the largest score where that is above 1: in
#: single precision, and where the run's own scores were computed in half of it.
TOLERANCE, MIXED_TOLERANCE = 1e-3, 5e-2


def write_live(
    run: Run, writer: RunWriter, model: LoadedModel, dataset: Dataset, precision: str
) -> dict[str, float]:
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
    dict
        Largest ``difference`` of a class score, the ``tolerance``, and how many ``images``.

    Raises
    ------
    ModelError
        If the network cannot be exported, or its file gives other scores.
    DataError
        If ONNX Runtime is not installed.
    """
    path = writer.folder / NETWORK
    export(model, path)
    decoder = Decoder(dataset, model.preprocessing, thumb_size=1)
    is_mixed = not precision.endswith("float32")
    try:
        measured = _check(run, NetworkFile(path), decoder, is_mixed)
        if not measured["difference"] <= measured["tolerance"]:
            raise ModelError(
                f"the exported network gives class scores that differ by "
                f"{measured['difference']:.2g} from those of the run, more than "
                f"{measured['tolerance']:.2g}"
            )
    except (ModelError, DataError):
        path.unlink(missing_ok=True)
        raise
    writer.put("neighbour_distance", distances_of_test_images(run))
    return measured


def _check(run: Run, network: NetworkFile, decoder: Decoder, is_mixed: bool) -> dict[str, float]:
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
