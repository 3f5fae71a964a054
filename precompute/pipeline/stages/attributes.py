"""Words to attributes: the counts, the table and the captions themselves."""

from collections.abc import Sequence
from itertools import chain, compress, islice
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from tqdm import tqdm

from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.run.tables import table_spec
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.attributes.extraction import MIN_IMAGES, Definition, extract
from fieldmarks.precompute.attributes.giveaways import Giveaways
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.soft_table import merged
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tagger import default_tagger
from fieldmarks.precompute.data.captions import Words
from fieldmarks.precompute.data.language import Language
from fieldmarks.precompute.pipeline.work import Work

#: Captions that nouns are learnt from.
N_LEARNT = 5000


def compute(work: Work) -> None:
    """Compute the stage ``attributes``."""
    inputs, settings = work.inputs, work.inputs.settings
    if not inputs.has_words:
        write_no_attributes(work.writer, len(inputs.true_c))
        return
    write_attributes(
        work.writer,
        inputs.words,
        inputs.dataset.language,
        inputs.dataset.part_names,
        *(settings.merge, settings.min_images),
        inputs.is_learnt,
        *(settings.synonyms, inputs.giveaways),
    )


def write_attributes(
    writer: RunWriter,
    words: Words,
    language: Language,
    part_names: Sequence[str],
    merge: bool,
    min_images: int | None,
    is_train: np.ndarray,
    accepted: Path | None = None,
    giveaways: Giveaways | None = None,
) -> None:
    """Extract the attributes of all images and write them.

    Which attributes there are is learnt from the training split alone.

    Parameters
    ----------
    writer : RunWriter
    words : Words
        The words of each image.
    language : Language
        How it is read.
    part_names : sequence of str
        Of the data set's keypoints.
    merge, min_images
        Make synonyms one; see `precompute.attributes.extraction.extract`, None for its default.
    is_train : ndarray of shape (X,), bool
    accepted : Path, optional
        Further synonyms, that a person accepted.
    giveaways : Giveaways, optional
        Words of captions from which no attribute is made.
    """
    tables = filter(None, [language.synonyms, accepted])
    synonyms = Synonyms.load(*tables) if merge else None
    nouns = language.with_given(language.nouns or _learnt(words, part_names, is_train))
    soft = None if words.soft is None else merged(words.soft, synonyms)
    extracted = extract(
        words.lines,
        Definition(nouns, synonyms, language.kinds, giveaways),
        annotated=words.annotated,
        likely=None if soft is None else soft.hard,
        min_images=MIN_IMAGES if min_images is None else min_images,
        teach=is_train,
        progress=_progress,
    )
    writer.put_counts(extracted.counts)
    if soft is not None:
        phrases = extracted.table["phrase"].tolist()
        writer.put_mentions(soft.mentions(phrases, extracted.counts, words.n_said))
    writer.put_table("attributes", extracted.table)
    writer.put_pack("caption", ("\n".join([*said, ""]).encode() for said in words.shown()))


def write_no_attributes(writer: RunWriter, n_images: int) -> None:
    """Write that nothing is said of any image."""
    writer.put_counts(sparse.csr_array((n_images, 0), dtype=np.uint16))
    columns = {
        name: np.array([], object if dtype == "str" else dtype)
        for name, (dtype, _) in table_spec("attributes").columns.items()
    }
    writer.put_table("attributes", pd.DataFrame(columns))
    writer.put_pack("caption", (b"" for _ in range(n_images)))


def _learnt(words: Words, part_names: Sequence[str], is_train: np.ndarray) -> Nouns:
    taught = compress(words.lines, is_train)
    captions = list(islice(chain.from_iterable(taught), N_LEARNT))
    return learn_nouns(default_tagger().read(captions), part_names)


def _progress(readings, total: int) -> tqdm:
    return tqdm(readings, "attributes", total, unit=" captions", mininterval=0.5)
