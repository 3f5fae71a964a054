"""All stages of a run, in order: what is current is taken over, the rest is computed.

Which stages there are and what each depends on is in `precompute.pipeline.registry`. What changes
upstream changes the fingerprints downstream. Each stage reads the
run as far as it is written (`core.run.reading.read_unfinished`).

A run is published when its images have explanations. Later stages complete it in its place: each
adds files that no reader knows of, then a manifest that names them.
"""

from collections.abc import Callable
from contextlib import nullcontext

from torch import nn

from fieldmarks.core.accelerator import accelerated
from fieldmarks.core.corruptions.record import files_to_keep
from fieldmarks.core.errors import FieldmarksError, RunError
from fieldmarks.core.run.progress import reported
from fieldmarks.core.run.reading import read_run, read_unfinished
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.network.torch_accelerator import accelerator_of
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.chunks import Chunk
from fieldmarks.precompute.pipeline.facts import KeptMaps
from fieldmarks.precompute.pipeline.inputs import RunInputs
from fieldmarks.precompute.pipeline.manifest import marks_of, refresh_settings, run_manifest
from fieldmarks.precompute.pipeline.notices import notices_after, notices_before, tell
from fieldmarks.precompute.pipeline.plan import Plan, make_plan, plan_chunks
from fieldmarks.precompute.pipeline.registry import STAGES, Stage
from fieldmarks.precompute.pipeline.settings import Settings
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.lock import locked
from fieldmarks.precompute.resume.stage import Computed, Marks, StageMark

Say = Callable[[str], None]


def precompute(
    settings: Settings,
    say: Say = print,
    network: nn.Module | None = None,
    on_open: Callable[[], None] = lambda: None,
) -> Run:
    """Compute a run, or its outdated stages, and return it.

    Parameters
    ----------
    settings : Settings
    say : callable
        Is told what is done, a line at a time.
    network : nn.Module, optional
        The trained network, where it is in memory and not what the settings name.
    on_open : callable
        Called once, as soon as there is something to see: of a new run when the pass over its
        images begins, else when the run can be opened.

    Raises
    ------
    FieldmarksError
        If the inputs are not what they should be, or another process writes this run.
    """
    ranks = Ranks.from_environment()
    try:
        lock = locked(settings.runs, settings.name, is_new=True) if ranks.is_first else None
        with lock or nullcontext():
            inputs = RunInputs(settings, ranks, network)
            pipeline = Pipeline(inputs, ranks, say, on_open=on_open)
            pipeline.run()
    finally:
        ranks.leave()
    return read_run(settings.runs / settings.name)


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
    on_open : callable
        Called once, as soon as there is something to see: of a new run when the pass over its
        images begins, else when the run can be opened.
    """

    def __init__(
        self,
        inputs: RunInputs,
        ranks: Ranks,
        say: Say,
        purpose: str = "partial",
        on_open: Callable[[], None] = lambda: None,
    ):
        self.inputs, self.ranks, self._on_open = inputs, ranks, on_open
        self.settings = inputs.settings
        self.say = say if ranks.is_first else lambda _: None
        self._accelerator = accelerator_of(inputs.device, self.say)
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
        chunking, chunks = plan_chunks(self.inputs)
        finished = self._finished()
        self.plan, earlier = self._plan(chunks, finished, kept), marks_of(finished)
        done = {
            name: earlier[name]
            for name, stage in self.plan.stages.items()
            if finished is not None and stage.is_finished(earlier.get(name), finished.folder)
        }
        if finished is not None and done.keys() == STAGES.keys():
            self._keep(finished)
            return
        self.ranks.barrier()  # all ranks have read what is there
        _ = (
            self.inputs.model
        )  # whatever is wrong with the network is reported before the first stage
        if self.inputs.chosen_precision.why:
            self.say(self.inputs.chosen_precision.why)
        told = tell(self.say, notices_before(self.inputs))
        work = Work(self.inputs, self.writer, self.ranks, self._read, chunking, chunks)
        if finished is not None and all(name in done or STAGES[name].is_later for name in STAGES):
            if self.ranks.is_first:
                self._check_again(finished)
            marks = done
        else:
            marks = self._compute_first(work, earlier)
        self._publish(marks, is_new=marks is not done)
        self._complete(work, marks)
        if self.ranks.is_first:
            tell(self.say, notices_after(self._manifest(marks), told))
        self.ranks.barrier()

    def _keep(self, finished: Run) -> None:
        """Leave a run as it is that is up to date."""
        if self.ranks.is_first:
            self._check_again(finished)
            if refresh_settings(finished, self.settings):
                self.say("its paths and settings are recorded as they are given now")
        self.say(f"run {self.settings.name!r} is up to date")
        self.ranks.barrier()
        if self.ranks.is_first:
            self.writer.discard()
            self._open()

    def _open(self) -> None:
        """Say that there is something to see, once."""
        on_open, self._on_open = self._on_open, lambda: None
        on_open()

    def _compute_first(self, work: Work, earlier: dict[str, StageMark]) -> dict[str, StageMark]:
        """Compute what is published first; return the marks of all stages that are finished."""
        if self.ranks.is_first:
            self._remove_stale()
        self.ranks.barrier()
        marks: dict[str, StageMark] = {}
        for name, stage in STAGES.items():
            if self._is_current(stage, earlier.get(name)):
                if self.ranks.is_first and (mark := self.marks.get(self.plan.stages[name])):
                    marks[name] = mark
            elif not stage.is_later:
                if name == "activations" and self.ranks.is_first and not self.writer.final.exists():
                    self._open()
                chunks = work.chunks
                computed = self._compute(stage, work)
                if work.chunks is not chunks:  # of the files as they were read
                    self.plan = make_plan(self.inputs, work.chunks)
                if self.ranks.is_first:
                    marks[name] = self.marks.put(self.plan.stages[name], *computed)
            self.ranks.barrier()
        return marks

    def _publish(self, marks: dict[str, StageMark], is_new: bool) -> None:
        """Put the run in its place, or say in its manifest what is computed again."""
        if self.ranks.is_first:
            left = [name for name in STAGES if name not in marks]
            if is_new:
                self._finish(self._manifest(marks))
            else:
                self.writer.reopen()
                self.writer.amend(self._manifest(marks))
                for name in left:
                    self.plan.stages[name].remove(self.writer.final)
            if left:
                self.say(
                    f"run {self.settings.name!r} can be opened; to be computed: {', '.join(left)}"
                )
            self._open()
        self.writer.folder = self.writer.final
        self.ranks.barrier()

    def _complete(self, work: Work, marks: dict[str, StageMark]) -> None:
        """Compute the later stages that are not finished, and publish each when it is complete."""
        for name, stage in STAGES.items():
            if not self.ranks.gather(name not in marks)[0]:
                continue
            self.say(f"{name}: computing")
            is_first = self.ranks.is_first
            with reported(self.writer.final, name) if is_first else nullcontext():
                computed = self._compute(stage, work)
                self.ranks.barrier()  # what the others write is there
            if is_first:
                planned = self.plan.stages[name]
                marks[name] = StageMark(planned.fingerprint, computed[0], computed[1] or {})
                self.writer.amend(self._manifest(marks))
            self.ranks.barrier()

    def _manifest(self, marks: dict[str, StageMark]) -> dict:
        return run_manifest(self.inputs, self.plan, self._read().sizes, marks)

    def _compute(self, stage: Stage, work: Work) -> Computed:
        """Compute a stage and return what came of it; why not, where the data do not allow it."""
        if not (stage.is_shared or self.ranks.is_first):
            return Computed()
        try:
            with accelerated(self._accelerator):
                outcome = stage.run(work)
        except FieldmarksError as error:
            if not stage.can_be_left_out:
                raise
            outcome = Computed(str(error))
        if outcome.left_out:
            self.say(f"{stage.name}: left out, {outcome.left_out}")
        return outcome

    def _check_again(self, finished: Run) -> None:
        """Hold the order of classes against the scores where the run was made without that."""
        network = finished.manifest.get("settings", {}).get("network", {})
        if network.get("keep_order") and not self.settings.network.keep_order:
            self.inputs.check_class_order(finished.array("logits"))

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
            return read_run(self.writer.final)
        except FieldmarksError:
            return None

    def _plan(self, chunks: list[Chunk], finished: Run | None, kept: KeptMaps | None) -> Plan:
        """Return the plan, for maps that were added to the finished run if it is still that run."""
        # of another number of images none of it is current, and no fact of these is one of those
        is_of_these = finished is not None and finished.sizes["X"] == len(self.inputs.true_c)
        if kept is None and finished is not None and is_of_these:
            plan = make_plan(self.inputs, chunks, KeptMaps.of(finished))
            mark = marks_of(finished).get("activations")
            if plan.stages["activations"].is_finished(mark, finished.folder):
                return plan
        return make_plan(self.inputs, chunks, kept)

    def _remove_stale(self) -> None:
        """Delete what an interrupted start left of stages that are not finished.

        The activations stay: their finished chunks are used again.
        """
        for stage in self.plan.stages.values():
            is_finished = stage.is_finished(self.marks.get(stage), self.writer.folder)
            if not is_finished and stage.name != "activations":
                self.marks.remove(stage)
                stage.remove(self.writer.folder)

    def _is_current(self, of: Stage, earlier: StageMark | None) -> bool:
        """Return whether a stage is finished, here or in the finished run; the first rank says."""
        is_current, stage = False, self.plan.stages[of.name]
        if self.ranks.is_first:
            is_current = stage.is_finished(self.marks.get(stage), self.writer.folder)
            if not is_current:
                self.marks.remove(stage)
                if earlier is not None and stage.is_finished(earlier, self.writer.final):
                    for path in stage.existing_files(self.writer.final):
                        self.writer.adopt(path)
                    self.marks.put(stage, earlier.left_out, earlier.measured)
                    is_current = True
            if is_current or not of.is_later:
                self.say(f"{stage.name}: {'current' if is_current else 'computing'}")
        return self.ranks.gather(is_current)[0]

    def _read(self) -> Run:
        """Return the run as far as it is written."""
        return read_unfinished(self.writer.folder, run_manifest(self.inputs, self.plan, {}))
