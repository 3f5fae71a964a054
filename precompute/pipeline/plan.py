"""Which stages a run has, what each depends on and which files it leaves."""

from dataclasses import dataclass

from precompute.pipeline.inputs import RunInputs
from precompute.resume.chunks import Chunk
from precompute.resume.fingerprint import digest, file_digest, library_versions
from precompute.resume.stage import Stage

#: Images kept for each filter and each class.
TOP_IMAGES, CANONICAL = 30, 6


@dataclass(frozen=True)
class Plan:
    """The stages of a run by name, in order; each depends on those before it."""

    stages: dict[str, Stage]

    @property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each stage, by name."""
        return {name: stage.fingerprint for name, stage in self.stages.items()}


def make_plan(inputs: RunInputs, chunks: list[Chunk]) -> Plan:
    """Return the stages for the inputs as they are now.

    Parameters
    ----------
    inputs : RunInputs
    chunks : list of Chunk
        Of the pass over the images, with the files as they are or as they were read.
    """
    settings, dataset = inputs.settings, inputs.dataset
    language = dataset.language
    split = digest(inputs.true_c, inputs.is_train)
    attributes = Stage(
        "attributes",
        "precompute.stages.attributes",
        {
            "captions": digest(*inputs.words.parts),
            "split": split,
            "language": digest(
                [file_digest(path) for path in language.files],
                list(language.kinds),
                dataset.part_names,
            ),
            "merge": settings.merge,
            "min_images": settings.min_images,
            "tagger": library_versions(["en_core_web_sm"]),
        },
        ("counts_indptr", "counts_indices", "counts_values", "caption_offsets"),
        ("captions.bin", "tables/attributes.parquet"),
    )
    activations = Stage(
        "activations",
        "precompute.stages.activations",
        {"chunks": digest([chunk.fingerprint for chunk in chunks]), "classes": dataset.class_ids},
        (
            *("pooled", "maps", "map_row", "logits", "parts", "thumb_offsets"),
            *("class_weights", "class_bias", "cell_centres", "local_c", "local_weights"),
        ),
        ("thumbs.bin", "tables/facts.parquet"),
    )
    estimates = Stage(
        "estimates",
        "precompute.stages.estimates",
        {
            "attributes": attributes.fingerprint,
            "activations": activations.fingerprint,
            "split": split,
            "estimators": list(settings.estimators),
            "default": settings.default_estimator,
            "seed": settings.seed,
        },
        ("prior", "p_t_given_f", "evidence", "evidence_bias", "q_value", "null_high"),
        ("tables/filters.parquet",),
        settings.estimators,
    )
    explanations = Stage(
        "explanations",
        "precompute.stages.explanations",
        {"estimates": estimates.fingerprint, "sizes": [TOP_IMAGES, CANONICAL]},
        (
            *("top_t_predicted", "top_p_predicted", "top_t_true", "top_p_true"),
            *("top_images", "canonical"),
        ),
    )
    tables = Stage(
        "tables",
        "precompute.stages.tables",
        {
            "attributes": attributes.fingerprint,
            "activations": activations.fingerprint,
            "split": split,
            "classes": digest(dataset.class_ids, dataset.class_names, dataset.part_names),
            "problems": [*dataset.problems, *inputs.words.problems],
        },
        (),
        ("tables/images.parquet", "tables/classes.parquet"),
    )
    stages = (attributes, activations, estimates, explanations, tables)
    return Plan({stage.name: stage for stage in stages})
