"""What a run's manifest says, read and checked; and which files of its folder are the run's.

Every field that is read anywhere has a kind here, so that one bad manifest is one line of text and
no page of any run fails by it.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.head import FIRST_ORDER, LINEAR_HEAD, wrong_in_head
from fieldmarks.core.outputs import MARK
from fieldmarks.core.run.contract import ARRAYS, PACKS, SCHEMA_VERSION
from fieldmarks.core.run.files import EVALUATION, MANIFEST, NETWORK, PROGRESS
from fieldmarks.core.run.tables import TABLES

#: Larger files are not manifest; that of a real run has some 100 kB.
MAX_MANIFEST = 1 << 26
#: What `core.corruptions.record` writes into its folder.
RECORDS = "records"
#: Kinds of records, each in a folder of its own.
RECORD_KINDS = ("corruptions", "attacks")
RECORD_FILES = (
    *("table.parquet", "pictures.bin", "pictures_offsets.npy"),
    *("differences.bin", "differences_offsets.npy", "pooled.npy", "moments.npy"),
    *("logits.npy", "heat.npy", "words.npy", "earlier.npy", "earlier_xs.npy"),
    *("earlier_of_run.npy", "record.json"),
)
#: Of a folder whose manifest cannot be read: who has these was written by Fieldmarks.
_CORE = ("arrays/pooled.npy", "arrays/class_weights.npy", "tables/images.parquet")
_LETTERS, _WORDLESS_LETTERS = (
    {
        letter
        for spec in ARRAYS
        for letter in spec.dims
        if not (letter.isdigit() or letter == "X+1" or spec.optional)
        and (has_words or not spec.is_of_words)
    }
    for has_words in (True, False)
)
_ESTIMATOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
_LARGEST = 2**48

Kind = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) < _LARGEST


def _is_number(value: object) -> bool:
    return _is_whole(value) or (type(value) is float and math.isfinite(value))


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _is_size(value: object) -> bool:
    sides = value if isinstance(value, list) and len(value) == 2 else [value]
    return all(map(_is_whole, sides))


def _or_none(kind: Kind) -> Kind:
    return lambda value: value is None or kind(value)


def _list_of(kind: Kind) -> Kind:
    return lambda value: isinstance(value, list) and all(map(kind, value))


def _dict_of(kind: Kind) -> Kind:
    return lambda value: isinstance(value, dict) and all(map(kind, value.values()))


#: Fields by their path, what they must be, and in which words; a field may be absent.
FIELDS: dict[tuple[str, ...], tuple[Kind, str]] = {
    ("arch",): (_is_text, "the name of the architecture"),
    ("layer",): (_is_text, "the name of the layer"),
    ("input_size",): (_is_size, "the size of the input in pixels, or its height and width"),
    ("receptive_field",): (_or_none(_is_number), "the receptive field in pixels"),
    ("mean",): (_list_of(_is_number), "the mean of each channel"),
    ("std",): (_list_of(_is_number), "the deviation of each channel"),
    ("crop",): (_is_text, "the name of the crop"),
    ("crop_share",): (_is_number, "the share of the crop"),
    ("interpolation",): (_is_text, "the name of the interpolation"),
    ("precision",): (_is_text, "the precision"),
    ("dataset",): (_is_text, "the name of the data set"),
    ("left_out",): (_list_of(_is_whole), "the numbers of the classes that were left out"),
    ("part_names",): (_list_of(_is_text), "the names of the parts"),
    ("part_keypoints",): (_dict_of(_list_of(_is_text)), "the keypoints of each part"),
    ("synonyms",): (_list_of(_list_of(_is_text)), "lists of words that mean the same"),
    ("problems",): (_list_of(_is_text), "problems that are sentences"),
    ("keypoint_estimators",): (_list_of(_is_text), "the estimators that see keypoints"),
    ("n_explain",): (_is_whole, "the number of attributes in a sentence"),
    ("seed",): (_is_whole, "the seed"),
    ("versions",): (_dict_of(_is_text), "the versions of libraries"),
    ("checkpoint",): (_is_dict, "the digest of the checkpoint, and how it was made"),
    ("checkpoint", "sha256"): (_is_text, "the digest of the checkpoint"),
    ("checkpoint", "made"): (_is_dict, "how the checkpoint was made"),
    ("repair",): (_is_dict, "what was repaired"),
    ("stages",): (_dict_of(_is_dict), "the stages"),
    ("pending",): (_dict_of(_list_of(_is_text)), "the files of each stage that is to be computed"),
    ("settings",): (_is_dict, "the settings"),
    ("settings", "checkpoint"): (_or_none(_is_text), "the path of the checkpoint"),
    ("settings", "synonyms"): (_or_none(_is_text), "the path of the synonyms"),
    ("settings", "nouns"): (_or_none(_is_text), "the path of the nouns"),
    ("settings", "merge"): (lambda value: isinstance(value, bool), "whether synonyms are merged"),
    ("settings", "estimators"): (_list_of(_is_text), "the estimators that were asked for"),
    ("settings", "leave_out"): (_list_of(_is_whole), "the classes to leave out"),
    ("settings", "network"): (_is_dict, "where the network comes from"),
    ("settings", "source"): (_is_dict, "where the data come from"),
    **{
        ("settings", "source", key): (_or_none(_is_text), f"the {key} of the data set as text")
        for key in ("data", "images", "captions", "format", "label", "file_name", "split", "text")
    },
}
#: The same of each stage; the first must be there.
_OF_STAGE: dict[str, tuple[Kind, str]] = {
    "fingerprint": (_is_text, "the fingerprints of the stages"),
    "left_out": (_is_text, "why a stage was left out"),
    "measured": (_is_dict, "what was measured of a stage"),
    "inputs": (_is_dict, "what a stage was computed from"),
}


def read_manifest(folder: Path) -> dict:
    """Return the manifest of a run, or raise the reason why it cannot be opened."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise MissingRunError(f"there is no run {folder.name!r}: make one with 'fieldmarks demo'")
    if not path.exists():
        raise RunError(f"run {folder.name!r} has no {MANIFEST}, it was not finished: precompute it")
    if not path.is_file() or path.stat().st_size > MAX_MANIFEST:
        raise RunError(
            f"{MANIFEST} of run {folder.name!r} is not a regular file of less than "
            f"{MAX_MANIFEST >> 20} MB: move it away, then precompute again"
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version = manifest["schema_version"]
        if not _is_whole(version):
            raise TypeError
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        raise RunError(
            f"{MANIFEST} of run {folder.name!r} cannot be read: precompute again"
        ) from None
    if version != SCHEMA_VERSION:
        raise RunError(
            f"run {folder.name!r} has schema {version}, this version reads {SCHEMA_VERSION}: "
            "precompute it again"
        )
    return check_manifest(manifest, folder.name)


def manifest_stamp(folder: Path) -> int:
    """Return when the manifest of a run was written, ns; 0 where there is none."""
    path = folder / MANIFEST
    return path.stat().st_mtime_ns if path.exists() else 0


def check_manifest(manifest: object, name: str) -> dict:
    """Return the manifest of run ``name`` if all that is read of it has the right type.

    Raises
    ------
    RunError
        If it does not say what a run holds.
    """
    wrong = _wrong_in(manifest)
    if wrong or not isinstance(manifest, dict):
        raise RunError(f"manifest.json of run {name!r} is damaged: {wrong}: precompute it again")
    return manifest


def _wrong_in(manifest: object) -> str:
    if not isinstance(manifest, dict):
        return f"expected a dictionary, found a {type(manifest).__name__}"
    sizes, estimators = manifest.get("sizes"), manifest.get("estimators")
    is_wordless = isinstance(sizes, dict) and sizes.get("T") == 0
    letters = {"T", *_WORDLESS_LETTERS} if is_wordless else _LETTERS
    if not isinstance(sizes, dict) or not sizes.keys() >= letters:
        return f"expected sizes of {', '.join(sorted(letters))}"
    if not all(_is_whole(size) and size >= 0 for size in sizes.values()):
        return "expected sizes that are whole numbers from 0 on"
    if not min(sizes[letter] for letter in "XFC"):
        return "expected images, filters and classes, at least one of each"
    if not _list_of(_is_text)(estimators) or not all(map(_ESTIMATOR.fullmatch, estimators or ())):
        return "expected the names of the estimators"
    if is_wordless:
        if estimators or manifest.get("default_estimator"):
            return "expected no estimator where there are no attributes"
    elif not estimators or manifest.get("default_estimator") not in estimators:
        return "expected the default estimator among the estimators"
    head = manifest.get("head", LINEAR_HEAD)
    if (wrong := wrong_in_head(head)) != "":
        return wrong
    if head["kind"] == FIRST_ORDER and "J" not in sizes:
        return "expected the size J of a head of first order"
    for path, (is_kind, what) in FIELDS.items():
        holder = manifest
        for key in path[:-1]:
            holder = holder.get(key, {})
        if path[-1] in holder and not is_kind(holder[path[-1]]):
            return f"expected {what}"
    if len(manifest.get("part_names", [])) != sizes["P"]:
        return f"expected the names of {sizes['P']} parts"
    repair = manifest.get("repair", {"of": "", "head": ""})
    if not all(_is_text(repair.get(key)) for key in ("of", "head")):
        return "expected what was repaired, and the digest of the new head"
    for stage in manifest.get("stages", {}).values():
        for key, (is_kind, what) in _OF_STAGE.items():
            if not is_kind(stage[key]) if key in stage else key == "fingerprint":
                return f"expected {what}"
    return ""


def files_of_run(folder: Path) -> list[str] | None:
    """Return the paths below a run's folder that are the run's, None for a folder of another kind.

    What a run is known by comes last.

    Parameters
    ----------
    folder : Path
        Of a run of any version, whole or damaged.
    """
    manifest = _of_any_version(folder)
    if manifest is None and not all((folder / path).is_file() for path in _CORE):
        return None
    per_estimator = [spec.name for spec in ARRAYS if spec.per_estimator and not spec.optional]
    if manifest is not None and _list_of(_is_text)(manifest.get("estimators")):
        estimators = set(manifest["estimators"])
    else:  # who has all arrays of an estimator is one
        stems = [
            {path.stem for path in (folder / "arrays" / name).glob("*.npy")}
            for name in per_estimator
        ]
        estimators = set.intersection(*stems)
    names = [
        f"{spec.name}/{estimator}" if spec.per_estimator else spec.name
        for spec in ARRAYS
        for estimator in (sorted(estimators) if spec.per_estimator else [""])
    ]
    pending = manifest.get("pending") if manifest is not None else None
    awaited: Iterable[str] = ()
    if isinstance(pending, dict) and _dict_of(_list_of(_is_text))(pending):
        awaited = chain(*pending.values())
    files = [
        *(name if "." in name else f"arrays/{name}.npy" for name in awaited),
        *(EVALUATION, NETWORK, PROGRESS, MARK),
        *(filename for filename, _ in PACKS.values()),
        *(f"arrays/{name}.npy" for name in names),
        *(f"tables/{spec.name}.parquet" for spec in TABLES),
        *(f"{RECORDS}/{kind}/{name}" for kind in RECORD_KINDS for name in RECORD_FILES),
    ]
    return [*(file for file in files if file not in _CORE), *_CORE, MANIFEST]


def _of_any_version(folder: Path) -> dict | None:
    """Return what a manifest of this tool says, None for none and for a file of others."""
    path = folder / MANIFEST
    try:
        if not path.is_file() or path.stat().st_size > MAX_MANIFEST:
            return None
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(manifest, dict) and manifest.keys() >= {"schema_version", "sizes"}
    return manifest if is_ours else None


def sources_of(folder: Path, manifest: dict) -> list[Path]:
    """Return a run's folder and what the run was made from, which no output may replace."""
    settings = manifest.get("settings", {})
    source = settings.get("source", {})
    names = [settings.get(key) for key in ("checkpoint", "synonyms", "nouns")]
    names += [source.get(key) for key in ("data", "images", "captions")]
    return [folder, *(Path(name) for name in names if name)]
