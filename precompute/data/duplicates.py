"""Pictures that are equal or nearly equal: the same photograph twice, encoded or scaled again.

Files with the same bytes are equal. Others are compared by a small version of the picture, and two
count as one where these differ by less than what encoding leaves.
"""

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from fieldmarks.precompute.data.image_file import open_image

#: Side of the small version in pixels, and the largest root mean square difference of two that are
#: one picture, in grey levels of 255.
SIDE, LARGEST = 16, 3.2
#: Directions in which small versions differ most; nearness there is looked up before all of it.
_AXES = 8


def duplicate_groups(files: Sequence[Path]) -> dict[int, list[int]]:
    """Return the group of each image that stands more than once.

    Parameters
    ----------
    files : sequence of X Path
        Files that cannot be read are no duplicates. What was found is kept in the user's cache
        until a file changes.

    Returns
    -------
    dict of int to list of int
        For each such image x all images of its group, x among them.
    """
    kept = _cache(files)
    if kept.is_file():
        label = np.load(kept)
    else:
        label = _labels(files)
        _keep(kept, label)
    members = defaultdict(list)
    for x, group in enumerate(label.tolist()):
        members[group].append(x)
    return {x: group for group in members.values() if len(group) > 1 for x in group}


def _labels(files: Sequence[Path]) -> np.ndarray:
    """Return a number a group, shape (X,)."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = list(pool.map(_look, files))
    content = np.array([name for name, _ in looks])
    _, first, same = np.unique(content, return_index=True, return_inverse=True)
    pairs = [np.column_stack([np.arange(len(files)), first[same]])]
    xs = np.array([x for x in np.unique(first) if looks[x][1] is not None], int)
    if len(xs) > 1:
        near = near_pairs(np.stack([looks[x][1] for x in xs]))
        pairs.append(xs[near])
    a, b = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(len(files),) * 2)
    return connected_components(graph, directed=False)[1]


def near_pairs(small: np.ndarray, largest: float = LARGEST) -> np.ndarray:
    """Return pairs of rows that differ by less than ``largest``, shape (n, 2).

    Parameters
    ----------
    small : ndarray of shape (n, D)
        Grey levels from 0 to 255.
    largest : float
        Root mean square difference.
    """
    centred = small.astype(np.float32) - small.mean(axis=0, dtype=np.float32)
    _, axes = np.linalg.eigh(centred.T @ centred)
    radius = largest * np.sqrt(small.shape[1])
    # a projection never lengthens: all that is near is near there too
    pairs = KDTree(centred @ axes[:, -_AXES:]).query_pairs(radius, output_type="ndarray")
    is_near = [float(np.linalg.norm(centred[a] - centred[b])) <= radius for a, b in pairs.tolist()]
    return pairs[np.array(is_near, bool)]


def _look(path: Path) -> tuple[str, np.ndarray | None]:
    """Return what identifies the content of a file, and its small version as one row."""
    try:
        data = path.read_bytes()
    except OSError:
        return f"missing {path}", None
    content = hashlib.sha256(data).hexdigest()
    return content, small_version(path)


def small_version(path: Path) -> np.ndarray | None:
    """Return a picture at 16 by 16 pixels, shape (768,) uint8, None where it cannot be read."""
    try:
        with open_image(path) as image:
            image.draft("RGB", (4 * SIDE, 4 * SIDE))
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except Exception:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more; that the
        # file cannot be read is told when the network is to see it
        return None
    return np.asarray(small).reshape(-1)


def _cache(files: Sequence[Path]) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fieldmarks"
    listed = hashlib.sha256(f"{SIDE} {LARGEST}".encode())
    for path in files:
        try:
            status = path.stat()
            listed.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        except OSError:
            listed.update(f"{path}\n".encode())
    return folder / f"duplicates-{listed.hexdigest()[:32]}.npy"


def _keep(path: Path, label: np.ndarray) -> None:
    """Write the groups; without a cache they are found again the next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            np.save(file, label)
        Path(file.name).replace(path)
    except OSError:
        return
