"""Which stages a run has, what each depends on and which files it leaves."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldmarks.core.estimators.base import estimator_version
from fieldmarks.core.run.contract import N_EXPLAIN, K
from fieldmarks.core.run.files import EVALUATION, NETWORK
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.attributes.lexicon import CAPTION_WORDS
from fieldmarks.precompute.attributes.synonyms import SYNONYMS
from fieldmarks.precompute.attributes.unsaid import FUNCTION_WORDS
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.stages.painted_truth import truth_files
from fieldmarks.precompute.pipeline.versions import LIBRARIES, VERSIONS
from fieldmarks.precompute.resume.chunks import Chunk
from fieldmarks.precompute.resume.fingerprint import digest, file_digest, library_versions
from fieldmarks.precompute.resume.stage import Stage

#: Images kept for each filter and each class.
TOP_IMAGES, CANONICAL = 30, 6
#: Of the images that the map is made of, where there are too many for all.
LAYOUT_SEED = 0
#: Of resamples and random baselines of the scores.
SCORES_SEED = 0


@dataclass(frozen=True)
class KeptMaps:
    """Which feature maps a run keeps.

    Parameters
    ----------
    map_row : ndarray of shape (X,)
        Row of each image in the maps, -1 where they are not kept.
    is_readable : ndarray of shape (X,), bool
        Whether an image's file could be read; True where it was not tried yet.
    """

    map_row: np.ndarray
    is_readable: np.ndarray

    @classmethod
    def of(cls, run: Run) -> "KeptMaps":
        """Return those of a finished run, maps that were added later included."""
        return cls(np.asarray(run.array("map_row")), run.is_readable)


@dataclass(frozen=True)
class Plan:
    """The stages of a run by name, in order; each depends on those before it."""

    stages: dict[str, Stage]

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each stage, by name."""
        return {name: stage.fingerprint for name, stage in self.stages.items()}


def make_plan(inputs: RunInputs, chunks: list[Chunk], kept: KeptMaps | None = None) -> Plan:
    """Return the stages for the inputs as they are now.

    Parameters
    ----------
    inputs : RunInputs
    chunks : list of Chunk
        Of the pass over the images, with the files as they are or as they were read.
    kept : KeptMaps, optional
        The maps that the run has; those that the settings ask for otherwise.
    """
    settings, dataset = inputs.settings, inputs.dataset
    language = dataset.language
    kept = kept or KeptMaps(inputs.map_row, np.ones(len(inputs.true_c), bool))
    left_out = [list(settings.leave_out)] if settings.leave_out else []
    split = digest(inputs.true_c, inputs.is_train, *left_out)
    out = inputs.giveaways
    left_out_words = [*out.of_class, *out.brands] if out else []
    attributes = _stage(
        "attributes",
        {
            **({"giveaways": left_out_words} if left_out_words else {}),
            "captions": digest(*inputs.words.parts),
            "split": split,
            "language": digest(
                [
                    file_digest(path)
                    for path in (*language.files, *filter(None, [settings.synonyms]))
                ],
                list(language.kinds),
                dataset.part_names,
            ),
            "merge": settings.merge,
            "min_images": settings.min_images,
            "word lists": [file_digest(p) for p in (CAPTION_WORDS, FUNCTION_WORDS, SYNONYMS)],
        },
        ("counts_indptr", "counts_indices", "counts_values", "caption_offsets"),
        ("captions.bin", "tables/attributes.parquet"),
    )
    # all of the pass but which maps are kept: what is pooled from them does not depend on it
    images_read = digest([chunk.fingerprint for chunk in chunks], dataset.class_ids)
    activations = _stage(
        "activations",
        {"images": images_read, "maps": digest(kept.map_row)},
        (
            *("pooled", "maps", "map_row", "logits", "parts", "thumb_offsets"),
            *("class_weights", "class_bias", "cell_centres", "local_c", "local_weights"),
        ),
        ("thumbs.bin", "tables/facts.parquet"),
    )
    tables = _stage(
        "tables",
        {
            "images": images_read,
            "n_captions": digest(inputs.n_captions),
            "split": split,
            "classes": digest(dataset.class_ids, dataset.class_names, dataset.part_names),
            "problems": [*dataset.problems, *inputs.words.problems],
        },
        files=("tables/images.parquet", "tables/classes.parquet"),
    )
    teaches = inputs.is_learnt & (inputs.n_captions > 0) & kept.is_readable
    estimates = _stage(
        "estimates",
        {
            "attributes": attributes.fingerprint,
            "images": images_read,
            "split": split,
            "maps of all training images": bool((kept.map_row[teaches] >= 0).all()),
            "estimators": {name: estimator_version(name) for name in settings.estimators},
            "default": settings.default_estimator,
            "seed": settings.seed,
        },
        (
            "prior",
            "p_t_given_f",
            "evidence",
            "evidence_bias",
            "sentence_weights",
            "sentence_parts",
            "q_value",
            "null_high",
            "null_t",
            "null_p",
        ),
        ("tables/filters.parquet",),
        ("tables/seen_names.parquet",),
        settings.estimators,
    )
    explanations = _stage(
        "explanations",
        {"estimates": estimates.fingerprint, "sizes": [TOP_IMAGES, CANONICAL, K]},
        (
            *("top_t_predicted", "top_p_predicted", "top_t_true", "top_p_true"),
            *("top_images", "canonical"),
        ),
    )
    made = (attributes, activations, tables, estimates, explanations)
    fingerprints = {stage.name: stage.fingerprint for stage in made}
    stages = (
        *made,
        _stage("layout", {"images": images_read, "seed": LAYOUT_SEED}, ("layout",)),
        _stage(
            "live",
            {"images": images_read, "split": split},
            ("neighbour_distance",),
            (NETWORK,),
        ),
        _stage(
            "diagnoses",
            {**fingerprints, "sentence": N_EXPLAIN},
            files=("tables/diagnoses.parquet", "tables/clusters.parquet"),
        ),
        scores_stage(fingerprints, settings.source.data),
    )
    return Plan({stage.name: stage for stage in stages})


def scores_stage(fingerprints: dict[str, str], data: Path, seed: int = SCORES_SEED) -> Stage:
    """Return the stage of the scores.

    Parameters
    ----------
    fingerprints : dict of str
        Of the stages that compute the run: all but diagnoses and scores.
    data : Path
        The data set: beside that of a painted world lies its truth.
    seed : int
        Of resamples and random baselines.
    """
    truth = [file_digest(path) for path in truth_files(data)]
    return _stage(
        "scores",
        {**fingerprints, "sentence": N_EXPLAIN, "seed": seed, "truth": truth},
        files=(EVALUATION,),
        optional=("tables/attribute_places.parquet",),
    )


def _stage(
    name: str,
    inputs: dict[str, object],
    arrays: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    estimators: tuple[str, ...] = (),
) -> Stage:
    libraries = library_versions(LIBRARIES[name])
    inputs = {**inputs, "libraries": libraries}
    return Stage(name, VERSIONS[name], inputs, arrays, files, optional, estimators)
