"""Hostile data sets: pictures, folders, tables, captions, and lists that a person writes."""

import csv
import io
import os
import random
import shutil
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from benchmarks.hostile.mutations import (
    TEXTS,
    as_json,
    damaged,
    mutated,
    odd_file,
    text_bytes,
    value,
)
from benchmarks.hostile.world import CLASSES, PATHS, Case, World, kind

_MODES = ("RGB", "L", "LA", "P", "PA", "1", "CMYK", "YCbCr", "I;16", "I", "F", "RGBA", "LAB", "HSV")
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "ICO", "TGA", "JPEG2000", "AVIF")


def picture(rng: random.Random) -> bytes:
    maker = rng.choice([_rare, _rare, _rare, _declared, _long, _animated, _with_side_data])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = maker(rng)
    return damaged(rng, data) if rng.random() < 0.35 else data


def _saved(image: Image.Image, name: str, **options) -> bytes:
    buffer = io.BytesIO()
    try:
        image.save(buffer, name, **options)
    except (OSError, ValueError, KeyError):  # a mode that the format does not know
        image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _noise(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, rng.randbytes(3 * size[0] * size[1]))


def _rare(rng: random.Random) -> bytes:
    size = rng.choice([(64, 48), (33, 65), (1, 1), (16, 16), (640, 480)])
    mode = rng.choice(_MODES)
    image = _noise(rng, size)
    try:
        image = image.convert(mode)
    except ValueError:
        image = image.convert("L").convert(mode.partition(";")[0])
    return _saved(image, rng.choice(_FORMATS))


def _declared(rng: random.Random) -> bytes:
    sides = [rng.choice([0, 1, 50, 9_000, 33_500, 100_000, 2**31 - 1]) for _ in "wh"]
    kind, depth = rng.choice([(0, 1), (0, 16), (2, 8), (3, 8), (6, 16)])
    header = struct.pack(">IIBBBBB", *sides, depth, kind, 0, 0, rng.randrange(2))
    content = zlib.compress(bytes(rng.choice([10, 100_000, 30_000_000])), 1)
    chunks = [(b"IHDR", header), (b"IDAT", content), (b"IEND", b"")]
    if kind == 3:
        chunks.insert(1, (b"PLTE", bytes(rng.choice([0, 3, 768]))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _long(rng: random.Random) -> bytes:
    size = [rng.choice([1, 2, 16]), rng.choice([3_000, 33_500, 65_000])]
    rng.shuffle(size)
    return _saved(Image.new(rng.choice(["L", "RGB", "RGBA"]), (size[0], size[1]), 77), "PNG")


def _animated(rng: random.Random) -> bytes:
    n = rng.choice([2, 30])
    frames = [_noise(rng, (40, 40)) for _ in range(n)]
    name = rng.choice(["GIF", "WEBP", "PNG", "TIFF"])
    return _saved(frames[0], name, save_all=True, append_images=frames[1:])


def _with_side_data(rng: random.Random) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = rng.choice([1, 3, 5, 6, 8, 9, 77])
    data = exif.tobytes()
    data = damaged(rng, data) if rng.random() < 0.4 else data
    profile = rng.choice([b"", rng.randbytes(3000), bytes(2_000_000)])
    return _saved(_noise(rng, (60, 40)), rng.choice(["JPEG", "PNG", "WEBP"]), exif=data[:60_000],
                  icc_profile=profile)  # fmt: skip


def name(rng: random.Random, suffix: str = ".jpg") -> bytes:
    """Return a name that a file system takes, of odd characters."""
    text = rng.choice([*TEXTS, "-rf", "a" * 240, "a'b\"c", "a b", "a%20b", ".hidden", "A", "a.jpg"])
    raw = text.encode("utf-8", "surrogatepass").replace(b"\0", b"").replace(b"/", b"_")
    raw = rng.choice([raw, raw, raw, b"\xff\xfe" + raw])[: 250 - len(suffix)]
    return (raw if raw.strip(b". ") else b"odd") + suffix.encode()


def _put(folder: Path, raw: bytes, data: bytes) -> Path:
    import os

    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + raw))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@kind("pictures", 5)
def pictures(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    for i in range(rng.randint(1, 9)):
        suffix = rng.choice([".jpg", ".png", ".tif", ".gif", ".webp", ".JPEG", ".bmp", ""])
        folder = data / rng.choice(CLASSES)
        if rng.random() < 0.3:
            odd_file(rng, folder / f"odd{i}{suffix or '.jpg'}")
        else:
            _put(folder, f"{i}".encode() + name(rng, suffix), picture(rng))
    ways = {
        "--crop": ["box", "centre", "centre-floor", "whole", "squeeze"],
        "--alpha": ["drop", "grey", "white"],
        "--orientation": ["stored", "upright"],
        "--depth": ["clip", "unit", "12", "16"],
        "--channels": ["rgb", "bgr", "grey"],
    }
    given = [w for key, of in ways.items() if rng.random() < 0.4 for w in (key, rng.choice(of))]
    return world.run(["--data", str(data), *given])


_SPLITS = (
    "train",
    "test",
    "val",
    "Training",
    "TEST",
    "valid",
    "test tube",
    "trainers",
    "0",
    "fold1",
)


@kind("folders", 4)
def folders(rng: random.Random, world: World, mine: Path) -> Case:
    data = mine / "data"
    splits = rng.sample(_SPLITS, rng.choice([0, 0, 1, 2, 3])) or [""]
    for split in splits:
        for _ in range(rng.choice([0, 1, 2, 3, 60])):
            raw = name(rng, "")
            for i in range(rng.choice([0, 1, 2, 5])):
                _put(data / split, raw + f"/{i}.jpg".encode(), world.picture(rng))
    data.mkdir(parents=True, exist_ok=True)
    for _ in range(rng.randrange(4)):
        place = rng.choice([data, *(path for path in data.glob("*") if path.is_dir())])
        what = rng.choice(
            ["metadata.csv", "metadata.jsonl", "class_to_idx.json", "classes.txt", "labels.csv"]
        )
        rows = [{"file_name": f"{i}.jpg", "label": value(rng, 1)} for i in range(5)]
        if os.path.lexists(place / what):  # perhaps a pipe, which would be waited for
            continue
        if rng.random() < 0.3:
            odd_file(rng, place / what)
        else:
            (place / what).write_bytes(
                text_bytes(rng, rng.choice([as_json(rows), _csv(rng, rows)]))
            )
    if rng.random() < 0.2:
        deep = data / "/".join(["d"] * rng.choice([30, 300]))
        deep.mkdir(parents=True)
        (deep / "0.jpg").write_bytes(world.picture(rng))
    if rng.random() < 0.15:
        (data / "cycle").symlink_to(data)
    case = world.run(["--data", str(data)])
    if rng.random() < 0.2:  # a run in the place of what is somebody's
        (mine / "runs" / "m").mkdir(parents=True)
        (mine / "runs" / "m" / "photo.jpg").write_bytes(b"mine")
        case = world.run(["--data", str(data)], runs=rng.choice([mine / "runs", data, mine]))
    return case


def _rows(rng: random.Random) -> list[dict]:
    return [
        {
            "file_name": path,
            "label": path.partition("/")[0],
            "split": ("train", "test")[i % 3 == 0],
            "colour": rng.choice(["red", "blue", "red; blue", ""]),
            "caption": "a red boot with a long heel",
            "x": 3,
        }
        for i, path in enumerate(PATHS)
    ]


def _csv(rng: random.Random, rows: list, separator: str | None = None) -> str:
    buffer = io.StringIO()
    fields = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    separator = separator or rng.choice([",", ",", ";", "\t", "|"])
    writer = csv.writer(buffer, delimiter=separator, quoting=rng.choice([0, 0, 1, 2]))
    writer.writerow(fields)
    for row in rows:
        cells = [row.get(key) for key in fields] if isinstance(row, dict) else [row]
        try:
            writer.writerow([as_json(c)[:500] if isinstance(c, dict | list) else c for c in cells])
        except ValueError:  # a number of 400 digits
            writer.writerow(["9" * 400])
    return buffer.getvalue()


def _parquet(rng: random.Random, rows: list) -> bytes:
    buffer = io.BytesIO()
    frame = pd.DataFrame([row for row in rows if isinstance(row, dict)])
    try:
        frame.to_parquet(buffer)
    except Exception:  # cells of several types
        frame.map(as_json).to_parquet(buffer)
    return damaged(rng, buffer.getvalue()) if rng.random() < 0.3 else buffer.getvalue()


def _coco(rng: random.Random) -> dict:
    return {
        "images": [{"id": i, "file_name": p, "width": 64} for i, p in enumerate(PATHS)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": CLASSES.index(p.partition("/")[0]),
             "bbox": [1, 2, 30, 20], "caption": "a red boot", "keypoints": [3, 4, 2]}
            for i, p in enumerate(PATHS)
        ],
        "categories": [{"id": c, "name": n, "keypoints": ["toe"]} for c, n in enumerate(CLASSES)],
    }  # fmt: skip


def _karpathy(rng: random.Random) -> dict:
    rows = [
        {"filename": p, "filepath": "", "label": p.partition("/")[0], "bbox": [1, 2, 30, 20],
         "split": ("train", "test")[i % 2], "sentences": [{"raw": "a red boot", "tokens": ["a"]}]}
        for i, p in enumerate(PATHS)
    ]  # fmt: skip
    return {"images": rows, "dataset": "shop"}


@kind("tables", 8)
def tables(rng: random.Random, world: World, mine: Path) -> Case:
    world.data(mine)
    form = rng.choice(["csv", "tsv", "json", "jsonl", "parquet", "coco", "karpathy"])
    document: Any = {"coco": _coco, "karpathy": _karpathy}.get(form, _rows)(rng)
    document = mutated(rng, document)
    if rng.random() < 0.1 and isinstance(document, list):  # each value of a column is odd
        key, odd = rng.choice(["file_name", "label", "split", "colour"]), value(rng, 1)
        document = [{**row, key: odd} if isinstance(row, dict) else row for row in document]
    rows = document if isinstance(document, list) else [document]
    path = mine / "data" / f"table.{'json' if form in ('coco', 'karpathy') else form}"
    if rng.random() < 0.05:
        odd_file(rng, path)
    elif form == "parquet":
        path.write_bytes(_parquet(rng, rows))
    elif form in ("csv", "tsv"):
        path.write_bytes(text_bytes(rng, _csv(rng, rows, "\t" if form == "tsv" else None)))
    elif form == "jsonl":
        path.write_bytes(text_bytes(rng, "\n".join(map(as_json, rows))))
    else:
        path.write_bytes(text_bytes(rng, as_json(document)))
    given = ["--data", str(path)]
    for option, values in {
        "--label": ["label", "nothing", "colour"], "--file-name": ["file_name", "x"],
        "--split": ["split", "colour"], "--text": ["caption", "x"], "--ignore": ["colour"],
        "--images": [str(mine / "data"), str(mine)], "--test-share": ["0.5", "0.01"],
    }.items():  # fmt: skip
        if rng.random() < 0.25:
            given += [option, rng.choice(values)]
    return world.run(given)


_SAID = (
    *("a red boot with a long heel", "no heel, and without a strap.", "a" * 100_000, "'" * 1_900),
    *("the boot is red. It's round; it has a small, white-ish sole!", "red " * 4_000, "🥾 ✨ ​red"),
    *("A BOOT", "non-striped and heel-less", "(" * 900, "a, b, c, " * 500, "http://x.example/?a=b"),
)


@kind("captions", 5)
def captions(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    said = [[rng.choice([*_SAID, *TEXTS]) for _ in range(rng.randint(0, 3))] for _ in PATHS]
    said = said if rng.random() < 0.5 else [["a red boot", "a long heel"] for _ in PATHS]
    form = rng.choice(["list", "images", "coco", "lines", "folder", "csv", "odd"])
    path = mine / f"captions.{ {'lines': 'jsonl', 'csv': 'csv'}.get(form, 'json') }"
    if form == "folder":
        path = mine / "texts"
        for file, texts in zip(PATHS, said, strict=True):
            text = (path / file).with_suffix(".txt")
            text.parent.mkdir(parents=True, exist_ok=True)
            if rng.random() < 0.04:
                odd_file(rng, text)
            else:
                text.write_bytes(text_bytes(rng, "\n".join(texts)))
        return world.run(["--data", str(data), "--captions", str(path)])
    rows = [{"file_name": p, "captions": t} for p, t in zip(PATHS, said, strict=True)]
    document: Any = {
        "images": _karpathy(rng), "coco": _coco(rng), "csv": rows, "odd": value(rng),
    }.get(form, rows)  # fmt: skip
    if rng.random() < 0.7:
        document = mutated(rng, document)
    if rng.random() < 0.05:
        odd_file(rng, path)
    elif form == "csv":
        path.write_bytes(text_bytes(rng, _csv(rng, document if isinstance(document, list) else [])))
    elif form == "lines" and isinstance(document, list):
        path.write_bytes(text_bytes(rng, "\n".join(map(as_json, document))))
    else:
        path.write_bytes(text_bytes(rng, as_json(document)))
    return world.run(["--data", str(data), "--captions", str(path)])


_LISTS = {
    "--nouns": "noun,number,part,ends_phrase\nheel,one,True,False\nstrap,several,True,False\n",
    "--synonyms": "kind,word,becomes\nnoun,strap,band\nadjective,red,crimson\n",
    "--classes": "boot\ncap\nsock\n",
    "--split": "file_name,split\n"
    + "".join(f"{p},train\n" for p in PATHS[1:])
    + f"{PATHS[0]},test",
    "--words": "file_name,red heel,long strap\n" + "".join(f"{p},0.9,0.1\n" for p in PATHS),
}


@kind("lists", 5)
def lists(rng: random.Random, world: World, mine: Path) -> Case:
    data = world.data(mine)
    option = rng.choice(list(_LISTS))
    rows = [line.split(",") for line in _LISTS[option].splitlines()]
    rows = mutated(rng, rows) if rng.random() < 0.8 else rows
    cells = rows if isinstance(rows, list) else [rows]
    lines = [
        ",".join(cell if isinstance(cell, str) else as_json(cell) for cell in row)
        if isinstance(row, list)
        else as_json(row)
        for row in cells
    ]
    path = mine / f"list{rng.choice(['.csv', '.txt', '.json', '.parquet', ''])}"
    if rng.random() < 0.2:
        odd_file(rng, path)
    else:
        text = as_json(rows) if path.suffix == ".json" else "\n".join(lines)
        path.write_bytes(text_bytes(rng, text))
    given = ["--data", str(data), option, str(path)]
    if option in ("--nouns", "--synonyms"):
        given += ["--captions", str(shutil.copy(world.captions, mine / "captions.json"))]
    return world.run(given)
