"""How long the page Try takes after an upload, step by step and as a whole.

``python -m benchmarks.try_page RUN ... [--pictures FOLDER]`` uploads pictures of other bytes
each time (made-up ones of 640 x 480 by default) and prints CSV: medians in milliseconds. *page* is
a whole rerun of the page after the upload, without a browser: what the server does until all is
sent; *page_cpu* the processor time of it, which other programs do not lengthen. The steps are
measured by themselves, by the functions that the page calls.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from benchmarks.row import print_row
from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.live.neighbours import TrainingImages
from fieldmarks.core.live.network_file import Fed
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.figures.heatmaps import attribute_layer, class_heatmaps, layer_uri
from fieldmarks.dashboard.try_picture.network import opened_network
from fieldmarks.dashboard.try_picture.trial import N_NEAREST
from tests.support.pages import visit

N_PICTURES = 12
STEPS = ("decode", "network", "neighbours", "sentences", "heatmaps")


def made_up(i: int) -> bytes:
    """Return a JPEG of coarse noise, another for each i."""
    rng = np.random.default_rng(i)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8))
    buffer = io.BytesIO()
    small.resize((640, 480), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def pictures(folder: Path | None) -> list[bytes]:
    """Return the contents of files of a folder, or made-up pictures."""
    if folder is None:
        return [made_up(i) for i in range(N_PICTURES)]
    paths = sorted(path for path in folder.rglob("*.jpg"))
    chosen = np.linspace(0, len(paths) - 1, N_PICTURES).astype(int)
    return [paths[i].read_bytes() for i in chosen]


def steps(run: Run, contents: list[bytes]) -> dict[str, float]:
    """Return the median time of each step."""
    network, training, fed = opened_network(run), TrainingImages(run), Fed.of(run)
    times: dict[str, list[float]] = {step: [] for step in STEPS}

    def timed(step: str, do: Callable):
        start = time.perf_counter()
        result = do()
        times[step].append(1000 * (time.perf_counter() - start))
        return result

    def decode(content: bytes):
        upload = Upload(content)
        square = fed.square(upload.size, (0.0, 0.0, *map(float, upload.size)))
        return np.asarray(upload.cut_out(square, network.input_size, fed.interpolation))

    for content in contents:
        pixels = timed("decode", lambda content=content: decode(content))
        output = timed("network", lambda pixels=pixels: network(pixels))
        timed(
            "neighbours",
            lambda output=output: (
                training.nearest(output.pooled, N_NEAREST),
                training.novelty(output.pooled),
            ),
        )
        image = one_image_run(
            run, output.maps, output.pooled, output.logits, output.local, output.moments
        )
        cs = np.argsort(-output.logits)[:2].tolist()

        def sentences(image=image, cs=cs):
            first, second = (explain(image, 0, c) for c in cs)
            return first, second, contrast(image, first, second)

        first, second, _ = timed("sentences", sentences)
        words = dict.fromkeys([*first.attributes, *second.attributes])

        def heatmaps(image=image, cs=cs, words=words):
            layers = [attribute_layer(image, 0, t) for t in words]
            return layers, [layer_uri(cam) for cam in class_heatmaps(image, 0, cs)]

        timed("heatmaps", heatmaps)
    return {step: statistics.median(values[1:]) for step, values in times.items()}


def upload(app: AppTest, content: bytes) -> tuple[float, float]:
    """Upload a picture to the opened page and return the time and processor time of the rerun."""
    start, cpu = time.perf_counter(), time.process_time()
    app.file_uploader[0].set_value(("picture.jpg", content, "image/jpeg")).run()
    taken = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu)
    assert not app.exception
    assert app.subheader, "the page explains the picture"
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    contents = pictures(args.pictures)
    for name in args.runs:
        run = read_run(runs_folder() / name)
        app = visit(f"try?run={name}")
        pages = np.array([upload(app, content) for content in contents])
        page, page_cpu = np.median(pages[1:], axis=0).tolist()
        print_row(
            "try_page",
            run=name,
            arch=run.manifest["arch"],
            side=run.manifest["input_size"],
            filters=run.sizes["F"],
            head=run.head.kind,
            by=type(opened_network(run)).__name__,
            **{f"{step}_ms": taken for step, taken in steps(run, contents).items()},
            page_ms=page,
            page_cpu_ms=page_cpu,
            first_page_ms=float(pages[0, 0]),
            load=round(os.getloadavg()[0], 1),
        )


if __name__ == "__main__":
    main()
