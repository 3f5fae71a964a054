"""The contract on disk, as data: the arrays of a run and their meaning; tables are in `tables`.

Writer, reader, tests and docs are derived from these lists. Sizes are letters: X images, F filters,
T attributes, C classes, P parts, H and W rows and columns of a feature map, M images with stored
maps, J classes with local weights, E non-zero counts, K attributes stored for an explanation, R
top-activating images of a filter, N typical training images of a class, D coordinates of an image
on the map, Q test images whose distance to the training images is kept, Y pairs of possible
synonyms, U probabilities that an attribute is seen in an image, B moments of earlier blocks.
``X+1`` is one more than X.
"""

from dataclasses import dataclass

SCHEMA_VERSION = 3

#: Top attributes stored per image for search; an explanation has the first five of them.
K = 20
#: Prefix of ``problem`` of an image that cannot be read: a grey square, not estimated or scored.
UNREADABLE = "unreadable"
#: Attributes in a sentence, as in the paper.
N_EXPLAIN = 5
#: Sizes that say how many attributes there are or are kept.
WORDS = frozenset("TK")


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

    @property
    def is_seen(self) -> bool:
        """Whether it says what is seen in images: a run holds all of these or none.

        The factor of values, which earlier runs lack, is 1 where it is missing.
        """
        return self.name.startswith(("presence_", "said_")) and self.name != "presence_sharpness"

    @property
    def is_of_words(self) -> bool:
        """Whether it says something of attributes: a run without words, T = 0, has none of these.

        What captions say is there and empty.
        """
        return self.per_estimator or self.is_seen or not WORDS.isdisjoint(self.dims)


ARRAYS: tuple[ArraySpec, ...] = (
    ArraySpec("pooled", ("X", "F"), "float32", "phi(f_k(x)): globally pooled activations"),
    ArraySpec("maps", ("M", "F", "H", "W"), "float16", "f_k(x): last convolutional feature maps"),
    ArraySpec(
        *("block_moments", ("X", "B"), "float32"),
        "mean and standard deviation over positions of channels of earlier blocks",
        optional=True,
    ),
    ArraySpec("map_row", ("X",), "int32", "row of the image in maps, -1 where none is stored"),
    ArraySpec("logits", ("X", "C"), "float32", "class scores before the softmax"),
    ArraySpec(
        "class_weights", ("C", "F"), "float32", "W: weights of the head, see fieldmarks.core.head"
    ),
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
    ArraySpec(*("mention_x", ("U",), "int32"), "image of each probability", optional=True),
    ArraySpec(*("mention_t", ("U",), "int32"), "attribute of each probability", optional=True),
    ArraySpec(
        *("mention_p", ("U",), "float32"),
        "how likely t is seen in x, by a model, in [0, 1]; others are 0",
        optional=True,
    ),
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
    ArraySpec(
        *("presence_standard", ("2", "F"), "float32"),
        "mean and scale of signed square roots of pooled, see core.presence",
        optional=True,
    ),
    ArraySpec(
        *("presence_weights", ("F", "T"), "float32"),
        "log-odds of t in an image, by these roots, standardised and scaled to one length",
        optional=True,
    ),
    ArraySpec(
        *("presence_moment_standard", ("2", "B"), "float32"),
        "mean and scale of signed square roots of block_moments",
        optional=True,
    ),
    ArraySpec(
        *("presence_moment_weights", ("B", "T"), "float32"),
        "what these add to the log-odds: the length is that of both together",
        optional=True,
    ),
    ArraySpec(
        *("presence_bias", ("T",), "float32"),
        "their start, NaN where too few images name t",
        optional=True,
    ),
    ArraySpec(
        *("presence_choice", ("T",), "int32"),
        "property that t is a value of, -1 for none, -2 - k for k of which each image has one",
        optional=True,
    ),
    ArraySpec(
        *("presence_curve", ("3",), "float32"),
        "what bends the log-odds of all words to those of q(t, x)",
        optional=True,
    ),
    ArraySpec(
        *("presence_sharpness", ("1",), "float32"),
        "what log-odds of values are multiplied by where each image has one of them",
        optional=True,
    ),
    ArraySpec(
        *("presence_line", ("T",), "float32"),
        "q(t, x) above which a search for t finds an image, in [0, 0.5]",
        optional=True,
    ),
    ArraySpec("q_value", ("F", "T"), "float32", "false discovery rate of t for f, in [0, 1]"),
    ArraySpec(
        "null_high",
        ("F", "T"),
        "float32",
        "p(t given f) above which t is significant for f, in [0, 1]",
    ),
    ArraySpec("top_images", ("F", "R"), "int32", "top images by pooled activation, descending"),
    ArraySpec(
        "top_t_predicted", ("X", "K"), "int32", "attributes by descending p(t given x, predicted c)"
    ),
    ArraySpec(
        "top_p_predicted", ("X", "K"), "float32", "their p(t given x, predicted c), in [0, 1]"
    ),
    ArraySpec("top_t_true", ("X", "K"), "int32", "attributes by descending p(t given x, true c)"),
    ArraySpec("top_p_true", ("X", "K"), "float32", "their p(t given x, true c), in [0, 1]"),
    ArraySpec(
        *("said_t_predicted", ("X", "5"), "int32"),
        "sentence for the predicted c: attributes seen in x that count for c, -1 for none",
        optional=True,
    ),
    ArraySpec(
        *("said_t_true", ("X", "5"), "int32"),
        "the same for the true c",
        optional=True,
    ),
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
