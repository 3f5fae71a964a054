"""All stages of a run, in order: what is current is taken over, the rest is computed.

The chain is attributes and activations, then the estimates of p(t given f), then explanations, then
tables and manifest. What changes upstream changes the fingerprints downstream.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from core.errors import FieldmarksError, RunError
from core.estimators.inputs import estimator_inputs
from core.head import LocalWeights
from core.runs.contract import UNREADABLE
from core.runs.files import array_path, map_array
from core.runs.run import Run
from core.runs.writer import RunWriter
from precompute.parallel.ranks import Ranks
from precompute.pipeline.inputs import RunInputs
from precompute.pipeline.manifest import run_manifest
from precompute.pipeline.plan import CANONICAL, TOP_IMAGES, make_plan
from precompute.pipeline.post_run import complete
from precompute.pipeline.settings import Settings
from precompute.resume.chunks import Chunk, Chunking
from precompute.resume.lock import locked
from precompute.resume.stage import Marks, Stage
from precompute.stages.estimates import write_estimates
from precompute.stages.explanations import Factors, write_explanations, write_prototypes
from precompute.stages.tables import predictions, write_tables

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
            if ranks.is_first:
                complete(Run(settings.runs / settings.name), say)
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
    """

    def __init__(self, inputs: RunInputs, ranks: Ranks, say: Say):
        self.inputs, self.ranks = inputs, ranks
        self.settings = inputs.settings
        self.say = say if ranks.is_first else lambda _: None
        self.writer = RunWriter(self.settings.runs, self.settings.name)
        self.marks = Marks(self.writer.folder)

    def run(self) -> None:
        """Compute what is not current and put the run in its place."""
        if self.ranks.is_first:
            self.writer.recover()
        self.ranks.barrier()
        chunking, chunks = self.inputs.chunks()
        plan = make_plan(self.inputs, chunks)
        earlier = self._earlier()
        if earlier == plan.fingerprints:
            self.say(f"run {self.settings.name!r} is up to date")
            self.ranks.barrier()
            if self.ranks.is_first:
                self.writer.discard()
            return
        steps = {
            "attributes": self._attributes,
            "activations": lambda: self._activations(chunking, chunks),
            "estimates": self._estimates,
            "explanations": self._explanations,
            "tables": self._tables,
        }
        for name, step in steps.items():
            stage = plan.stages[name]
            if not self._is_current(stage, earlier.get(name)):
                computed = step()
                if computed is not None:
                    plan = make_plan(self.inputs, computed)
                if self.ranks.is_first:
                    self.marks.put(plan.stages[name])
            self.ranks.barrier()
        if self.ranks.is_first:
            self._finish(run_manifest(self.inputs, plan, self.writer.folder))
        self.ranks.barrier()

    def _finish(self, manifest: dict) -> None:
        try:
            self.writer.finish(manifest)
        except RunError:
            # what the marks promise is not there: the next start computes it again
            self.marks.clear()
            raise

    def _earlier(self) -> dict[str, str]:
        """Return the fingerprints of the finished run, empty where there is no whole one."""
        try:
            stages = Run(self.writer.final).manifest.get("stages", {})
        except FieldmarksError:
            return {}
        return {name: stage["fingerprint"] for name, stage in stages.items()}

    def _is_current(self, stage: Stage, earlier: str | None) -> bool:
        """Return whether a stage is finished, here or in the finished run; the first rank says."""
        is_current = False
        if self.ranks.is_first:
            is_current = self.marks.has(stage)
            if not is_current:
                self.marks.remove(stage)
                if earlier == stage.fingerprint:
                    for path in stage.outputs(self.writer.final):
                        self.writer.adopt(path)
                    self.marks.put(stage)
                    is_current = True
            self.say(f"{stage.name}: {'current' if is_current else 'computing'}")
        return self.ranks.gather(is_current)[0]

    def _attributes(self) -> None:
        if self.ranks.is_first:
            # spaCy and the plural rules take seconds to import, and most starts do not need them
            from precompute.stages.attributes import write_attributes

            settings, dataset = self.settings, self.inputs.dataset
            write_attributes(
                self.writer,
                self.inputs.words,
                dataset.language,
                dataset.part_names,
                settings.merge,
                settings.min_images,
                self.inputs.is_train,
            )

    def _activations(self, chunking: Chunking, chunks: list[Chunk]) -> list[Chunk]:
        # torchvision takes longer to import than all else that an up-to-date run needs
        from precompute.network.forward import Forward
        from precompute.stages.activations import write_activations

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

    def _estimates(self) -> None:
        if not self.ranks.is_first:
            return
        inputs, settings = self.inputs, self.settings
        inputs.check_class_order(self._array("logits"))
        estimator_input = estimator_inputs(
            self._array("pooled"),
            self._array("maps"),
            self._array("map_row"),
            self._counts(),
            inputs.n_captions,
            inputs.true_c,
            inputs.is_train & self._is_readable(),
            self._table("attributes"),
            self._array("class_weights"),
        )
        write_estimates(
            self.writer,
            estimator_input,
            settings.estimators,
            settings.default_estimator,
            settings.seed,
        )

    def _explanations(self) -> None:
        true_c, head = self.inputs.true_c, self.inputs.model.head
        weights, local = np.asarray(self._array("class_weights")), None
        if not head.is_exact:
            local = LocalWeights(self._array("local_c"), self._array("local_weights"))
        factors = Factors(
            self._array("pooled"),
            replace(head, weights=weights),
            local,
            np.asarray(self._array(f"p_t_given_f/{self.settings.default_estimator}")),
            self._table("attributes"),
        )
        predicted_c = predictions(self._array("logits"), true_c)["predicted_c"].to_numpy()
        write_explanations(self.writer, factors, predicted_c, true_c, self.ranks)
        write_prototypes(
            self.writer,
            factors.pooled,
            true_c,
            self.inputs.is_train,
            self._is_readable(),
            (len(weights), TOP_IMAGES, CANONICAL),
            self.ranks,
        )

    def _tables(self) -> None:
        if self.ranks.is_first:
            write_tables(
                self.writer,
                self.inputs.dataset,
                self._table("facts"),
                self._array("logits"),
                self.inputs.n_captions,
            )

    def _array(self, name: str) -> np.ndarray:
        return map_array(array_path(self.writer.folder, name))

    def _table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.writer.folder / "tables" / f"{name}.parquet")

    def _counts(self) -> sparse.csr_array:
        parts = [self._array(f"counts_{part}") for part in ("values", "indices", "indptr")]
        return sparse.csr_array(
            tuple(parts), shape=(len(parts[2]) - 1, len(self._table("attributes")))
        )

    def _is_readable(self) -> np.ndarray:
        return ~self._table("facts")["problem"].str.startswith(UNREADABLE).to_numpy(bool)
