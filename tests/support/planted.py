"""A planted world of maps: what each filter sees, and where, is known.

Every image has a head and a belly at random cells, each red, black or white by its class. Filters
0-1 see a head and a belly of any colour, 2-4 a red, black or white head, 5-7 the same of bellies,
8 the background, 9 is noise.
"""

import numpy as np
from scipy import sparse

from fieldmarks.core.estimators import Inputs
from fieldmarks.core.probability import prior

COLOURS, NOUNS = ("red", "black", "white"), ("head", "belly")
ADJECTIVES = np.array(COLOURS * 2)
T_NOUNS = np.repeat(NOUNS, 3)
N_CLASSES, N_EACH, SIDE = 18, 7, 6
F, T = 10, 6
NAMED_BY = {2: 0, 3: 1, 4: 2, 5: 3, 6: 4, 7: 5}


def planted_world(seed: int = 0) -> tuple[Inputs, np.ndarray, np.ndarray]:
    """Return inputs, maps of shape (X, F, 6, 6) and the cells of head and belly, shape (X, 2)."""
    rng = np.random.default_rng(seed)
    X = N_CLASSES * N_EACH
    true_c = np.repeat(np.arange(N_CLASSES), N_EACH)
    colour = np.stack([true_c // 3 % 3, true_c % 3], axis=1)
    cells = np.stack([rng.permutation(SIDE * SIDE)[:2] for _ in range(X)])
    maps = rng.random((X, F, SIDE * SIDE)) * 0.2
    maps[:, 8] += 0.5
    for x in range(X):
        for part in range(2):
            maps[x, 8, cells[x, part]] = 0
            maps[x, part, cells[x, part]] += 2
            maps[x, 2 + 3 * part + colour[x, part], cells[x, part]] += 2
    counts = np.zeros((X, T), int)
    for part in range(2):
        counts[np.arange(X), 3 * part + colour[:, part]] = rng.integers(4, 9, X)
    counts += rng.random((X, T)) < 0.1
    maps = maps.reshape(X, F, SIDE, SIDE).astype(np.float16)
    pooled = maps.mean(axis=(2, 3), dtype=np.float32)
    colour_of = np.stack([np.arange(N_CLASSES) // 3 % 3, np.arange(N_CLASSES) % 3], axis=1)
    weights = np.zeros((N_CLASSES, F), np.float32)
    weights[np.arange(N_CLASSES), 2 + colour_of[:, 0]] = 1
    weights[np.arange(N_CLASSES), 5 + colour_of[:, 1]] = 1
    csr = sparse.csr_array(counts)
    inputs = Inputs(
        pooled=pooled,
        counts=csr,
        n_captions=np.full(X, 10),
        prior=prior(csr),
        true_c=true_c,
        nouns=T_NOUNS,
        adjectives=ADJECTIVES,
        class_weights=weights,
        maps=lambda: (
            (np.arange(start, min(start + 50, X)), maps[start : start + 50])
            for start in range(0, X, 50)
        ),
    )
    return inputs, maps, cells
