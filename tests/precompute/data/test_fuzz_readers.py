"""Whatever a file holds, a reader gives a result or one line of message, and takes no second.

The inputs come from `tests.support.fuzzing`, which says how to try more of them.
"""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.review.accepted_synonyms import accepted_synonyms
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tables.columns import with_columns
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.language import Language, read_nouns
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.pipeline.class_order import order_of_scores, read_class_list
from tests.support.fuzzing import damaged, fuzz, mutated, outcome, values
from tests.support.picture_folders import COLOURS, write_classes

PATHS = [f"{name}/{i}.jpg" for name in COLOURS for i in range(2)]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32-be", "cp1252", "cp437")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six pictures in class folders."""
    path = tmp_path_factory.mktemp("pictures")
    write_classes(path, n=2)
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield path
    os.environ.pop("XDG_CACHE_HOME")
    if before is not None:
        os.environ["XDG_CACHE_HOME"] = before


def read_all(source):
    """Read images and words as a run does."""
    dataset = read_dataset(source)
    images = dataset.images
    true_c, is_train = images["true_c"].to_numpy(), images["is_train"].to_numpy()
    return with_columns(dataset.words(), true_c, is_train, dataset.class_names)


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


COCO = {
    "images": [
        {"id": i, "file_name": path, "split": ("train", "test")[i % 2]}
        for i, path in enumerate(PATHS)
    ],
    "annotations": [
        {"image_id": i, "category_id": i // 2, "bbox": [1, 2, 30, 20], "keypoints": [3, 4, 2]}
        for i in range(len(PATHS))
    ],
    "categories": [{"id": c, "name": n, "keypoints": ["toe"]} for c, n in enumerate(COLOURS)],
}


@fuzz
@given(mutated(COCO))
@example({**COCO, "annotations": [{**COCO["annotations"][0], "bbox": [1, 2, 3]}]})
@example({**COCO, "annotations": [{**COCO["annotations"][0], "bbox": [1, 2, 10**400, 3]}]})
@example({**COCO, "annotations": [{**COCO["annotations"][0], "category_id": [1]}]})
def test_coco(folder, document):
    path = written(folder, "coco.json", document)
    outcome(lambda: read_all(DataSource(path)))


KARPATHY = {
    "images": [
        {
            "filename": path,
            "filepath": "",
            "label": path.split("/")[0],
            "split": ("train", "restval", "test")[i % 3],
            "bbox": [1, 2, 30, 20],
            "sentences": [{"raw": "a red cap"}],
        }
        for i, path in enumerate(PATHS)
    ]
}


@fuzz
@given(mutated(KARPATHY))
def test_the_json_of_karpathy(folder, document):
    path = written(folder, "karpathy.json", document)
    outcome(lambda: read_all(DataSource(path)))


CAPTIONS = [
    COCO | {"annotations": [{"image_id": i, "caption": "a red cap"} for i in range(6)]},
    [{"file_name": path, "captions": ["a red cap", {"raw": "a cap"}]} for path in PATHS],
    {"images": [{"filename": path, "sentences": [{"raw": "a cap"}]} for path in PATHS]},
]


@fuzz
@given(st.one_of(values, *(mutated(document) for document in CAPTIONS)))
@example(None)
@example(5)
@example({"annotations": [{"caption": "a"}], "images": [{}]})
def test_a_file_of_captions(folder, document):
    path = written(folder, "captions.json", document)
    outcome(lambda: captions_of(path, PATHS, ["cap"] * len(PATHS)))


@fuzz
@given(st.lists(values, max_size=5))
def test_captions_in_json_lines(folder, rows):
    path = written(folder, "captions.jsonl", "\n".join(map(json.dumps, rows)).encode())
    outcome(lambda: captions_of(path, PATHS, ["cap"] * len(PATHS)))


TABLE = [
    {
        "file_name": path,
        "label": path.split("/")[0],
        "split": ("train", "test")[i % 2],
        "caption": "a red cap",
        "bbox": [1, 2, 30, 20],
        "colour": ("Red", "Navy Blue")[i % 2],
        "length": i,
    }
    for i, path in enumerate(PATHS)
]


@fuzz
@given(mutated(TABLE))
def test_a_table_of_json_lines(folder, rows):
    rows = rows if isinstance(rows, list) else [rows]
    path = written(folder, "table.jsonl", "\n".join(map(json.dumps, rows)).encode())
    outcome(lambda: read_all(DataSource(path)))


CSV = "\n".join(
    [",".join(TABLE[0]), *(",".join(f'"{value}"' for value in row.values()) for row in TABLE)]
)


@fuzz
@given(damaged(CSV.encode()), st.sampled_from(ENCODINGS), st.sampled_from(["\n", "\r", "\r\n"]))
@example((CSV + "\n").encode(), "utf-16", "\r")
@example(("x" * 140_000 + "," + CSV).encode(), "utf-8", "\n")
@example((CSV.replace("\n", ",\n")).encode(), "utf-8", "\n")
def test_a_table_of_csv(folder, content, encoding, end):
    text = content.decode(errors="replace").replace("\n", end)
    path = written(folder, "table.csv", text.encode(encoding, errors="replace"))
    outcome(lambda: read_all(DataSource(path)))


@st.composite
def tables(draw):
    """Draw an Arrow table of odd types and its metadata."""
    columns = {
        "file_name": PATHS,
        "label": ["cap", "boot"] * 3,
        "split": ["train", "test", "train"] * 2,
    }
    columns = {name: pa.array(column) for name, column in columns.items()}
    kinds = [
        pa.array([{"bytes": b"\xff\xd8", "path": None}] * 6),
        pa.array([b"\xff\xd8" * 1000] * 6),
        pa.array([[1.0, 2.0, 3.0]] * 6),
        pa.array([None] * 6),
        pa.array([10**15] * 6, pa.timestamp("s")),
        pa.array([1.5, float("nan"), None, 2, 3, 4]),
        pa.array(["a", "b"] * 3).dictionary_encode(),
        pa.array([True, False, None] * 2),
        pa.array([[("a", 1)]] * 6, pa.map_(pa.string(), pa.int64())),
        pa.array([10**17] * 6, pa.duration("us")),
    ]
    name = draw(st.sampled_from([*columns, "bbox", "caption", "colour"]))
    columns[name] = draw(st.sampled_from(kinds))
    odd = st.sampled_from([b"{}", b"[]", b"null", b'{"index_columns": ["a"]}', b'{"columns": 3}'])
    keys = st.sampled_from([b"pandas", b"huggingface", b"ARROW:schema"])
    metadata = draw(st.dictionaries(keys, st.one_of(odd, st.binary(max_size=9)), max_size=2))
    return pa.table(columns).replace_schema_metadata(metadata)


@fuzz
@given(tables())
def test_a_table_of_parquet(folder, table):
    path = folder / "table.parquet"
    pq.write_table(table, path, store_schema=False)
    outcome(lambda: read_all(DataSource(path)))


def parquet_bytes():
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table({"file_name": PATHS, "label": ["cap", "boot"] * 3}), buffer)
    return buffer.getvalue().to_pybytes()


def without_compression(**columns):
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), buffer, compression="none", use_dictionary=False)
    return buffer.getvalue().to_pybytes()


@fuzz
@given(damaged(parquet_bytes()))
@example(without_compression(file_name=PATHS, label=["cap"] * 6).replace(b"boot/0", b"\x80oot/0"))
def test_a_damaged_file_of_parquet(folder, content):
    path = written(folder, "damaged.parquet", content)
    outcome(lambda: read_all(DataSource(path)))


LISTS = {
    "nouns": (
        "noun,number,part,ends_phrase\ncap,one,,\nsole,one,shoe,yes\n",
        lambda path: (Language(given=path).with_given(Nouns()), read_nouns(path.parent)),
    ),
    "synonyms": (
        "kind,word,becomes\nnoun,tummy,belly\nadjective,* grey,grey\n",
        lambda path: (Synonyms.load(path), accepted_synonyms(path)),
    ),
    "classes": (
        "boot\ncap\nsock\n",
        lambda path: order_of_scores(3, read_class_list(path), list(COLOURS), "list"),
    ),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_that_people_write(tmp_path, kind):
    content, read = LISTS[kind]
    path = tmp_path / f"{kind}.csv"

    @fuzz
    @given(damaged(content.encode()), st.sampled_from(ENCODINGS))
    @example("noun,number\nWei\u00df,one".encode("cp1252"), "utf-8")
    def test(data, encoding):
        path.write_bytes(data.decode("utf-8", "surrogateescape").encode(encoding, "replace"))
        outcome(lambda: read(path))

    test()


@fuzz
@given(st.binary(max_size=60))
def test_lists_of_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "list.csv"
    path.write_bytes(content)
    for _, read in LISTS.values():
        outcome(lambda read=read: read(path))
