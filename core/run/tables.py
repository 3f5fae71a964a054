"""The contract on disk, as data: the tables of a run, their columns and what these mean.

Sizes are the letters of `core.run.contract`.
"""

from dataclasses import dataclass

from fieldmarks.core.attributes.synonym_candidates import SYNONYM_COLUMNS
from fieldmarks.core.name_status import MAX_Q, SEEN_COLUMNS, NameStatus

#: Columns that runs of earlier versions lack.
NEW_COLUMNS = (
    *("light_red", "light_blue", "blockiness", "plain_area"),
    *("property", "is_exclusive", "is_complete", "background"),
)


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
            "crop_left": ("float32", "crop, input of the network, pixels of the original"),
            "crop_top": ("float32", "may be negative: the crop is padded past the edge"),
            "crop_side": ("float32", "width of the crop; of a square input the height, too"),
            "sharpness": ("float32", "share of fine detail, in [0, 1]"),
            "brightness": ("float32", "mean luminance, in [0, 1]"),
            "contrast": ("float32", "standard deviation of luminance, in [0, 1]"),
            "light_red": ("float32", "colour of the light: logarithm of red over green, grey is 0"),
            "light_blue": ("float32", "the same of blue over green"),
            "noise": ("float32", "estimated standard deviation of pixel noise, in [0, 1]"),
            "blockiness": ("float32", "share of pixel differences on JPEG's grid, in [0, 1]"),
            "plain_area": ("float32", "largest area without texture, share of the crop's middle"),
            "problem": ("str", "problem of the image file, empty for none"),
        },
    ),
    TableSpec(
        "attributes",
        "T",
        {
            "phrase": ("str", "as shown, e.g. 'yellow head'"),
            "kind": ("str", "pair, noun, is or tag, see fieldmarks.core.attributes.attribute"),
            "adjective": ("str", "empty for a noun alone"),
            "noun": ("str", "singular; where there is no thing, the property"),
            "number": (
                "str",
                "of the noun: one, several, mass or whole, see fieldmarks.core.attributes.nouns",
            ),
            "plural": ("str", "of the noun, empty where a sentence has no noun"),
            "article": ("str", "a, an, or empty: before the attribute in a sentence"),
            "part": ("str", "the part that the noun names, empty for none"),
            "n_images": ("int32", "images whose captions name it"),
            "n_captions": ("int32", "captions that name it"),
            "property": ("str", "what it is a value of: a table's column, or the noun"),
            "is_exclusive": ("bool", "an image has one value of the property"),
            "is_complete": ("bool", "given for every image: who lacks it does not have it"),
        },
    ),
    TableSpec(
        "classes",
        "C",
        {
            "class_id": ("int32", "class number in the data set"),
            "name": ("str", "display name, e.g. 'Black footed Albatross'"),
            "member": ("str", "one of its objects in a sentence: 'a Black footed Albatross'"),
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
    TableSpec("seen_names", "F", SEEN_COLUMNS, optional=True),
    TableSpec(
        "diagnoses",
        "X",
        {
            "pattern": ("str", "cause of the failure, or wrong label, see fieldmarks.core.causes"),
            "image_quality": ("float32", "score of the pattern, in [0, 1]; likely from 0.5"),
            "image_quality_reason": ("str", "its evidence in words, empty where not explained"),
            "wrong_label": ("float32", "as above, for every image, training images too"),
            "wrong_label_reason": ("str", ""),
            "spurious_cue": ("float32", "as above, failures only"),
            "spurious_cue_reason": ("str", ""),
            "missing_feature": ("float32", "as above, failures only"),
            "missing_feature_reason": ("str", ""),
            "suggested_c": ("int32", "the most likely class other than the label"),
            "background": (
                "int32",
                "group of backgrounds of test images, negative for none",
            ),
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
            "affected": ("str", "choices of decoding that matter: alpha, orientation, depth"),
        },
        optional=True,
    ),
)

#: Names of the tables.
TABLE_NAMES = tuple(spec.name for spec in TABLES)


def table_spec(name: str) -> TableSpec:
    """Return the specification of a table.

    Raises
    ------
    KeyError
        If the contract has no such table.
    """
    return {spec.name: spec for spec in TABLES}[name]
