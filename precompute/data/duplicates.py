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

from fieldmarks.core.input_file import is_regular
from fieldmarks.core.pictures.decoding import is_deep, to_rgb
from fieldmarks.precompute.data.image_file import MAX_BYTES, open_image

#: Side of the small version in pixels, and the largest root mean square difference of two that are
#: one picture, in grey levels of 255.
SIDE, LARGEST = 16, 3.2
#: A small version whose deviation is below this, in grey levels, shows nothing to compare: only
#: files with the same bytes are equal then.
_PLAIN = 2.0
#: Directions in which small versions differ most; nearness there is looked up before all of it.
_AXES = 8


def duplicate_groups(files: Sequence[Path], largest: int | None = None) -> dict[int, list[int]]:
    """Return the group of each image that stands more than once.

    Parameters
    ----------
    files : sequence of X Path
        Files that cannot be read are not duplicates. What was found is kept in the user's cache
        until a file changes.
    largest : int, optional
        Of more files than this only those with the same bytes are equal: nothing is decoded.

    Returns
    -------
    dict of int to list of int
        For each such image x all images of its group, x among them.
    """
    if largest is not None and len(files) > largest:
        return _groups(_same_bytes(files))
    kept = _cache(files)
    label = _kept(kept, len(files))
    if label is None:
        label = _labels(files)
        _keep(kept, label)
    return _groups(label)


def _groups(label: np.ndarray) -> dict[int, list[int]]:
    members = defaultdict(list)
    for x, group in enumerate(label.tolist()):
        members[group].append(x)
    return {x: group for group in members.values() if len(group) > 1 for x in group}


def _same_bytes(files: Sequence[Path]) -> np.ndarray:
    """Return a number a group of files with the same bytes, shape (X,); few files are read."""
    by_size = defaultdict(list)
    for x, path in enumerate(files):
        try:
            by_size[path.stat().st_size].append(x)
        except OSError:
            continue
    label, first = np.arange(len(files)), {}
    for x in (x for xs in by_size.values() if len(xs) > 1 for x in xs):
        label[x] = first.setdefault(_content(files[x]), x)
    return label


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
    return _content(path), small_version(path) if is_regular(path) else None


def _content(path: Path) -> str:
    """Return what identifies the bytes of a file; one that is no picture is like no other."""
    try:
        if is_regular(path) and path.stat().st_size <= MAX_BYTES:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        pass
    return f"missing {path}"


def small_version(path: Path) -> np.ndarray | None:
    """Return a picture at 16 by 16 pixels, shape (768,) uint8.

    Of more than 8 bits its own range is spread over all grey levels: what a network is fed of it
    may be black or white all over. None where it cannot be read or shows nothing to compare.
    """
    try:
        with open_image(path) as image:
            image.draft("RGB", (4 * SIDE, 4 * SIDE))
            whole = _spread(image) if is_deep(image) else to_rgb(image)
            small = np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BOX))
    except Exception:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more; that the
        # file cannot be read is reported when the network is to see it
        return None
    return None if small.std(axis=(0, 1)).max() < _PLAIN else small.reshape(-1)


def _spread(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, np.float32).astype(float))
    low, high = np.percentile(values, (1, 99))
    levels = (values.clip(low, high) - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(levels.astype(np.uint8)).convert("RGB")


def _cache(files: Sequence[Path]) -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fieldmarks"
    listed = hashlib.sha256(f"2 {SIDE} {LARGEST} {_PLAIN}".encode())
    for path in files:
        try:
            status = path.stat()
            listed.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        except OSError:
            listed.update(f"{path}\n".encode())
    return folder / f"duplicates-{listed.hexdigest()[:32]}.npy"


def _kept(path: Path, n: int) -> np.ndarray | None:
    """Return the groups of n files as they were found before, None where they were not."""
    try:
        label = np.load(path) if path.is_file() else None
    except (OSError, ValueError, EOFError):
        return None
    is_whole = isinstance(label, np.ndarray) and label.shape == (n,) and label.dtype.kind == "i"
    return label if is_whole else None


def _keep(path: Path, label: np.ndarray) -> None:
    """Write the groups; without a cache they are found again the next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            np.save(file, label)
        Path(file.name).replace(path)
    except OSError:
        return
