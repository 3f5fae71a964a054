"""Set-ups of heads: parts, contrasts and what-ifs are those that the owner's own network gives.

The owner computes in plain torch: a hook changes the feature maps, autograd differentiates.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torchvision.datasets.folder import default_loader

from fieldmarks.core.explanations.ablation import what_if
from fieldmarks.core.explanations.contrast import contrast, logit_difference
from fieldmarks.core.explanations.contributions import lead_of_filters
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.pipeline.stages import feeding
from tests.support.owner import CLASSES, STEPS, Judged, Owner, run_of, save_rgb, write_folders
from tests.support.pages import said as said_on_page
from tests.support.pages import visit

pytestmark = pytest.mark.slow
BODY = """
from torch import nn
from torch.nn import functional

class Cosine(nn.Module):
    def __init__(self, n, num_classes):
        super().__init__()
        self.fc = nn.Linear(n, num_classes)
    def forward(self, x):
        return self.fc(functional.normalize(x))

def net(num_classes=3):
    return nn.Sequential(
        nn.Conv2d(3, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 24, 5, 2), {activation},
        {pool}, nn.Flatten(), {head}
    )
"""
AVERAGE = "nn.AdaptiveAvgPool2d(1)"


class Head(NamedTuple):
    """A network's end, and whether the tool knows it exactly."""

    head: str
    kind: str
    activation: str = "nn.ReLU()"
    pool: str = AVERAGE

    @property
    def is_exact(self) -> bool:
        return self.kind != "first order"


LINEAR = "nn.Linear(24, num_classes)"
HEADS = {
    "one linear layer": Head(LINEAR, "linear"),
    "maximum pooling": Head(LINEAR, "linear", pool="nn.AdaptiveMaxPool2d(1)"),
    "negative maps": Head(LINEAR, "linear", "nn.Identity()"),
    "layer norm, as ConvNeXt": Head(f"nn.LayerNorm(24, 1e-3), {LINEAR}", "layer norm"),
    "cosine": Head("Cosine(24, num_classes)", "cosine"),
    "two layers": Head(
        "nn.Linear(24, 16), nn.Hardswish(), nn.Linear(16, num_classes)", "first order"
    ),
    "rows and columns, as VGG": Head(
        "nn.Linear(96, num_classes)", "first order", pool="nn.AdaptiveAvgPool2d(2)"
    ),
}


@pytest.fixture(scope="module", params=HEADS)
def made(request, tmp_path_factory) -> tuple[Head, Owner, Run, Path]:
    """An owner's network with captions of its pictures, and the run of it."""
    folder, head = tmp_path_factory.mktemp("head"), HEADS[request.param]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patched.setattr(feeding, "N_JUDGED", 4)
        judged = Judged.of_folders(write_folders(folder / "data", captioned))
        code = BODY.format(**head._asdict())
        owner = Owner.of_own_code(folder, lambda path: STEPS(default_loader(path)), code)
        owner.train(judged.train, folder / "net.pth")
        run, _ = run_of(folder, "--mean .5 .5 .5 --std .25 .25 .25 --min-images 2")
    return head, owner, run, folder


def captioned(path: Path, c: int, seed: int) -> None:
    save_rgb(path, c, seed)
    colour, length = ("red", "blue", "grey")[(c + seed) % 3], ("long", "short")[seed % 2]
    path.with_suffix(".txt").write_text(f"a {colour} thing with a {length} edge and stripes\n")


def paths(run: Run, folder: Path) -> list[str]:
    return [str(folder / "data" / path) for path in run.images["path"]]


def changed(owner: Owner, path: str, scale: np.ndarray) -> np.ndarray:
    """Return the class scores of a picture with scaled maps, by a hook on the owner's network."""
    factors = torch.tensor(scale, dtype=torch.float32)[:, None, None]
    hook = owner.model[3].register_forward_hook(lambda _, __, maps: maps * factors)
    scores = owner.scores([path])[0]
    hook.remove()
    return scores


def gradient(owner: Owner, path: str, c: int) -> np.ndarray:
    """Return each map's gradient times activation for a class, summed over the map."""
    kept = []
    hook = owner.model[3].register_forward_hook(lambda _, __, maps: kept.append(maps))
    image = owner.pipeline(path)[None].requires_grad_()
    score = owner.model(image)[0, c]
    hook.remove()
    (slope,) = torch.autograd.grad(score, kept[0])
    return (slope * kept[0]).sum((0, 2, 3)).detach().numpy()


def is_split(run: Run) -> bool:
    return run.head.is_split


def of_owner(run: Run, parts: np.ndarray) -> np.ndarray:
    """Return parts of the owner's maps: the tool splits maps with negative values in two."""
    if not is_split(run):
        return parts
    half = len(parts) // 2
    return parts[:half] + parts[half:]


def test_the_kind_of_the_head_is_told(made):
    head, _, run, _ = made
    assert run.head.kind == head.kind
    assert run.manifest["head"]["kind"] == head.kind


def test_scores_are_those_of_the_owner(made):
    _, owner, run, folder = made
    np.testing.assert_allclose(run.array("logits"), owner.scores(paths(run, folder)), atol=2e-3)


def test_parts_of_filters_are_those_of_the_owners_gradient(made):
    """For every head gradient times activation is the share of a filter in a class score."""
    head, owner, run, folder = made
    for x in (0, 7, 20):
        a, b = int(run.images["predicted_c"][x]), int(run.images["true_c"][x])
        b = b if b != a else (a + 1) % len(CLASSES)
        ours = np.asarray(run.array("pooled")[x], float) * (run.weights(x, a) - run.weights(x, b))
        path = paths(run, folder)[x]
        if head.kind in ("linear", "first order"):
            theirs = gradient(owner, path, a) - gradient(owner, path, b)
            np.testing.assert_allclose(of_owner(run, ours), theirs, atol=2e-3)
        fs, part = lead_of_filters(run, x, a, b)
        np.testing.assert_allclose(part, ours[fs], rtol=1e-5, atol=1e-6)


def test_the_contrast_of_an_exact_head_sums_to_the_owners_lead(made):
    head, owner, run, folder = made
    bias = run.array("class_bias")
    for x in (1, 8, 30):
        scores = owner.scores([paths(run, folder)[x]])[0]
        a, b = np.argsort(-scores)[:2]
        first, second = explain(run, x, int(a)), explain(run, x, int(b))
        parts = logit_difference(run, first, second)
        lead = (scores[a] - bias[a]) - (scores[b] - bias[b])
        if head.is_exact:
            assert parts.sum() == pytest.approx(lead, abs=5e-3)
        both = contrast(run, first, second)
        assert (both.logit_part[both.for_first] > 0).all()
        assert (both.logit_part[both.for_second] < 0).all()


def test_what_if_is_exact_where_it_says_so_and_an_estimate_elsewhere(made):
    head, owner, run, folder = made
    F = 24
    for x, f, factor in ((2, 3, 0.0), (9, 11, 0.0), (25, 17, 2.0)):
        scale = np.ones(F)
        scale[f] = factor
        of_run = np.tile(scale, 2) if is_split(run) else scale
        ours = what_if(run, [x], of_run).after[0]
        theirs = torch.softmax(torch.tensor(changed(owner, paths(run, folder)[x], scale)), 0)
        if head.is_exact:
            np.testing.assert_allclose(ours, theirs, atol=5e-3)


def test_the_page_says_whether_a_what_if_is_exact(made, monkeypatch):
    head, _, _, folder = made
    monkeypatch.setenv("FIELDMARKS_RUNS", str(folder / "runs"))
    app = visit("images?x=1&tab=what+if")
    assert not app.exception
    page = said_on_page(app)
    assert ("An estimate: class scores are not linear" in page) == (not head.is_exact)
    assert ("Exact" in page) == head.is_exact
