"""Explanations and prototypes of all images, for search and galleries.

Images are processed in blocks, so that memory does not grow with X; several processes share the
blocks.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from fieldmarks.core.batching import n_threads, products_by_one_thread
from fieldmarks.core.class_statistics import RunningTop, class_sums, distances_to_mean, nearest
from fieldmarks.core.explanations.factors import ClassedImages, Factors
from fieldmarks.core.run.contract import K
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.prefetch import work_ahead
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.registry import CANONICAL, TOP_IMAGES
from fieldmarks.precompute.pipeline.work import Work

#: Images worked on at a time.
BLOCK = 512


def compute(work: Work) -> None:
    """Compute the stage ``explanations``."""
    run = work.read()
    predicted_c, true_c = (run.images[c].to_numpy() for c in ("predicted_c", "true_c"))
    if run.has_words:
        write_explanations(work.writer, Factors.of(run), predicted_c, true_c, work.ranks)
    write_prototypes(work.writer, run, TOP_IMAGES, CANONICAL, work.ranks)


def image_blocks(n_images: int, ranks: Ranks) -> list[np.ndarray]:
    """Return the images of each block that is this rank's."""
    starts = ranks.share(list(range(0, n_images, BLOCK)))
    return [np.arange(start, min(start + BLOCK, n_images)) for start in starts]


def write_explanations(
    writer: RunWriter, factors: Factors, predicted_c: np.ndarray, true_c: np.ndarray, ranks: Ranks
) -> None:
    """Write the top attributes of every image for its predicted and its true class.

    Parameters
    ----------
    writer : RunWriter
    factors : Factors
    predicted_c, true_c : ndarray of shape (X,)
    ranks : Ranks
    """
    X, k = len(true_c), min(K, len(factors.attributes))
    names = [f"top_{what}_{side}" for what in "tp" for side in ("predicted", "true")]
    if factors.seen is not None:
        names += ["said_t_predicted", "said_t_true"]
    if ranks.is_first:
        for name in names:
            writer.create(name, {"X": X, "K": k})
    ranks.barrier()
    files = {name: writer.rows(name) for name in names}

    def explain(xs: np.ndarray) -> int:
        images = factors.images(xs)
        as_predicted = _words(images.as_classes(predicted_c[xs]), k)
        is_wrong = predicted_c[xs] != true_c[xs]
        as_true = dict(as_predicted)
        if is_wrong.any():
            wrong = _words(images.as_classes(true_c[xs[is_wrong]], is_wrong), k)
            for name, values in wrong.items():
                as_true[name] = as_predicted[name].copy()
                as_true[name][is_wrong] = values
        for side, words in (("predicted", as_predicted), ("true", as_true)):
            for name, values in words.items():
                files[f"{name}_{side}"].write(xs[0], values)
        return len(xs)

    with (
        products_by_one_thread(),
        ThreadPoolExecutor(n_threads(), "explain") as pool,
        tqdm(total=X, desc="explanations", unit=" images", disable=not ranks.is_first) as progress,
    ):
        for n_images in work_ahead(pool, explain, image_blocks(X, ranks), ahead=2):
            progress.update(n_images)
    for file in files.values():
        file.sync()
        file.close()
    ranks.barrier()


def _words(images: ClassedImages, k: int) -> dict[str, np.ndarray]:
    """Return what is kept of images as classes: attributes, their p, words of the sentences."""
    top_t, top_p = images.top(k)
    said = images.said()
    return {"top_t": top_t, "top_p": top_p, **({} if said is None else {"said_t": said})}


def write_prototypes(
    writer: RunWriter, run: Run, n_top: int, n_canonical: int, ranks: Ranks
) -> None:
    """Write the top images of each filter and the canonical images of each class.

    Typical are the training images nearest to the mean of their class's training images.
    Unreadable images are never shown as typical of anything.

    Parameters
    ----------
    writer : RunWriter
    run : Run
        The same run, as far as it is written.
    n_top, n_canonical : int
        At most so many top images of a filter and typical training images of a class.
    ranks : Ranks
    """
    pooled, is_readable = run.array("pooled"), run.is_readable
    true_c, is_train = run.images["true_c"].to_numpy(), run.images["is_train"].to_numpy(bool)
    (X, F), C, R = pooled.shape, len(run.classes), min(n_top, int(is_readable.sum()))
    mine = image_blocks(X, ranks)
    top, sums = RunningTop(F, R), np.zeros((C, F))
    is_typical = is_train & is_readable
    for xs in mine:
        block = np.asarray(pooled[xs[0] : xs[-1] + 1])
        top.update(block[is_readable[xs]], xs[is_readable[xs]])
        sums += class_sums(block[is_typical[xs]], true_c[xs[is_typical[xs]]], C)
    overall = RunningTop(F, R)
    overall.merge(np.concatenate(ranks.gather(top.keys), axis=1))
    n_typical = np.bincount(true_c[is_typical], minlength=C)
    means = ranks.total(sums) / np.maximum(n_typical, 1)[:, None]
    distance = np.zeros(X)
    for xs in mine:
        distance[xs] = distances_to_mean(np.asarray(pooled[xs[0] : xs[-1] + 1]), true_c[xs], means)
    distance = np.where(is_typical, ranks.total(distance), np.inf)
    if ranks.is_first:
        writer.put("top_images", overall.images())
        writer.put("canonical", nearest(distance, true_c, C, n_canonical))
