"""Attributes of single captions, for what is asked about writers and not about images."""

from itertools import islice

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.synonym_candidates import MIN_CAPTIONS
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tagger import default_tagger
from fieldmarks.precompute.data.language import Language

#: Captions that nouns are learnt from where the data set has no list.
N_LEARNT = 5000


def caption_attributes(
    run: Run, language: Language, synonyms: Synonyms | None
) -> tuple[sparse.csr_array, np.ndarray, pd.DataFrame]:
    """Return which attributes each caption of the training images names.

    Parameters
    ----------
    run : Run
    language : Language
        How captions are read.
    synonyms : Synonyms, optional
        The synonyms that are known already; None to keep all words apart.

    Returns
    -------
    named : csr_array of shape (N, T)
    image : ndarray of shape (N,)
        The image x of each caption.
    attributes : DataFrame of T rows
        As the contract's table.

    Raises
    ------
    DataError
        If training images have no captions.
    """
    n_captions = run.images["n_captions"].to_numpy()
    xs = np.flatnonzero(~run.is_test & run.is_readable & (n_captions > 0))
    said = [(x, line) for x in xs.tolist() for line in run.captions(x)]
    if not said:
        raise DataError(f"the training images of run {run.name!r} have no captions to compare")
    lines = [line for _, line in said]
    nouns = language.with_given(
        language.nouns or learn_nouns(default_tagger().read(list(islice(lines, N_LEARNT))))
    )
    extracted = extract(
        [[line] for line in lines],
        Definition(nouns, synonyms, language.kinds),
        min_images=MIN_CAPTIONS,
    )
    return extracted.counts, np.array([x for x, _ in said]), extracted.table
