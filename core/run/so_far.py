"""What is known of a run during the pass over its images: how many fail so far, and which.

``so_far.json`` lies in the unfinished folder of the run. It goes when the run is published.
"""

import base64
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import check_name

SO_FAR = "so_far.json"
#: Failures that are kept, the most confident ones.
MOST = 48
#: Bytes of the largest file that is read.
_LIMIT = 1 << 26


@dataclass(frozen=True)
class FailureSoFar:
    """A test image that is misclassified.

    Parameters
    ----------
    path : str
        Below the data set's image folder.
    true, predicted : str
        Names of classes.
    probability : float
        Of the predicted class, softmax of the class scores.
    thumbnail : str
        JPEG in base64.
    """

    path: str
    true: str
    predicted: str
    probability: float
    thumbnail: str

    def jpeg(self) -> bytes:
        """Return the bytes of the thumbnail."""
        return base64.b64decode(self.thumbnail)


@dataclass(frozen=True)
class SoFar:
    """The images that have passed the network.

    Parameters
    ----------
    n_images, n_done : int
        All images, and those that have passed.
    n_test, n_wrong : int
        Test images that have passed, and those of them that are misclassified.
    failures : list of FailureSoFar
        At most `MOST`, by descending probability.
    written : float
        When, in seconds since 1970.
    """

    n_images: int
    n_done: int = 0
    n_test: int = 0
    n_wrong: int = 0
    failures: list[FailureSoFar] = field(default_factory=list)
    written: float = 0.0

    def plus(
        self, n_done: int, n_test: int, n_wrong: int, failures: Iterable[FailureSoFar]
    ) -> "SoFar":
        """Return this with more images."""
        kept = sorted([*self.failures, *failures], key=lambda each: -each.probability)[:MOST]
        counts = (self.n_done + n_done, self.n_test + n_test, self.n_wrong + n_wrong)
        return SoFar(self.n_images, *counts, kept)

    def write(self, folder: Path) -> None:
        """Write ``so_far.json``."""
        with atomic_write(folder / SO_FAR) as file:
            file.write(json.dumps({**asdict(self), "written": time.time()}).encode())


def read_so_far(runs: Path, name: str) -> SoFar | None:
    """Return what is known of a run that was not published yet, None where nothing is."""
    path = runs / f".{check_name(name)}.partial" / SO_FAR
    try:
        if not path.is_file() or path.stat().st_size > _LIMIT:
            return None
        read = json.loads(path.read_text("utf-8"))
        failures = [FailureSoFar(**each) for each in read.pop("failures")]
        found = SoFar(failures=failures, **read)
        _check(found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found


def _check(found: SoFar) -> None:
    """Raise ValueError or TypeError where a value is not what it should be."""
    counts = (found.n_images, found.n_done, found.n_test, found.n_wrong)
    if not all(type(n) is int for n in counts) or min(counts) < 0 or found.n_done > found.n_images:
        raise ValueError(counts)
    float(found.written)
    for each in found.failures:
        for said in (each.path, each.true, each.predicted):
            said.encode("utf-8")
        each.jpeg()
        if not 0 <= each.probability <= 1:
            raise ValueError(each.probability)
