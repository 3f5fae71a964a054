"""How often strange pictures are called unfamiliar, and ordinary ones too.

``python -m benchmarks.novelty RUN [--other RUN ...]`` runs the exported network of a run on
noise, plain colours, its own test pictures with blocks exchanged, upside down or in negative, and
pictures of other runs. Each measure of novelty is ranked among half of the test images, and its
alarms at 5 % are counted on the other half (mean of 200 halvings, with the range that holds 95 %)
and on the strange pictures (95 % bootstrap interval over pictures); AUROC is of strange against
test pictures. Controls: the largest softmax probability, the energy (log-sum-exp of the logits),
and the distance to the nearest class mean.
"""

import argparse
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score

from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.live.neighbours import ALARM, TrainingImages, novelty_of
from fieldmarks.core.live.network_file import network_file
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run

HALVINGS, RESAMPLES = 200, 1000


class Measures:
    """Each measure as a function of activations and class scores; larger is stranger."""

    def __init__(self, run: Run):
        self.training = TrainingImages(run)
        xs = self.training.xs
        c = run.images["true_c"].to_numpy()[xs]
        counts = np.bincount(c, minlength=run.sizes["C"])[:, None]
        means = class_sums(run.array("pooled")[xs], c, run.sizes["C"]) / np.maximum(counts, 1)
        self.means = means[counts[:, 0] > 0]

    def __call__(self, pooled: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
        """Return every measure of n pictures."""
        to_means = np.linalg.norm(pooled[:, None] - self.means[None], axis=2).min(axis=1)
        return {
            "10th nearest training image": self.training.distance(pooled),
            "nearest class mean": to_means,
            "1 - largest probability": 1 - softmax(logits.astype(float), axis=1).max(axis=1),
            "energy": -logsumexp(logits.astype(float), axis=1),
        }


def thumbs(run: Run, n: int) -> Iterator[Image.Image]:
    """Yield the stored pictures of n test images, evenly spread."""
    xs = np.flatnonzero(run.is_test & run.is_readable)
    for x in xs[np.linspace(0, len(xs) - 1, min(n, len(xs))).astype(int)]:
        yield Image.open(io.BytesIO(run.packed("thumb", int(x))), formats=["JPEG"]).convert("RGB")


def strange(run: Run, others: list[Run], n: int, side: int) -> dict[str, np.ndarray]:
    """Return kinds of strange pictures, (n, S, S, 3) bytes each."""
    rng = np.random.default_rng(0)
    seen = np.stack([np.asarray(each.resize((side, side))) for each in thumbs(run, n)])
    cell = side // 4
    blocks = seen[:, : 4 * cell, : 4 * cell].reshape(len(seen), 4, cell, 4, cell, 3)
    blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(len(seen), 16, cell, cell, 3)
    mixed = np.stack([each[rng.permutation(16)] for each in blocks])
    mixed = mixed.reshape(len(seen), 4, 4, cell, cell, 3).transpose(0, 1, 3, 2, 4, 5)
    mixed = mixed.reshape(len(seen), 4 * cell, 4 * cell, 3)
    coarse = rng.integers(0, 256, (n, 8, 8, 3), np.uint8)
    kinds = {
        "noise": rng.integers(0, 256, (n, side, side, 3), np.uint8),
        "coarse noise": np.stack(
            [np.asarray(Image.fromarray(each).resize((side, side))) for each in coarse]
        ),
        "plain colours": np.broadcast_to(
            rng.integers(0, 256, (n, 1, 1, 3), np.uint8), (n, side, side, 3)
        ),
        "test pictures in negative": 255 - seen,
        "test pictures upside down": seen[:, ::-1],
        "test pictures, 16 blocks exchanged": np.pad(
            mixed, [(0, 0), *[(0, side - 4 * cell)] * 2, (0, 0)], mode="edge"
        ),
    }
    for other in others:
        kinds[f"pictures of {other.name}"] = np.stack(
            [np.asarray(each.resize((side, side))) for each in thumbs(other, n)]
        )
    return kinds


def alarms(scores: np.ndarray, reference: np.ndarray) -> float:
    """Return the share that is called unlike, by rank among the reference."""
    ordered = np.sort(reference)
    ranks = [novelty_of(float(score), ordered) for score in scores]
    return float(np.mean([rank.p_value <= ALARM for rank in ranks if rank is not None]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--other", nargs="*", default=[])
    parser.add_argument("--pictures", type=int, default=240)
    arguments = parser.parse_args()
    run = open_run(arguments.run)
    network, measures = network_file(run), Measures(run)
    test = np.flatnonzero(run.is_test & run.is_readable)
    normal = measures(run.array("pooled")[test], run.array("logits")[test])
    rng = np.random.default_rng(1)
    halves = [rng.permutation(len(test)) for _ in range(HALVINGS)]
    cut = len(test) // 2
    for name, scores in normal.items():
        shares = [alarms(scores[half[:cut]], scores[half[cut:]]) for half in halves]
        low, high = np.percentile(shares, [2.5, 97.5])
        print(f"{name:28s} false alarms {np.mean(shares):.3f} [{low:.3f}, {high:.3f}]", flush=True)
    others = [open_run(name) for name in arguments.other]
    for kind, pictures in strange(run, others, arguments.pictures, network.input_size).items():
        outputs = [network(each) for each in pictures]
        scores = measures(
            np.stack([each.pooled for each in outputs]), np.stack([each.logits for each in outputs])
        )
        for name, of_kind in scores.items():
            ordered = np.sort(normal[name])
            is_called = np.array(
                [(1 + (ordered >= s).sum()) / (len(ordered) + 1) <= ALARM for s in of_kind]
            )
            drawn = rng.choice(is_called, (RESAMPLES, len(is_called))).mean(axis=1)
            low, high = np.percentile(drawn, [2.5, 97.5])
            labels = np.repeat([0, 1], [len(ordered), len(of_kind)])
            auroc = roc_auc_score(labels, np.concatenate([normal[name], of_kind]))
            print(
                f"{kind:36s} {name:28s} called unlike {is_called.mean():.3f} [{low:.3f}, "
                f"{high:.3f}] AUROC {auroc:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
