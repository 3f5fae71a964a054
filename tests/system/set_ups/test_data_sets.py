"""Set-ups of data sets: classes, splits and files are those that the owner's own reader gives.

Readers are torchvision's ImageFolder, pandas, scikit-learn and Hugging Face's datasets. What is
left out, guessed or judged in another way is told in the terminal and in the manifest.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from sklearn.model_selection import StratifiedKFold, train_test_split
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.datasets.folder import default_loader

from tests.support.owner import (
    CLASSES,
    FED,
    NET,
    STEPS,
    Judged,
    Owner,
    S,
    assert_equal,
    blocks,
    command,
    fieldmarks,
    run_of,
    save_rgb,
    write_folders,
)

pytestmark = pytest.mark.slow
Reading = tuple[Judged, str, list[str]]


def opens(path: str) -> bool:
    try:
        default_loader(path)
    except Exception:
        return False
    return True


def folders(root: Path) -> Reading:
    return Judged.of_folders(write_folders(root)), "", []


def beside_docs(root: Path) -> Reading:
    """``train``, ``test`` and ``docs``, which is no class."""
    judged = Judged.of_folders(write_folders(root))
    (root / "docs" / "logos").mkdir(parents=True)
    save_rgb(root / "docs" / "logos" / "a", 0, 99)
    return judged, "", ["docs is neither a split nor a class: 1 images left out"]


def train_and_validation(root: Path) -> Reading:
    write_folders(root, n={"train": 10, "val": 8})
    return Judged.of_folders(root, test="val"), "", ["the validation split is used as one"]


def three_splits(root: Path) -> Reading:
    write_folders(root, n={"train": 10, "valid": 4, "test": 8})
    return Judged.of_folders(root), "", ["12 images of the validation split: left out"]


def unsplit(root: Path, classes=CLASSES) -> list[tuple[str, int]]:
    return ImageFolder(str(write_folders(root, n={"": 16}, classes=classes))).samples


def list_of_scikit_learn(root: Path) -> Reading:
    """``train_test_split``, kept as a list of the test images in full paths."""
    samples = unsplit(root)
    train, test = train_test_split(
        samples, test_size=18, random_state=1, stratify=[c for _, c in samples]
    )
    file = root.parent / "test_files.txt"
    file.write_text("\n".join(path for path, _ in test))
    return Judged(root, train, test), f"--split {file}", ["18 of 48 images are in it"]


def fold_of_scikit_learn(root: Path) -> Reading:
    """The third of four folds, in a table of files and folds."""
    samples = unsplit(root)
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    fold_of = {}
    for k, (_, xs) in enumerate(folds.split(samples, [c for _, c in samples])):
        fold_of |= {samples[x][0]: k for x in xs}
    table = root.parent / "folds.csv"
    rows = [(str(Path(path).relative_to(root)), k) for path, k in fold_of.items()]
    pd.DataFrame(rows, columns=["file_name", "fold"]).to_csv(table, index=False)
    train = [sample for sample in samples if fold_of[sample[0]] != 2]
    test = [sample for sample in samples if fold_of[sample[0]] == 2]
    return Judged(root, train, test), f"--split {table} --split-names 0,1,3=train 2=test", []


def numbered_splits(root: Path) -> Reading:
    """A table of pandas with 0, 1 and 2 for train, validation and test."""
    rows = [
        {"file_name": str(Path(path).relative_to(root)), "label": CLASSES[c], "split": i % 3}
        for i, (path, c) in enumerate(unsplit(root))
    ]
    pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
    frame = pd.read_csv(root / "metadata.csv")
    samples = [
        [(str(root / row.file_name), CLASSES.index(row.label)) for row in part.itertuples()]
        for part in (frame[frame["split"] == 0], frame[frame["split"] == 2])
    ]
    told = ["16 images of the validation split: left out"]
    return Judged(root, *samples), "--split-names 0=train 1=validation 2=test", told


def table_of(root: Path, write: Callable, read: Callable, **columns) -> tuple[Judged, Path]:
    """Write a table of files, classes and splits, and read it as the owner does."""
    rows = [
        {
            "file": str(Path(path).relative_to(root)), "kind": CLASSES[c],
            "part": "train" if i % 3 else "test",
        }
        for i, (path, c) in enumerate(unsplit(root))
    ]  # fmt: skip
    file = write(pd.DataFrame(rows).assign(**columns))
    frame = read(file)
    split = [
        [
            (str(root / row.file.replace("\\", "/")), CLASSES.index(row.kind))
            for row in part.itertuples()
        ]
        for part in (frame[frame["part"] == "train"], frame[frame["part"] == "test"])
    ]
    return Judged(root, *split), file


TABLE = "--label kind --split part --file-name file"


def semicolons(root: Path) -> Reading:
    """CSV as a German Excel writes it: semicolons, commas in numbers, Latin-1."""

    def write(frame):
        frame.to_csv(root / "t.csv", sep=";", decimal=",", encoding="cp1252", index=False)
        return root / "t.csv"

    judged, file = table_of(
        root, write, lambda f: pd.read_csv(f, sep=";", encoding="cp1252"), maße=1.5, Größe="groß"
    )
    return judged, f"{TABLE} --data {file}", []


def utf_16(root: Path) -> Reading:
    """Text with tabs as Excel's "Unicode text"."""

    def write(frame):
        frame.to_csv(root / "t.tsv", sep="\t", encoding="utf-16", index=False)
        return root / "t.tsv"

    judged, file = table_of(root, write, lambda f: pd.read_csv(f, sep="\t", encoding="utf-16"))
    return judged, f"{TABLE} --data {file}", []


def backslashes(root: Path) -> Reading:
    """Paths as Windows writes them."""

    def write(frame):
        frame["file"] = frame["file"].str.replace("/", "\\")
        frame.to_parquet(root / "t.parquet")
        return root / "t.parquet"

    judged, file = table_of(root, write, pd.read_parquet)
    return judged, f"{TABLE} --data {file}", []


def ids_with_zeros(root: Path) -> Reading:
    """Files by an id that begins with zeros and has no suffix."""
    rows = []
    for i, (path, c) in enumerate(unsplit(root)):
        Path(path).rename(root / f"{i:05d}.png")
        rows.append((f"{i:05d}", CLASSES[c], "test" if i % 3 == 0 else "train"))
    for name in CLASSES:
        (root / name).rmdir()
    pd.DataFrame(rows, columns=["id", "label", "split"]).to_csv(root / "t.csv", index=False)
    frame = pd.read_csv(root / "t.csv", dtype=str)
    split = [
        [(str(root / f"{row.id}.png"), CLASSES.index(row.label)) for row in part.itertuples()]
        for part in (frame[frame["split"] == "train"], frame[frame["split"] == "test"])
    ]
    return Judged(root, *split), f"--data {root / 't.csv'}", []


def order_of_appearance(root: Path) -> Reading:
    """Classes numbered by ``pd.factorize``, and kept in a list."""
    rows = [
        {
            "file_name": str(Path(path).relative_to(root)), "label": CLASSES[c],
            "split": "test" if i % 3 == 0 else "train",
        }
        for i, (path, c) in enumerate(reversed(unsplit(root)))
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.to_csv(root / "metadata.csv", index=False)
    numbers, names = pd.factorize(frame["label"])
    (root.parent / "names.txt").write_text("\n".join(names))
    samples = [
        (str(root / path), int(c)) for path, c in zip(frame["file_name"], numbers, strict=True)
    ]
    is_test = (frame["split"] == "test").tolist()
    split = [
        [s for s, t in zip(samples, is_test, strict=True) if t == side] for side in (False, True)
    ]
    return Judged(root, *split, list(names)), f"--classes {root.parent / 'names.txt'}", []


def class_to_idx(root: Path) -> Reading:
    """An order of its own, kept as ``class_to_idx.json`` beside the weights."""
    folder = Judged.of_folders(write_folders(root))
    classes = ["sock", "boot", "cap"]
    (root.parent / "class_to_idx.json").write_text(
        json.dumps({name: c for c, name in enumerate(classes)})
    )
    renumbered = [
        [(path, classes.index(CLASSES[c])) for path, c in samples]
        for samples in (folder.train, folder.test)
    ]
    return Judged(root, *renumbered, classes), "", ["class_to_idx.json gives the order"]


def names_of_any_kind(root: Path) -> Reading:
    """Class folders whose order depends on case, digits, spaces and accents."""
    classes = (
        "Zebra",
        "apple",
        "10 euro",
        "2 euro",
        "école",
        "_x",
        "a b",
        "test tube",
        "train set 1x",
    )
    write_folders(root, n={"train": 6, "test": 3}, classes=classes, save=of_many)
    return Judged.of_folders(root), "", []


def of_many(path: Path, c: int, seed: int) -> None:
    Image.fromarray(blocks(c % 3, seed) // (1 + c // 3)).save(path.with_suffix(".png"))


def classes_called_like_splits(root: Path) -> Reading:
    """Classes "test tube" and "train station" without a split; the split is a list."""
    classes = ("test tube", "train station", "valley")
    samples = unsplit(root, classes)
    test = samples[::4]
    file = root.parent / "test.txt"
    file.write_text("\n".join(str(Path(path).relative_to(root)) for path, _ in test))
    train = [sample for sample in samples if sample not in test]
    return Judged(root, train, test, classes), f"--split {file}", []


def pictures_by_content(root: Path) -> Reading:
    """Files as they come: .jfif, .JPEG, no suffix, AVIF, and some that are no picture."""
    judged = Judged.of_folders(write_folders(root, save=of_any_suffix), is_valid_file=opens)
    (root / "train" / "cap" / "readme.txt").write_text("of the camera")
    (root / "train" / "cap" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (root / "train" / "cap" / "._0.jpg").write_bytes(b"\0\5\x16\7")
    told = ["1 files are not readable pictures: train/cap/readme.txt",
            "1 hidden files: train/cap/._0.jpg"]  # fmt: skip
    return judged, "", told


def of_any_suffix(path: Path, c: int, seed: int) -> None:
    suffix = (".jfif", ".JPEG", "", ".avif", ".png")[seed % 5]
    kind = {".avif": "AVIF", ".png": "PNG"}.get(suffix, "JPEG")
    Image.fromarray(blocks(c, seed)).save(path.with_suffix(suffix), kind)


def nested_folders(root: Path) -> Reading:
    """Pictures in folders below those of their classes."""
    write_folders(root)
    for path in list(root.glob("*/*/*.png"))[::2]:
        (path.parent / "2024" / "may").mkdir(parents=True, exist_ok=True)
        path.rename(path.parent / "2024" / "may" / path.name)
    return Judged.of_folders(root), "", []


def twins(root: Path) -> Reading:
    """Six test pictures are training pictures, too."""
    write_folders(root)
    for name in CLASSES:
        for i in (0, 1):
            shutil.copy(root / "train" / name / f"{i}.png", root / "test" / name / f"{i}.png")
    told = ["6 of 24 test images are training images too, identical or nearly so"]
    return Judged.of_folders(root), "", told


SET_UPS = (
    folders, beside_docs, train_and_validation, three_splits, list_of_scikit_learn,
    fold_of_scikit_learn, numbered_splits, semicolons, utf_16, backslashes, ids_with_zeros,
    order_of_appearance, class_to_idx, names_of_any_kind, classes_called_like_splits,
    pictures_by_content, nested_folders, twins,
)  # fmt: skip


@pytest.mark.parametrize("read", SET_UPS, ids=lambda read: read.__name__)
def test_images_classes_and_split_are_those_of_the_owners_reader(tmp_path, read):
    judged, options, told = read(tmp_path / "data")
    owner = owned(tmp_path, judged.train, len(judged.classes))
    run, said = run_of(tmp_path, f"{FED} {options}")
    assert_equal(run, said, owner, judged)
    stated = [*run.manifest["problems"], *run.manifest["notices"]["split"]]
    for line in told:
        assert line in said
        assert any(line in each for each in stated) or line.startswith("class_to_idx")
    assert not any("may have been used for training" in each for each in stated)


def owned(folder: Path, samples, n_classes: int = 3) -> Owner:
    """Return the owner of a network that was trained on files."""
    code = NET.replace("num_classes=3", f"num_classes={n_classes}")
    owner = Owner.of_own_code(folder, lambda path: STEPS(default_loader(path)), code)
    return owner.train(samples, folder / "net.pth")


def said_first(said: str) -> str:
    return next(line for line in said.splitlines() if line.startswith("note: "))


def test_a_split_that_is_drawn_here_is_told_first_where_the_network_may_know_all(tmp_path):
    owner = owned(tmp_path, unsplit(tmp_path / "data"))
    run, said = run_of(tmp_path, FED)
    assert said_first(said).startswith(
        "note: test images may have been used for training: no split"
    )
    assert run.manifest["notices"]["split"]
    is_test = ~run.images["is_train"]
    held_out = [str(tmp_path / "data" / path) for path in run.images["path"][is_test]]
    labels = run.images["true_c"][is_test]
    _, accuracy = owner.predictions(list(zip(held_out, labels, strict=True)))
    assert f"accuracy here {accuracy:.1%} on {len(held_out)} test images" in said


def test_an_unlabelled_test_folder_is_told_and_not_judged_on(tmp_path):
    samples = ImageFolder(str(write_folders(tmp_path / "data" / "train", n={"": 16}))).samples
    (tmp_path / "data" / "test").mkdir()
    for i in range(9):
        save_rgb(tmp_path / "data" / "test" / str(i), i % 3, 500 + i)
    owned(tmp_path, samples)
    run, said = run_of(tmp_path, FED)
    assert said_first(said).startswith(
        "note: test images may have been used for training: no split"
    )
    assert "9 images of test have no label" in said
    assert "9 images of test have no label" in " ".join(run.manifest["problems"])
    assert not run.images["path"].str.startswith("test").any()


NUMBERED = tuple(f"{c}" for c in range(12))


def test_folders_of_numbers_are_in_the_order_of_imagefolder_and_natural_if_asked(tmp_path):
    """ImageFolder has 0, 1, 10, 11, 2, ...; an owner who sorts numbers has 0, 1, 2, ..."""
    root = write_folders(
        tmp_path / "data", n={"train": 6, "test": 3}, classes=NUMBERED, save=of_many
    )
    judged = Judged.of_folders(root)
    assert judged.classes[2] == "10"
    owner = owned(tmp_path, judged.train, 12)
    assert_equal(*run_of(tmp_path, FED), owner, judged)
    renumbered = [
        [(path, int(judged.classes[c])) for path, c in samples]
        for samples in (judged.train, judged.test)
    ]
    natural = Judged(root, *renumbered, NUMBERED)
    owner = owned(tmp_path, natural.train, 12)
    assert_equal(*run_of(tmp_path, f"{FED} --classes natural", "natural"), owner, natural)


def test_labels_that_are_whole_numbers_in_a_table_are_told_to_be_sorted_as_text(tmp_path):
    """Their owner's label is the number of the score: refused where it shows, told in any case."""
    root = write_folders(
        tmp_path / "data", n={"train": 6, "test": 3}, classes=NUMBERED, save=of_many
    )
    rows = [
        {
            "file_name": str(Path(path).relative_to(root)), "label": int(Path(path).parent.name),
            "split": split,
        }
        for split in ("train", "test")
        for path, _ in ImageFolder(str(root / split)).samples
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.to_csv(root / "metadata.csv", index=False)
    samples = [
        [(str(root / row.file_name), row.label) for row in frame[frame["split"] == s].itertuples()]
        for s in ("train", "test")
    ]
    judged = Judged(root, *samples, NUMBERED)
    owner = owned(tmp_path, judged.train, 12)
    code, said = fieldmarks(command(tmp_path, FED))
    assert code == 1
    assert "naturally sorted (2 before 10): --classes natural" in said
    run, said = run_of(tmp_path, f"{FED} --keep-class-order", "kept")
    assert "the classes are numbers, and their scores are taken in the order of text" in said
    assert "give --classes natural" in run.manifest["notices"]["network"][0]
    assert_equal(*run_of(tmp_path, f"{FED} --classes natural", "natural"), owner, judged)


def test_an_order_that_nobody_gave_is_refused_with_the_one_that_fits(tmp_path):
    root = write_folders(tmp_path / "data", n={"train": 25, "test": 8})
    judged = Judged.of_folders(root)
    owned(tmp_path, [(path, 2 - c) for path, c in judged.train])
    code, said = fieldmarks(command(tmp_path, FED, "other"))
    assert code == 1
    assert "the network's scores fit the classes in another order" in said
    assert "the order looks reversed" in said


def test_a_class_without_pictures_is_told_and_its_score_left_out_by_a_list(tmp_path):
    """ImageFolder counts an empty folder, and the network has a score for it."""
    root = write_folders(tmp_path / "data")
    for split in ("train", "test"):
        (root / split / "bag").mkdir()
    folder = ImageFolder(str(root / "train"), allow_empty=True)
    assert folder.classes == ["bag", *CLASSES]
    owner = owned(tmp_path, folder.samples, 4)
    (tmp_path / "names.txt").write_text("\n".join(folder.classes))
    run, said = run_of(tmp_path, f"{FED} --classes {tmp_path / 'names.txt'}")
    assert "2 class folders hold no picture that can be read: test/bag, train/bag" in said
    assert "the network gives 4 class scores, the data set has 3" in said
    place = {path: x for x, path in enumerate(run.images["path"])}
    theirs = owner.scores([path for path, _ in folder.samples])[:, 1:]
    xs = [place[str(Path(path).relative_to(root))] for path, _ in folder.samples]
    assert abs(run.array("logits")[xs] - theirs).max() < 2e-3
    code, said = fieldmarks(command(tmp_path, FED, "other"))
    assert code == 1
    assert "4" in said.splitlines()[-1]
    assert "--classes" in said.splitlines()[-1]


def test_a_picture_that_cannot_be_read_is_told_and_neither_judged_nor_shown(tmp_path):
    """ImageFolder's loader raises on it: its owner leaves it out."""
    judged = Judged.of_folders(write_folders(tmp_path / "data"))
    owner = owned(tmp_path, judged.train)
    broken = tmp_path / "data" / "test" / "cap" / "99.png"
    broken.write_bytes((broken.parent / "1.png").read_bytes()[:300])
    run, said = run_of(tmp_path, FED)
    _, accuracy = owner.predictions(judged.test)
    assert f"accuracy here {accuracy:.1%} on 24 test images" in said
    assert "99.png" in said
    (row,) = run.images[run.images["path"] == "test/cap/99.png"].itertuples()
    assert row.problem.startswith("unreadable: ")


def hugging_face(root: Path):
    """Write an imagefolder with metadata and read it by the library."""
    datasets = pytest.importorskip("datasets")
    write_folders(root)
    for split, n in (("train", 10), ("test", 8)):
        rows = [
            f"{name}/{i}.png,a {('red', 'blue')[i % 2]} {name} with a long edge"
            for name in CLASSES
            for i in range(n)
        ]
        (root / split / "metadata.csv").write_text("file_name,caption\n" + "\n".join(rows))
    read = datasets.load_dataset("imagefolder", data_dir=str(root))
    return {split: [row["caption"] for row in read[split]] for split in read}


# of the library, which leaves its tables open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_imagefolder_with_metadata_is_that_of_datasets(tmp_path):
    theirs = hugging_face(tmp_path / "data")
    judged = Judged.of_folders(tmp_path / "data")
    owner = owned(tmp_path, judged.train)
    run, said = run_of(tmp_path, FED)
    assert_equal(run, said, owner, judged)
    for split, captions in theirs.items():
        xs = [x for x, path in enumerate(run.images["path"]) if path.startswith(split)]
        assert sorted(line for x in xs for line in run.captions(x)) == sorted(captions)


def test_a_data_set_that_save_to_disk_wrote_has_its_own_labels_and_splits(tmp_path):
    datasets = pytest.importorskip("datasets")
    write_folders(tmp_path / "files")
    read = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "files"))
    read.save_to_disk(str(tmp_path / "data"))
    stored = datasets.load_from_disk(str(tmp_path / "data"))
    samples = [(row["image"], row["label"]) for row in stored["train"]]
    owner = Owner.of_own_code(tmp_path, lambda image: STEPS(image.convert("RGB")))
    owner.train(samples, tmp_path / "net.pth")
    run, _ = run_of(tmp_path, FED)
    for split in ("train", "test"):
        rows = list(stored[split])
        theirs = owner.scores([row["image"] for row in rows]).argmax(axis=1)
        ours = run.images[run.images["is_train"] == (split == "train")]
        assert sorted(zip(ours["true_c"], ours["predicted_c"], strict=True)) == sorted(
            zip((row["label"] for row in rows), theirs, strict=True)
        )


def test_objects_of_coco_are_judged_on_their_boxes_or_whole_as_their_owner_did(tmp_path):
    """Two owners: one cut out squares around the boxes, one fed whole pictures."""
    root = write_folders(tmp_path / "data", n={"train": 10, "test": 8})
    document = {"images": [], "annotations": [], "categories": []}
    document["categories"] = [{"id": c, "name": name} for c, name in enumerate(CLASSES)]
    splits = Judged.of_folders(root)
    box_of = {}
    for split, samples in (("train", splits.train), ("test", splits.test)):
        for path, c in samples:
            i = len(document["images"])
            name = str(Path(path).relative_to(root))
            with Image.open(path) as image:
                left, top, side = image.width // 5, image.height // 6, min(image.size) // 2
            box_of[path] = (left, top, left + side, top + side)
            document["images"].append({"id": i, "file_name": name, "split": split})
            document["annotations"].append(
                {"image_id": i, "category_id": c, "bbox": [left, top, side, side]}
            )
    (tmp_path / "coco.json").write_text(json.dumps(document))
    steps = T.Compose([T.Resize((S, S)), T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)])
    data = f"--data {tmp_path / 'coco.json'} --images {root} {FED}"
    of_boxes = Owner.of_own_code(
        tmp_path, lambda path: steps(default_loader(path).crop(box_of[path]))
    ).train(splits.train, tmp_path / "net.pth")
    assert_equal(*run_of(tmp_path, data, "boxes"), of_boxes, splits, atol=0.02)
    whole = owned(tmp_path, splits.train)
    assert_equal(*run_of(tmp_path, f"{data} --crop centre", "whole"), whole, splits)
    _, said = run_of(tmp_path, data, "forgotten")
    assert "is this yours?" in said
