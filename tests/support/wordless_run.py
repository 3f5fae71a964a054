"""A run without words: another run from which everything of words is taken."""

from pathlib import Path

from fieldmarks.core.estimators.filter_statistics import unnamed_filters
from fieldmarks.core.run.contract import WORDS, array_spec
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.pipeline.stages.attributes import write_no_attributes


def write_wordless_run(folder: Path, worded: Run, name: str = "wordless") -> Run:
    """Write a run as it would be without captions, and return it."""
    writer = RunWriter(folder, name)
    for each in worded.array_names:
        if not array_spec(each).is_of_words:
            writer.put(each, worded.array(each))
    X = worded.sizes["X"]
    writer.put_pack("thumb", (worded.packed("thumb", x) for x in range(X)))
    write_no_attributes(writer, X)
    writer.put_table("images", worded.images.assign(n_captions=worded.images["n_captions"] * 0))
    writer.put_table("classes", worded.classes)
    writer.put_table("filters", unnamed_filters(worded))
    sizes = {letter: n for letter, n in worded.sizes.items() if letter not in WORDS}
    stated = {"sizes": {**sizes, "T": 0, "E": 0}, "estimators": [], "default_estimator": ""}
    return writer.finish({**worded.manifest, **stated, "synonyms": []})
