"""The stages of a run, in order: the one place that knows them all.

A new stage is one entry here and a module in `precompute.pipeline.stages` with its ``compute``.

The version of a stage is raised by its author when the code gives other results. A run keeps what a
stage computed as long as its version and inputs are the same, so a changed docstring or message
recomputes nothing and a changed threshold does, once its number is raised.
``tests/system/test_stage_versions.py`` fails when the code changed and the number did not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from fieldmarks.core.estimators.base import estimator_version
from fieldmarks.core.input_file import MAX_LIST
from fieldmarks.core.run.contract import N_EXPLAIN, K
from fieldmarks.core.run.files import EVALUATION, NETWORK
from fieldmarks.precompute.attributes.lexicon import CAPTION_WORDS
from fieldmarks.precompute.attributes.synonyms import SYNONYMS
from fieldmarks.precompute.attributes.unsaid import FUNCTION_WORDS
from fieldmarks.precompute.pipeline.facts import Facts
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.stages.painted_truth import truth_files
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.fingerprint import digest, file_digest, library_versions
from fieldmarks.precompute.resume.stage import Computed, Outputs, PlannedStage

_STAGES = "fieldmarks.precompute.pipeline.stages"
#: Images kept for each filter and each class.
TOP_IMAGES, CANONICAL = 30, 6
#: Of the images that the map is made of, where there are too many for all.
LAYOUT_SEED = 0
#: Of resamples and random baselines of the scores.
SCORES_SEED = 0


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    Parameters
    ----------
    name : str
    version : int
        Raised by its author when the same inputs give other results.
    libraries : tuple of str
        Modules of other people whose release may change its results.
    inputs : callable
        From `Facts` to what it depends on besides other stages: fingerprints and JSON values.
    outputs : Outputs
        The files that it leaves.
    after : tuple of str
        Earlier stages: it is computed again where one of them is.
    is_shared : bool
        All ranks compute it together; the first one alone otherwise.
    can_be_left_out : bool
        A run is complete without it where the data do not allow it: diagnoses without test images.
    is_later : bool
        It completes a run that is published without it; pages say meanwhile that it is computed.
    estimators : callable
        From `RunInputs` to the estimators that it leaves files of.
    compute : str, optional
        Module and function, ``"package.module:function"``, imported when the stage is computed; by
        default ``compute`` of the stage's own module. It takes a `Work` and returns a `Computed`,
        or None.
    """

    name: str
    version: int
    libraries: tuple[str, ...]
    inputs: Callable[[Facts], dict[str, object]]
    outputs: Outputs
    after: tuple[str, ...] = ()
    is_shared: bool = False
    can_be_left_out: bool = False
    is_later: bool = False
    estimators: Callable[[RunInputs], tuple[str, ...]] = lambda inputs: ()
    compute: str = ""

    @property
    def module(self) -> str:
        """The module that computes the stage; what it imports belongs to the stage."""
        return self._where[0]

    @property
    def function(self) -> str:
        """The function of `module` that computes the stage."""
        return self._where[1]

    @property
    def _where(self) -> list[str]:
        return (self.compute or f"{_STAGES}.{self.name}:compute").split(":")

    def run(self, work: Work) -> Computed:
        """Compute the stage and return what is known of its result."""
        return getattr(import_module(self.module), self.function)(work) or Computed()

    def planned(
        self,
        inputs: Mapping[str, object],
        fingerprints: Mapping[str, str],
        estimators: tuple[str, ...] = (),
        has_words: bool = True,
    ) -> PlannedStage:
        """Return the stage with what it depends on.

        Parameters
        ----------
        inputs : mapping
            As ``inputs`` returns them.
        fingerprints : mapping of str
            Of other stages; those that the run has of `after` count.
        estimators : tuple of str
            Those of the run.
        has_words : bool
            Whether the run has any.
        """
        before = {name: fingerprints[name] for name in self.after if name in fingerprints}
        libraries = {"libraries": library_versions(self.libraries)}
        depends_on = {**before, **inputs, **libraries}
        return PlannedStage(
            self.name, self.version, depends_on, self.outputs, estimators, has_words
        )


def score_inputs(data: Path, seed: int = SCORES_SEED) -> dict[str, object]:
    """Return what scores depend on besides the run.

    Parameters
    ----------
    data : Path
        The data set: beside that of a painted world lies its truth.
    seed : int
        Of resamples and random baselines.
    """
    truth = [file_digest(path) for path in truth_files(data)]
    return {"sentence": N_EXPLAIN, "seed": seed, "truth": truth}


def _attribute_inputs(of: Facts) -> dict[str, object]:
    language, settings = of.dataset.language, of.settings
    tables = [*language.files, *filter(None, [settings.synonyms])]
    return {
        **of.giveaways,
        "captions": digest(*of.inputs.words.parts),
        "split": of.split,
        "language": digest(
            [file_digest(path, MAX_LIST) for path in tables],
            list(language.kinds),
            of.dataset.part_names,
        ),
        "merge": settings.merge,
        "min_images": settings.min_images,
        "word lists": [file_digest(p) for p in (CAPTION_WORDS, FUNCTION_WORDS, SYNONYMS)],
    }


def _table_inputs(of: Facts) -> dict[str, object]:
    dataset = of.dataset
    return {
        "images": of.images,
        "n_captions": digest(of.inputs.n_captions),
        "split": of.split,
        "classes": digest(dataset.class_ids, dataset.class_names, dataset.part_names),
        "problems": [*dataset.problems, *of.inputs.words.problems],
    }


def _default(inputs: RunInputs) -> tuple[str, ...]:
    return (inputs.settings.default_estimator,) if inputs.has_words else ()


def _others(inputs: RunInputs) -> tuple[str, ...]:
    return inputs.settings.other_estimators if inputs.has_words else ()


#: Libraries that formulas over arrays depend on.
_ARRAYS = ("numpy", "scipy", "sklearn")
#: What an estimator leaves: for sentences, and for heatmaps.
_SENTENCES = ("p_t_given_f", "sentence_weights", "sentence_parts")
_HEATMAPS = ("evidence", "evidence_bias")
_SEEN_NAMES = {"encoding": ("tables/seen_names.parquet",)}
#: Those that compute what is published first; what is said of the whole depends on all of them.
_RUN = ("attributes", "activations", "tables", "estimates", "presence", "explanations")


def _estimating(
    name: str,
    version: int,
    outputs: Outputs,
    estimators: Callable[[RunInputs], tuple[str, ...]],
    after: tuple[str, ...] = (),
    is_later: bool = False,
) -> Stage:
    """Return a stage that leaves files of estimators of p(t given f)."""

    def inputs(of: Facts) -> dict[str, object]:
        return {
            "images": of.images,
            "split": of.split,
            "maps of all training images": of.has_all_training_maps,
            "estimators": {each: estimator_version(each) for each in estimators(of.inputs)},
        }

    return Stage(
        name,
        version,
        _ARRAYS,
        inputs,
        outputs,
        after=("attributes", *after),
        is_shared=True,
        is_later=is_later,
        estimators=estimators,
    )


_ALL = (
    Stage(
        "attributes",
        version=5,
        libraries=("spacy", "en_core_web_sm", "textblob", "inflect"),
        inputs=_attribute_inputs,
        outputs=Outputs(
            (
                *("counts_indptr", "counts_indices", "counts_values", "caption_offsets"),
                *("mention_x", "mention_t", "mention_p"),
            ),
            ("captions.bin", "tables/attributes.parquet"),
        ),
    ),
    Stage(
        "activations",
        version=6,
        libraries=("torch", "torchvision", "PIL", "numpy"),
        inputs=lambda of: {"images": of.images, "maps": digest(of.kept.map_row)},
        outputs=Outputs(
            (
                *("pooled", "maps", "map_row", "logits", "parts", "block_moments"),
                *("class_weights", "class_bias", "cell_centres", "local_c", "local_weights"),
            ),
            ("tables/facts.parquet",),
        ),
        is_shared=True,
    ),
    Stage(
        "thumbnails",
        version=1,
        libraries=("PIL",),
        inputs=lambda of: {"images": of.images, "side": of.settings.thumb_size},
        outputs=Outputs(("thumb_offsets",), ("thumbs.bin",)),
    ),
    Stage(
        "tables",
        version=6,
        libraries=("numpy", "inflect"),
        inputs=_table_inputs,
        outputs=Outputs(files=("tables/images.parquet", "tables/classes.parquet")),
    ),
    _estimating(
        "estimates",
        version=8,
        outputs=Outputs(("prior", *_SENTENCES), by_estimator=_SEEN_NAMES),
        estimators=_default,
    ),
    Stage(
        "presence",
        version=6,
        libraries=("numpy", "scipy"),
        inputs=lambda of: {"images": of.images, "split": of.split},
        outputs=Outputs(
            (
                *("presence_standard", "presence_weights", "presence_bias", "presence_choice"),
                *("presence_curve", "presence_line", "presence_sharpness"),
                *("presence_moment_standard", "presence_moment_weights"),
            )
        ),
        after=("attributes",),
        can_be_left_out=True,
    ),
    Stage(
        "explanations",
        version=8,
        libraries=("numpy",),
        inputs=lambda of: {"sizes": [TOP_IMAGES, CANONICAL, K]},
        outputs=Outputs(
            (
                *("top_t_predicted", "top_p_predicted", "top_t_true", "top_p_true"),
                *("said_t_predicted", "said_t_true"),
                *("top_images", "canonical"),
            )
        ),
        after=("estimates", "presence"),
        is_shared=True,
    ),
    _estimating(
        "evidence",
        version=1,
        outputs=Outputs(_HEATMAPS),
        estimators=_default,
        after=("estimates",),
        is_later=True,
    ),
    Stage(
        "diagnoses",
        version=20,
        libraries=_ARRAYS,
        inputs=lambda of: {"sentence": N_EXPLAIN},
        outputs=Outputs(files=("tables/diagnoses.parquet",)),
        after=(*_RUN, "evidence"),
        can_be_left_out=True,
        is_later=True,
    ),
    Stage(
        "feeding",
        version=2,
        libraries=("torch", "numpy", "scipy"),
        inputs=lambda of: {
            "images": of.images,
            "split": of.split,
            "boxes": of.dataset.has_boxes,
        },
        outputs=Outputs(),
        is_later=True,
    ),
    Stage(
        "names",
        version=4,
        libraries=("numpy", "scipy"),
        inputs=lambda of: {"seed": of.settings.seed},
        outputs=Outputs(("q_value", "null_high"), ("tables/filters.parquet",)),
        after=("attributes", "estimates", "presence"),
        is_shared=True,
        is_later=True,
    ),
    Stage(
        "layout",
        version=2,
        libraries=("numpy", "sklearn", "openTSNE"),
        inputs=lambda of: {"images": of.images, "seed": LAYOUT_SEED},
        outputs=Outputs(("layout",)),
        is_later=True,
    ),
    Stage(
        "live",
        version=4,
        libraries=("torch", "onnx", "onnxscript", "onnxruntime", "numpy"),
        inputs=lambda of: {"images": of.images, "split": of.split},
        outputs=Outputs(("neighbour_distance",), (NETWORK,)),
        can_be_left_out=True,
        is_later=True,
    ),
    _estimating(
        "other_estimators",
        version=1,
        outputs=Outputs((*_SENTENCES, *_HEATMAPS), by_estimator=_SEEN_NAMES),
        estimators=_others,
        is_later=True,
    ),
    Stage(
        "scores",
        version=16,
        libraries=(*_ARRAYS, "sacrebleu"),
        inputs=lambda of: score_inputs(of.settings.source.data),
        outputs=Outputs(files=(EVALUATION,), optional=("tables/attribute_places.parquet",)),
        after=(*_RUN, "evidence", "names", "other_estimators"),
        can_be_left_out=True,
        is_later=True,
    ),
)
#: The stages by name, in the order in which they are computed.
STAGES: dict[str, Stage] = {stage.name: stage for stage in _ALL}
