"""The README's commands, one after the other, as a person would give them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import read_evaluation
from fieldmarks.precompute.demo.build import is_unfinished
from tests.support.pages import visit

pytestmark = pytest.mark.slow


def told(capsys, *arguments) -> str:
    assert main([str(argument) for argument in arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_the_demo_makes_birds_a_network_and_a_run_and_finds_all_there_the_second_time(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    command = ["demo", "--build", "--species", 4, "--images", 12, "--epochs", 2]
    told(capsys, *command)
    assert not is_unfinished(tmp_path, "demo")
    run = read_run(tmp_path / "demo")
    assert run.sizes["X"] == 48
    assert len(run.table("diagnoses")) == 48
    assert read_evaluation(run).default_estimator == run.default_estimator
    assert "up to date" in told(capsys, *command)
    assert "recall" in told(capsys, "evaluate", "demo")
    for page in ("overview", "failures", "filters", "classes", "patterns"):
        assert not visit(f"{page}?run=demo").exception


def slice_of_cub(cub: Path, out: Path, class_ids: list[int], n_images: int) -> Path:
    """Copy a few images of some classes, with their annotations and captions."""
    source, target = cub / "CUB_200_2011", out / "CUB_200_2011"
    images = pd.read_csv(source / "images.txt", sep=" ", names=["id", "path"], index_col=0)
    labels = pd.read_csv(source / "image_class_labels.txt", sep=" ", names=["id", "c"], index_col=0)
    images["c"] = labels["c"]
    kept = images[images["c"].isin(class_ids)].groupby("c").head(n_images)
    ids = set(map(str, kept.index))
    (target / "parts").mkdir(parents=True)
    shutil.copy(source / "parts" / "parts.txt", target / "parts")
    for name in (
        "images.txt", "image_class_labels.txt", "train_test_split.txt", "bounding_boxes.txt",
        "parts/part_locs.txt",
    ):  # fmt: skip
        lines = (source / name).read_text("utf-8").splitlines(keepends=True)
        (target / name).write_text(
            "".join(line for line in lines if line.split(" ", 1)[0] in ids), "utf-8"
        )
    classes = (source / "classes.txt").read_text("utf-8").splitlines(keepends=True)
    chosen = "".join(line for line in classes if int(line.split(" ", 1)[0]) in class_ids)
    (target / "classes.txt").write_text(chosen, "utf-8")
    for path in kept["path"]:
        for tree, file in ((source / "images", path), (cub / "text_c10", f"{path[:-4]}.txt")):
            copy = out / (tree / file).relative_to(cub)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if (tree / file).exists():
                shutil.copy(tree / file, copy)
    return out


@pytest.mark.real
def test_real_birds_go_from_files_to_pages(tmp_path, capsys, monkeypatch):
    for name in ("FIELDMARKS_CUB", "FIELDMARKS_WEIGHTS"):
        if not os.environ.get(name):
            pytest.skip(f"{name} is not set")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path / "runs"))
    # two albatrosses, a blackbird, and a towhee that nobody wrote captions for
    cub = slice_of_cub(Path(os.environ["FIELDMARKS_CUB"]), tmp_path / "cub", [1, 2, 10, 21], 16)
    weights = Path(os.environ["FIELDMARKS_WEIGHTS"]) / "mobilenet_v2_inat_birds.pth"
    checkpoint = tmp_path / "checkpoint.pth"
    told(
        capsys, "train", "--cub", cub / "CUB_200_2011", "--arch", "mobilenet_v2",
        "--weights", weights, "--out", checkpoint, "--epochs", 3, "--input-size", 128,
    )  # fmt: skip
    told(
        capsys, "run", "--cub", cub / "CUB_200_2011", "--captions", cub / "text_c10",
        "--arch", "mobilenet_v2", "--checkpoint", checkpoint, "--name", "cub",
    )  # fmt: skip
    run = read_run(tmp_path / "runs" / "cub")
    without = (run.images["n_captions"] == 0).to_numpy()
    assert set(run.images["true_c"].to_numpy()[without]) == {3}
    assert run.counts[np.flatnonzero(without)].nnz == 0
    assert (run.array("top_t_predicted")[without, 0] >= 0).all(), "explained like the others"
    accuracy = (run.images["true_c"] == run.images["predicted_c"])[~run.images["is_train"]].mean()
    assert accuracy > 0.5, "four classes, of which chance gets a quarter right"
    assert "Grounding, PCK" in told(capsys, "evaluate", "cub")
    assert not visit("failures?run=cub").exception
