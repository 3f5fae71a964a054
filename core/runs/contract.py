"""The contract on disk, as data: the arrays and tables of a run and their meaning.

Writer, reader, tests and docs are derived from these lists. Sizes are letters: X images, F filters,
T attributes, C classes, P parts, H and W rows and columns of a feature map, M images with stored
maps, J classes with local weights, E non-zero counts, K attributes stored for an explanation, R
top-activating images of a filter, N canonical images of a class, D coordinates of an image on the
map, S permutations of captions, L attributes kept of each filter, Q test images whose distance to
the training images is kept, Y pairs of words that may mean the same. ``X+1`` is one more than X.
"""

from dataclasses import dataclass

from core.language.synonym_candidates import SYNONYM_COLUMNS
from core.name_status import MAX_Q, NameStatus

SCHEMA_VERSION = 1

#: Top attributes stored per image for search; an explanation has the first five of them.
K = 20
#: Prefix of ``problem`` of an image that cannot be read: a grey square, not estimated or scored.
UNREADABLE = "unreadable"
#: Columns that runs of earlier versions lack.
NEW_COLUMNS = ("blockiness", "plain_area")
#: Attributes in a sentence, as in the paper.
N_EXPLAIN = 5


@dataclass(frozen=True)
class ArraySpec:
    """One array of a run.

    Parameters
    ----------
    name : str
        File stem under ``arrays/``. With ``per_estimator`` a folder of one file per estimator.
    dims : tuple of str
        Size letters, one per axis; a digit is a fixed size.
    dtype : str
        NumPy dtype name.
    meaning : str
        One line, with unit or range.
    is_distribution : bool
        Non-negative and sums to 1 over the last axis.
    per_estimator : bool
        One array for each estimator of the run.
    optional : bool
        A run without it is complete.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    meaning: str
    is_distribution: bool = False
    per_estimator: bool = False
    optional: bool = False


ARRAYS: tuple[ArraySpec, ...] = (
    ArraySpec("pooled", ("X", "F"), "float32", "phi(f_k(x)): globally pooled activations"),
    ArraySpec("maps", ("M", "F", "H", "W"), "float16", "f_k(x): last convolutional feature maps"),
    ArraySpec("map_row", ("X",), "int32", "row of the image in maps, -1 where none is stored"),
    ArraySpec("logits", ("X", "C"), "float32", "class scores before the softmax"),
    ArraySpec("class_weights", ("C", "F"), "float32", "W: weights of the head, see core.head"),
    ArraySpec("class_bias", ("C",), "float32", "b: bias of the head"),
    ArraySpec("local_c", ("X", "J"), "int32", "classes in play, the label first", optional=True),
    ArraySpec(
        *("local_weights", ("X", "J", "F"), "float32"),
        "weights of these at the image: times pooled, gradient times activation",
        optional=True,
    ),
    ArraySpec(
        *("cell_centres", ("H", "W", "2"), "float32"),
        "receptive-field centre of each map cell: row, column in the unit square of the input",
    ),
    ArraySpec(
        *("parts", ("X", "P", "2"), "float32"),
        "keypoints: row, column in the unit square of the crop, NaN where not visible",
    ),
    ArraySpec("counts_indptr", ("X+1",), "int64", "counts as CSR: first entry of each image"),
    ArraySpec("counts_indices", ("E",), "int32", "counts as CSR: attribute t of each entry"),
    ArraySpec("counts_values", ("E",), "uint16", "counts as CSR: captions of x that name t"),
    ArraySpec("prior", ("T",), "float32", "p(t): normalised TF-IDF, eq. (1)", is_distribution=True),
    ArraySpec(
        "p_t_given_f",
        ("F", "T"),
        "float32",
        "p(t given f): filter attribute p.d.f., eq. (1)",
        is_distribution=True,
        per_estimator=True,
    ),
    ArraySpec(
        "evidence",
        ("F", "T"),
        "float32",
        "signed weight of filter f for attribute t: grounding is the weighted sum of maps",
        per_estimator=True,
    ),
    ArraySpec(
        "evidence_bias",
        ("T",),
        "float32",
        "pooled @ evidence + evidence_bias is the estimator's score of t in x",
        per_estimator=True,
    ),
    ArraySpec(
        "sentence_weights",
        ("F", "T"),
        "float32",
        "signed weight of filter f for t in a sentence, where that is not p(t given f)",
        per_estimator=True,
        optional=True,
    ),
    ArraySpec(
        "sentence_parts",
        ("3", "T"),
        "float32",
        "of the score of t in a sentence: mean, weight of its own sum of eq. (5), mean of that sum",
        per_estimator=True,
        optional=True,
    ),
    ArraySpec("q_value", ("F", "T"), "float32", "false discovery rate of t for f, in [0, 1]"),
    ArraySpec("null_high", ("F", "T"), "float32", "95th percentile of p under permutation"),
    ArraySpec(
        *("null_t", ("S", "F", "L"), "int32"),
        "attributes of largest p under permutation",
        optional=True,
    ),
    ArraySpec("null_p", ("S", "F", "L"), "float16", "their p(t given f), in [0, 1]", optional=True),
    ArraySpec("top_images", ("F", "R"), "int32", "top images by pooled activation, descending"),
    ArraySpec(
        "top_t_predicted", ("X", "K"), "int32", "attributes by descending p(t given x, predicted c)"
    ),
    ArraySpec(
        "top_p_predicted", ("X", "K"), "float32", "their p(t given x, predicted c), in [0, 1]"
    ),
    ArraySpec("top_t_true", ("X", "K"), "int32", "attributes by descending p(t given x, true c)"),
    ArraySpec("top_p_true", ("X", "K"), "float32", "their p(t given x, true c), in [0, 1]"),
    ArraySpec("canonical", ("C", "N"), "int32", "images nearest to the class's mean, -1 for none"),
    ArraySpec("layout", ("X", "D"), "float32", "column, row on the map, in [0, 1]", optional=True),
    ArraySpec(
        *("neighbour_distance", ("Q",), "float32"),
        "cosine distance of test images to their 10th nearest training image, ascending",
        optional=True,
    ),
    ArraySpec("thumb_offsets", ("X+1",), "int64", "start of each JPEG in thumbs.bin, bytes"),
    ArraySpec(
        "caption_offsets", ("X+1",), "int64", "start of each caption text in captions.bin, bytes"
    ),
)

#: Files of concatenated byte strings; ``<name>_offsets`` in ARRAYS has the start of each.
PACKS = {
    "thumb": ("thumbs.bin", "the network's crop of each image as JPEG bytes"),
    "caption": ("captions.bin", "the captions of each image, UTF-8, one per line"),
}


@dataclass(frozen=True)
class TableSpec:
    """One Parquet table: its row index and its columns (name: dtype, meaning)."""

    name: str
    rows: str
    columns: dict[str, tuple[str, str]]
    optional: bool = False


TABLES: tuple[TableSpec, ...] = (
    TableSpec(
        "images",
        "X",
        {
            "path": ("str", "path relative to the data set's image folder; identifies the image"),
            "true_c": ("int32", "label, index into classes"),
            "predicted_c": ("int32", "argmax of the logits"),
            "confidence": ("float32", "softmax probability of the predicted class, in [0, 1]"),
            "p_true": ("float32", "softmax probability of the labelled class, in [0, 1]"),
            "is_train": ("bool", "in the training split: used for estimates, not for scores"),
            "n_captions": ("int32", "caption lines; 0 means unknown, not without attributes"),
            "width": ("int32", "of the original image, pixels"),
            "height": ("int32", "of the original image, pixels"),
            "bbox_left": ("float32", "bounding box, pixels of the original"),
            "bbox_top": ("float32", ""),
            "bbox_width": ("float32", ""),
            "bbox_height": ("float32", ""),
            "crop_left": ("float32", "square crop, input of the network, pixels of the original"),
            "crop_top": ("float32", "may be negative: the crop is padded past the edge"),
            "crop_side": ("float32", ""),
            "sharpness": ("float32", "share of fine detail, in [0, 1]"),
            "brightness": ("float32", "mean luminance, in [0, 1]"),
            "contrast": ("float32", "standard deviation of luminance, in [0, 1]"),
            "colour_cast": ("float32", "distance of the light's colour from grey, in [0, 1]"),
            "noise": ("float32", "estimated standard deviation of pixel noise, in [0, 1]"),
            "blockiness": ("float32", "share of pixel differences on JPEG's grid, in [0, 1]"),
            "plain_area": ("float32", "largest area without texture, share of the crop"),
            "problem": ("str", "problem of the image file, empty for none"),
        },
    ),
    TableSpec(
        "attributes",
        "T",
        {
            "phrase": ("str", "as shown, e.g. 'yellow head'"),
            "kind": ("str", "pair, noun, is or tag, see core.language.attribute"),
            "adjective": ("str", "empty for a noun alone"),
            "noun": ("str", "singular; where there is no thing, the property"),
            "number": ("str", "of the noun: one, several, mass or whole, see core.language.nouns"),
            "part": ("str", "the part that the noun names, empty for none"),
            "n_images": ("int32", "images whose captions name it"),
            "n_captions": ("int32", "captions that name it"),
        },
    ),
    TableSpec(
        "classes",
        "C",
        {
            "class_id": ("int32", "class number in the data set"),
            "name": ("str", "display name, e.g. 'Black footed Albatross'"),
            "n_train": ("int32", "images in the training split"),
            "n_test": ("int32", "images in the test split"),
            "n_right": ("int32", "correctly classified test images of this class"),
        },
    ),
    TableSpec(
        "filters",
        "F",
        {
            "verdict": ("str", f"whether it has a name: {', '.join(NameStatus)}"),
            "name_t": ("int32", "the attribute that is the filter's name, -1 for none"),
            "n_significant": ("int32", f"attributes with q_value below {MAX_Q}"),
            "entropy": ("float32", "of p(t given f), in bits"),
            "simulation": ("float32", "correlation of activation and words, test images, or NaN"),
            "selectivity": ("float32", "class selectivity index over test images, in [0, 1]"),
            "sparseness": ("float32", "Hoyer's, of p(t given f), in [0, 1]"),
            "top_c": ("int32", "the class with the largest weight for the filter"),
        },
    ),
    TableSpec(
        "seen_names",
        "F",
        {
            "t": ("int32", "the pair that the filter sees where it is active, -1 for none"),
            "adjective": ("str", "of that pair, or what it sees anywhere, empty for none"),
            "confidence": ("float32", "log place of the likeliest pair plus log share of captions"),
            "mass": ("float32", "largest sum of p(t given f) over an adjective, in [0, 1]"),
        },
        optional=True,
    ),
    TableSpec(
        "diagnoses",
        "X",
        {
            "pattern": ("str", "cause of the failure, or wrong label, see core.diagnosis"),
            "image_quality": ("float32", "score of the pattern, in [0, 1]; likely from 0.5"),
            "image_quality_reason": ("str", "its evidence in words, empty where not explained"),
            "wrong_label": ("float32", "as above, for every image, training images too"),
            "wrong_label_reason": ("str", ""),
            "spurious_cue": ("float32", "as above, failures only"),
            "spurious_cue_reason": ("str", ""),
            "missing_feature": ("float32", "as above, failures only"),
            "missing_feature_reason": ("str", ""),
            "suggested_c": ("int32", "the most likely class other than the label"),
            "cluster": ("int32", "row in clusters, -1 for none"),
        },
        optional=True,
    ),
    TableSpec(
        "clusters",
        "G",
        {
            "name": ("str", "description of a group of failures"),
            "n_images": ("int32", "number of its failures; descending"),
            "t": ("int32", "the attribute with the largest mean difference, predicted minus true"),
            "predicted_c": ("int32", "majority of its predicted classes, -1 for none"),
            "true_c": ("int32", "majority of its labels, -1 for none"),
        },
        optional=True,
    ),
    TableSpec(
        "attribute_places",
        "V",
        {
            "x": ("int32", "image; this table is for painted pictures, whose truth is known"),
            "t": ("int32", "an attribute that it has"),
            "row": ("float32", "where, in the unit square of the crop"),
            "col": ("float32", ""),
            "visible": ("float32", "share of that place that nothing covers, in [0, 1]"),
        },
        optional=True,
    ),
    TableSpec("synonym_candidates", "Y", SYNONYM_COLUMNS, optional=True),
    TableSpec(
        "facts",
        "X",
        {
            "listed": ("str", "the file when read: path, bytes, time of change, digest of samples"),
            "problem": ("str", "its problem; the columns width to plain_area are those of images"),
        },
        optional=True,
    ),
)

_BY_NAME = {spec.name: spec for spec in ARRAYS}


def array_spec(name: str) -> ArraySpec:
    """Return the specification of an array; ``name`` may be ``"p_t_given_f/literal"``.

    Raises
    ------
    KeyError
        If the contract has no such array.
    """
    return _BY_NAME[name.partition("/")[0]]


def expected_shape(spec: ArraySpec, sizes: dict[str, int]) -> tuple[int, ...]:
    """Return the shape that ``spec`` has in a run of these sizes.

    >>> expected_shape(array_spec("thumb_offsets"), {"X": 4})
    (5,)
    """
    return tuple(
        sizes["X"] + 1 if dim == "X+1" else int(dim) if dim.isdigit() else sizes[dim]
        for dim in spec.dims
    )
