"""What can be read at a filter's peak: which noun's attributes the most active cell predicts.

Captions contain no locations, but a cell predicts an attribute of *held-out classes* best where the
attribute is (`core.estimators.cross_class_score`). Asked of the cell at which a filter is most
active, image by image, this says which part of the body the filter looks at. Single filters are
noisy; filters that are active in the same cells look at the same part and share their scores.
"""

import numpy as np
from scipy import sparse
from scipy.special import softmax

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.estimators.base import Inputs, caption_fraction
from fieldmarks.core.estimators.cross_class_score import PeakSums
from fieldmarks.core.estimators.part_detectors import cell_directions, sample_cells
from fieldmarks.core.half_precision import to_float32

#: At most so many images, drawn at random, are read.
N_IMAGES = 6000
#: Principal directions of the cells in which peaks are kept.
N_DIRECTIONS = 48
#: Attributes of fewer training images are not used.
MIN_IMAGES = 15
#: Maximum number of attributes that are used, the most frequent ones.
N_ATTRIBUTES = 600
#: Pseudo-count of attributes with the average score, added to each noun.
SHRINKAGE = 1.0
#: Share of the images, those of the highest activation, in which filters are compared.
TOP_SHARE = 0.1
#: Temperature of the average over filters that are active in the same cells, in units of the
#: standard deviation of a map over its cells.
COLOCATION_TEMPERATURE = 0.8
#: Difference of correlation that makes one noun e times as likely as another.
TEMPERATURE = 0.03
#: Maximum of the absolute log weight.
MAX_LOG_WEIGHT = 6.0
#: Filters whose peaks are read at a time.
_FILTERS = 64
#: Images whose maps are read at a time.
_IMAGES = 32


def log_place(inputs: Inputs, seed: int = 0) -> np.ndarray:
    """Return how much more the noun of t is at the peaks of f than at those of other filters.

    Parameters
    ----------
    inputs : Inputs
        With maps, of at least two classes.
    seed : int
        Of the samples of images and cells.

    Returns
    -------
    ndarray of shape (F, T), float32
        Log weight, the same for all attributes of a noun; of mean 0 over filters before it is
        clipped to `MAX_LOG_WEIGHT`.
    """
    rng = np.random.default_rng(seed)
    X, F = inputs.shape
    if X > N_IMAGES:
        inputs = inputs.of_images(np.isin(np.arange(X), rng.choice(X, N_IMAGES, replace=False)))
    directions = cell_directions(sample_cells(inputs, rng), N_DIRECTIONS)
    cells, peaks, colocation = _read(inputs, directions)
    n_images = inputs.counts.astype(bool).sum(axis=0)
    common = np.argsort(-n_images, kind="stable")[:N_ATTRIBUTES]
    common = common[n_images[common] >= min(MIN_IMAGES, n_images.max())]
    share = caption_fraction(inputs)[:, common].toarray()
    rows, scores = np.arange(len(peaks)), []
    for block in blocks(F, _FILTERS):
        sums = PeakSums(inputs.true_c)
        sums.add(rows, cells[rows[:, None], peaks[:, block]], share)
        scores.append(sums.cross_class_score())
    noun = noun_scores(np.concatenate(scores), inputs.nouns[common], inputs.nouns)
    return log_weights(noun, colocation)


def noun_scores(score: np.ndarray, nouns: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the mean score of the attributes of each noun, shrunk towards the filter's mean.

    Parameters
    ----------
    score : ndarray of shape (F, n)
        Of some attributes.
    nouns : ndarray of shape (n,)
        Their nouns.
    of : ndarray of shape (T,)
        Nouns to return the score of.

    Returns
    -------
    ndarray of shape (F, T)
    """
    average, result = score.mean(axis=1), np.empty((len(score), len(of)), np.float32)
    for noun in np.unique(of):
        same = score[:, nouns == noun]
        mean = (same.sum(axis=1) + SHRINKAGE * average) / (same.shape[1] + SHRINKAGE)
        result[:, of == noun] = mean[:, None]
    return result


def log_weights(noun: np.ndarray, colocation: np.ndarray) -> np.ndarray:
    """Return scores averaged over filters of the same cells, centred, over the temperature.

    The average keeps the spread that the scores had: it removes noise and not certainty.

    Parameters
    ----------
    noun : ndarray of shape (F, T)
    colocation : ndarray of shape (F, F)
    """
    shared = softmax(colocation / COLOCATION_TEMPERATURE, axis=1) @ noun
    shared -= shared.mean(axis=0)
    spread = shared.std(axis=0).mean()
    scale = noun.std(axis=0).mean() / spread if spread > 0 else 0
    clipped = np.clip(shared * (scale / TEMPERATURE), -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT)
    return clipped.astype(np.float32)


def _read(inputs: Inputs, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return projected cells (X, H W, D), peaks (X, F) and colocation (F, F).

    The colocation of f with g is the standardised activation of g at the peak of f, averaged over
    the top-activating images of f.
    """
    X, F = inputs.shape
    pooled = inputs.activations(slice(None))
    least = np.quantile(pooled, 1 - TOP_SHARE, axis=0)
    peaks, cells = np.empty((X, F), np.int32), np.empty((X, 0, directions.shape[1]), np.float32)
    colocation, n_top = np.zeros((F, F), np.float32), (pooled >= least).sum(axis=0)
    for rows, maps in inputs.batches():
        flat = maps.reshape(*maps.shape[:2], -1)
        if cells.shape[1] != flat.shape[2]:
            cells = np.empty((X, flat.shape[2], directions.shape[1]), np.float32)

        def read(
            images: slice,
            rows: np.ndarray = rows,
            flat: np.ndarray = flat,
            cells: np.ndarray = cells,
        ) -> np.ndarray:
            xs, values = rows[images], to_float32(flat[images])
            peaks[xs] = values.argmax(axis=2)
            by_cell = np.ascontiguousarray(values.transpose(0, 2, 1))
            cells[xs] = by_cell @ directions
            by_cell -= by_cell.mean(axis=1, keepdims=True)
            by_cell /= np.maximum(by_cell.std(axis=1, keepdims=True), 1e-6)
            n, n_cells, _ = by_cell.shape
            image, f = np.nonzero(pooled[xs] >= least)
            # the cell at which each filter has its peak, of its top-activating images
            at = image * n_cells + peaks[xs][image, f]
            is_peak = sparse.csr_array(
                (np.ones(len(f), np.float32), (f, at)), shape=(F, n * n_cells)
            )
            return is_peak @ by_cell.reshape(-1, F)

        for part in in_threads(read, blocks(len(rows), _IMAGES)):
            colocation += part
    return cells, peaks, colocation / np.maximum(n_top, 1)[:, None]
