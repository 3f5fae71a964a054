"""The contract on disk, as data: which arrays and tables a run holds and what they mean.

Writer, reader, tests and the table in the README all read these lists, so they cannot drift.

Sizes are letters: X images, F filters, T attributes, C classes, P parts, H and W rows and columns
of a feature map, M images whose maps are kept, E non-zero counts, K attributes kept for an
explanation, R top images of a filter, N canonical images of a class. ``X+1`` is one more than X.
"""

from dataclasses import dataclass

SCHEMA_VERSION = 1

#: Top attributes kept per image for search; an explanation shows the first five of them.
K = 20
#: How ``problem`` begins for an image that cannot be read; any other problem was mended. Such an
#: image keeps its row and is shown as a grey square, but takes no part in estimates and scores.
UNREADABLE = "unreadable"
#: Attributes in a sentence, as in the paper.
N_EXPLAIN = 5


@dataclass(frozen=True)
class ArraySpec:
    """One array of a run.

    Parameters
    ----------
    name : str
        File stem under ``arrays/``. With ``per_estimator`` it is a folder of one file an estimator.
    dims : tuple of str
        Size letters, one an axis; a digit is a fixed size.
    dtype : str
        NumPy dtype name.
    meaning : str
        One line, with unit or range.
    is_distribution : bool
        Non-negative and sums to 1 over the last axis.
    per_estimator : bool
        One array for each estimator of the run.
    optional : bool
        A run without it is whole.
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
    ArraySpec(
        "map_row", ("X",), "int32", "row of the image in maps, -1 where its maps are not kept"
    ),
    ArraySpec("logits", ("X", "C"), "float32", "class scores before the softmax"),
    ArraySpec("class_weights", ("C", "F"), "float32", "W: weights of the linear head"),
    ArraySpec("class_bias", ("C",), "float32", "b: bias of the linear head"),
    ArraySpec(
        "cell_centres",
        ("H", "W", "2"),
        "float32",
        "receptive-field centre of each map cell: row, column in the unit square of the input",
    ),
    ArraySpec(
        "parts",
        ("X", "P", "2"),
        "float32",
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
        "signed weight of filter f for attribute t: what grounding sums over the maps",
        per_estimator=True,
    ),
    ArraySpec(
        "evidence_bias",
        ("T",),
        "float32",
        "pooled @ evidence + evidence_bias is the estimator's own score of t in x",
        per_estimator=True,
    ),
    ArraySpec(
        "q_value",
        ("F", "T"),
        "float32",
        "false discovery rate at which t names f, against shuffled captions, in [0, 1]",
    ),
    ArraySpec(
        "null_high",
        ("F", "T"),
        "float32",
        "95th percentile of p(t given f) under shuffled captions, in [0, 1]",
    ),
    ArraySpec(
        "top_images", ("F", "R"), "int32", "images with the highest pooled activation, falling"
    ),
    ArraySpec(
        "top_t_predicted", ("X", "K"), "int32", "attributes by falling p(t given x, predicted c)"
    ),
    ArraySpec(
        "top_p_predicted", ("X", "K"), "float32", "their p(t given x, predicted c), in [0, 1]"
    ),
    ArraySpec("top_t_true", ("X", "K"), "int32", "attributes by falling p(t given x, true c)"),
    ArraySpec("top_p_true", ("X", "K"), "float32", "their p(t given x, true c), in [0, 1]"),
    ArraySpec("canonical", ("C", "N"), "int32", "images nearest to the class's mean, -1 for none"),
    ArraySpec("thumb_offsets", ("X+1",), "int64", "where each JPEG starts in thumbs.bin, bytes"),
    ArraySpec(
        "caption_offsets", ("X+1",), "int64", "where each caption text starts in captions.bin"
    ),
)

#: Files of many byte strings; ``<name>_offsets`` in ARRAYS says where each starts.
PACKS = {
    "thumb": ("thumbs.bin", "the network's crop of each image as JPEG bytes, ready to send"),
    "caption": ("captions.bin", "the captions of each image, UTF-8, one a line"),
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
            "path": ("str", "path below the data set's image folder; the identity of the image"),
            "true_c": ("int32", "label, index into classes"),
            "predicted_c": ("int32", "argmax of the logits"),
            "confidence": ("float32", "softmax probability of the predicted class, in [0, 1]"),
            "p_true": ("float32", "softmax probability of the labelled class, in [0, 1]"),
            "is_train": ("bool", "in the training split: used to estimate, never to score"),
            "n_captions": ("int32", "caption lines; 0 means unknown, not without attributes"),
            "width": ("int32", "of the original image, pixels"),
            "height": ("int32", "of the original image, pixels"),
            "bbox_left": ("float32", "bounding box, pixels of the original"),
            "bbox_top": ("float32", ""),
            "bbox_width": ("float32", ""),
            "bbox_height": ("float32", ""),
            "crop_left": ("float32", "square crop that the network saw, pixels of the original"),
            "crop_top": ("float32", "may be negative: the crop is padded past the edge"),
            "crop_side": ("float32", ""),
            "sharpness": (
                "float32",
                "share of fine detail, in [0, 1]",
            ),
            "brightness": ("float32", "mean luminance, in [0, 1]"),
            "contrast": ("float32", "standard deviation of luminance, in [0, 1]"),
            "colour_cast": ("float32", "distance of the light's colour from grey, in [0, 1]"),
            "noise": ("float32", "estimated standard deviation of pixel noise, in [0, 1]"),
            "problem": ("str", "what was wrong with the file, empty for nothing"),
        },
    ),
    TableSpec(
        "attributes",
        "T",
        {
            "phrase": ("str", "as shown, e.g. 'yellow head'"),
            "adjective": ("str", ""),
            "noun": ("str", "singular"),
            "part": ("str", "the CUB part group that the noun names, empty for none"),
            "n_images": ("int32", "images whose captions name it"),
            "n_captions": ("int32", "captions that name it"),
        },
    ),
    TableSpec(
        "classes",
        "C",
        {
            "class_id": ("int32", "the data set's own number"),
            "name": ("str", "for people, e.g. 'Black footed Albatross'"),
            "n_train": ("int32", "images in the training split"),
            "n_test": ("int32", "images in the test split"),
            "n_right": ("int32", "test images classified as this class and labelled so"),
        },
    ),
    TableSpec(
        "filters",
        "F",
        {
            "verdict": ("str", "named, several names, or no nameable attribute"),
            "name_t": ("int32", "the attribute that names it, -1 for none"),
            "n_significant": ("int32", "attributes with q_value below 0.05"),
            "entropy": ("float32", "of p(t given f), in bits"),
            "top_c": ("int32", "the class with the largest weight for it"),
        },
    ),
    TableSpec(
        "diagnoses",
        "X",
        {
            "pattern": (
                "str",
                "why it failed, or wrong label, see core.diagnosis; or empty",
            ),
            "image_quality": ("float32", "score of the pattern, in [0, 1]; likely from 0.5"),
            "image_quality_reason": ("str", "its evidence in words, empty where not asked"),
            "wrong_label": ("float32", "as above, for every image, training images too"),
            "wrong_label_reason": ("str", ""),
            "spurious_cue": ("float32", "as above, failures only"),
            "spurious_cue_reason": ("str", ""),
            "missing_feature": ("float32", "as above, failures only"),
            "missing_feature_reason": ("str", ""),
            "suggested_c": ("int32", "the likeliest class but the labelled one"),
            "cluster": ("int32", "row in clusters, -1 for none"),
        },
        optional=True,
    ),
    TableSpec(
        "clusters",
        "G",
        {
            "name": ("str", "a group of failures in words"),
            "n_images": ("int32", "its failures; largest groups first"),
            "t": ("int32", "the attribute seen for the answer and not for the label"),
            "predicted_c": ("int32", "class of most of its answers, -1 for none"),
            "true_c": ("int32", "class of most of its labels, -1 for none"),
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
    TableSpec(
        "facts",
        "X",
        {
            "listed": ("str", "the file when it was read: path, size in bytes, time of change"),
            "problem": ("str", "what was wrong with it; width to noise are those of images"),
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
        If the contract knows no such array.
    """
    return _BY_NAME[name.partition("/")[0]]


def expected_shape(spec: ArraySpec, sizes: dict[str, int]) -> tuple[int, ...]:
    """Return the shape that ``spec`` has in a run of these sizes.

    >>> expected_shape(array_spec("thumb_offsets"), {"X": 4})
    (5,)
    >>> expected_shape(array_spec("cell_centres"), {"H": 7, "W": 7})
    (7, 7, 2)
    """
    return tuple(
        sizes["X"] + 1 if dim == "X+1" else int(dim) if dim.isdigit() else sizes[dim]
        for dim in spec.dims
    )
