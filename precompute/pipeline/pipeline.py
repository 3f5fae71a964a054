"""All stages of a run, in order: what is current is taken over, the rest is computed.

The chain is attributes and activations, then the tables that join them, the estimates of
p(t given f), explanations, the layout of the map, and last the diagnoses of
failures and scores. What changes upstream changes the fingerprints downstream. Each stage reads the
run as far as it is written (`core.run.run.Run.unfinished`).
"""

from collections.abc import Callable
from contextlib import nullcontext

from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.corruptions.record import files_to_keep
from fieldmarks.core.errors import FieldmarksError, RunError
from fieldmarks.core.estimators.inputs import held_out_inputs, inputs_of
from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.image_map.layout import image_layout
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.manifest import marks_of, run_manifest
from fieldmarks.precompute.pipeline.plan import (
    CANONICAL,
    LAYOUT_SEED,
    SCORES_SEED,
    TOP_IMAGES,
    KeptMaps,
    Plan,
    make_plan,
)
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.pipeline.stages.estimates import write_estimates
from fieldmarks.precompute.pipeline.stages.explanations import write_explanations, write_prototypes
from fieldmarks.precompute.pipeline.stages.scores import write_scores
from fieldmarks.precompute.pipeline.stages.tables import write_tables
from fieldmarks.precompute.resume.chunks import Chunk, Chunking
from fieldmarks.precompute.resume.lock import locked
from fieldmarks.precompute.resume.stage import Computed, Marks, Stage, StageMark

Say = Callable[[str], None]


def precompute(settings: Settings, say: Say = print) -> Run:
    """Compute a run, or what of it is not current, and return it.

    Parameters
    ----------
    settings : Settings
    say : callable
        Is told what is done, a line at a time.

    Raises
    ------
    FieldmarksError
        If the inputs are not what they should be, or another process writes this run.
    """
    ranks = Ranks.from_environment()
    try:
        with locked(settings.runs, settings.name) if ranks.is_first else nullcontext():
            pipeline = Pipeline(RunInputs(settings, ranks), ranks, say)
            pipeline.run()
    finally:
        ranks.leave()
    return Run(settings.runs / settings.name)


class Pipeline:
    """The stages of one run, and where they are written.

    Parameters
    ----------
    inputs : RunInputs
    ranks : Ranks
    say : callable
        Is told what is done, a line at a time.
    purpose : str
        See `core.run.writer.RunWriter`.
    """

    def __init__(self, inputs: RunInputs, ranks: Ranks, say: Say, purpose: str = "partial"):
        self.inputs, self.ranks = inputs, ranks
        self.settings = inputs.settings
        self.say = say if ranks.is_first else lambda _: None
        self.writer = RunWriter(self.settings.runs, self.settings.name, purpose)
        self.marks = Marks(self.writer.folder)

    def run(self, kept: KeptMaps | None = None) -> None:
        """Compute what is not current and put the run in its place.

        Parameters
        ----------
        kept : KeptMaps, optional
            The maps that the run has; by default those of the finished run where its activations
            are current, else those that the settings ask for.
        """
        if self.ranks.is_first:
            self.writer.recover()
        self.ranks.barrier()
        chunking, chunks = self.inputs.chunks()
        finished = self._finished()
        plan = self._plan(chunks, finished, kept)
        earlier = marks_of(finished)
        if finished is not None and all(
            stage.is_finished(earlier.get(name), finished.folder)
            for name, stage in plan.stages.items()
        ):
            self.say(f"run {self.settings.name!r} is up to date")
            self.ranks.barrier()
            if self.ranks.is_first:
                self.writer.discard()
            return
        steps = {
            "attributes": self._attributes,
            "activations": lambda: self._activations(chunking, chunks),
            "tables": self._tables,
            "estimates": self._estimates,
            "explanations": self._explanations,
            "layout": self._layout,
            "live": self._live,
            "diagnoses": self._diagnoses,
            "scores": self._scores,
        }
        if self.ranks.is_first:
            self._remove_stale(plan)
        self.ranks.barrier()
        self.plan = plan
        marks: dict[str, StageMark] = {}
        for name, step in steps.items():
            if not self._is_current(self.plan.stages[name], earlier.get(name)):
                computed = step()
                if isinstance(computed, list):
                    self.plan = make_plan(self.inputs, computed)
                if self.ranks.is_first:
                    outcome = computed if isinstance(computed, Computed) else Computed()
                    marks[name] = self.marks.put(self.plan.stages[name], *outcome)
            elif self.ranks.is_first and (mark := self.marks.get(self.plan.stages[name])):
                marks[name] = mark
            self.ranks.barrier()
        if self.ranks.is_first:
            sizes = self._read().sizes
            self._finish(run_manifest(self.inputs, self.plan, marks, sizes))
        self.ranks.barrier()

    def _finish(self, manifest: dict) -> None:
        for path in files_to_keep(self.writer.final, manifest):
            self.writer.adopt(path)
        try:
            self.writer.finish(manifest)
        except RunError:
            # what the marks promise is not there: the next start computes it again
            self.marks.clear()
            raise

    def _finished(self) -> Run | None:
        """Return the finished run, None where there is no whole one."""
        try:
            return Run(self.writer.final)
        except FieldmarksError:
            return None

    def _plan(self, chunks: list[Chunk], finished: Run | None, kept: KeptMaps | None) -> Plan:
        """Return the plan, for maps that were added to the finished run if it is still that run."""
        if kept is None and finished is not None:
            plan = make_plan(self.inputs, chunks, KeptMaps.of(finished))
            mark = marks_of(finished).get("activations")
            if plan.stages["activations"].is_finished(mark, finished.folder):
                return plan
        return make_plan(self.inputs, chunks, kept)

    def _remove_stale(self, plan: Plan) -> None:
        """Delete what an interrupted start left of stages that are not finished.

        The activations stay: their finished chunks are used again.
        """
        for stage in plan.stages.values():
            is_finished = stage.is_finished(self.marks.get(stage), self.writer.folder)
            if not is_finished and stage.name != "activations":
                self.marks.remove(stage)
                stage.remove(self.writer.folder)

    def _is_current(self, stage: Stage, earlier: StageMark | None) -> bool:
        """Return whether a stage is finished, here or in the finished run; the first rank says."""
        is_current = False
        if self.ranks.is_first:
            is_current = stage.is_finished(self.marks.get(stage), self.writer.folder)
            if not is_current:
                self.marks.remove(stage)
                if earlier is not None and stage.is_finished(earlier, self.writer.final):
                    for path in stage.existing_files(self.writer.final):
                        self.writer.adopt(path)
                    self.marks.put(stage, earlier.left_out, earlier.measured)
                    is_current = True
            self.say(f"{stage.name}: {'current' if is_current else 'computing'}")
        return self.ranks.gather(is_current)[0]

    def _read(self) -> Run:
        """Return the run as far as it is written."""
        return Run.unfinished(self.writer.folder, run_manifest(self.inputs, self.plan, {}, {}))

    def _attributes(self) -> None:
        if self.ranks.is_first:
            # spaCy and the plural rules take seconds to import, and most starts do not need them
            from fieldmarks.precompute.pipeline.stages.attributes import write_attributes

            settings, dataset = self.settings, self.inputs.dataset
            write_attributes(
                self.writer,
                self.inputs.words,
                dataset.language,
                dataset.part_names,
                *(settings.merge, settings.min_images),
                self.inputs.is_learnt,
                *(settings.synonyms, self.inputs.giveaways),
            )

    def _activations(self, chunking: Chunking, chunks: list[Chunk]) -> list[Chunk]:
        from fieldmarks.precompute.network.forward import Forward  # slow to import
        from fieldmarks.precompute.pipeline.stages.activations import write_activations

        inputs = self.inputs
        return write_activations(
            self.writer,
            chunking,
            chunks,
            inputs.model,
            Forward(inputs.model, inputs.device, self.settings.compile),
            self.ranks,
            batch_size=inputs.batch_size,
            workers=inputs.workers,
            thumb_size=self.settings.thumb_size,
        )

    def _tables(self) -> None:
        if self.ranks.is_first:
            run = self._read()
            write_tables(
                self.writer,
                self.inputs.dataset,
                run.table("facts"),
                run.array("logits"),
                self.inputs.n_captions,
            )

    def _estimates(self) -> None:
        run, settings = self._read(), self.settings
        self.inputs.check_class_order(run.array("logits"))
        write_estimates(
            self.writer,
            inputs_of(run),
            held_out_inputs(run),
            settings.estimators,
            settings.default_estimator,
            settings.seed,
            self.ranks,
        )

    def _explanations(self) -> None:
        run = self._read()
        predicted_c, true_c = (run.images[c].to_numpy() for c in ("predicted_c", "true_c"))
        write_explanations(self.writer, Factors.of(run), predicted_c, true_c, self.ranks)
        write_prototypes(self.writer, run, TOP_IMAGES, CANONICAL, self.ranks)

    def _layout(self) -> None:
        if self.ranks.is_first:
            self.writer.put("layout", image_layout(self._read().array("pooled"), LAYOUT_SEED))

    def _live(self) -> Computed:
        from fieldmarks.precompute.pipeline.stages.live import write_live  # slow to import

        made_from = (self.inputs.model, self.inputs.dataset, self.inputs.precision)
        return self._unless_impossible(
            "live", lambda: write_live(self._read(), self.writer, *made_from)
        )

    def _diagnoses(self) -> Computed:
        def write() -> None:
            for name, table in diagnose(self._read()).items():
                self.writer.put_table(name, table)

        return self._unless_impossible("diagnoses", write)

    def _scores(self) -> Computed:
        def write() -> None:
            write_scores(self._read(), SCORES_SEED)

        return self._unless_impossible("scores", write)

    def _unless_impossible(self, name: str, write: Callable[[], Computed | None]) -> Computed:
        """Return what was measured, or why it cannot be done, as for a run without test images."""
        if not self.ranks.is_first:
            return Computed()
        try:
            outcome = write() or Computed()
        except FieldmarksError as e:
            outcome = Computed(str(e))
        if outcome.left_out:
            self.say(f"{name}: left out, {outcome.left_out}")
        return outcome
