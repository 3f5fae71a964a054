"""The tables of images and classes, joined from the results of several stages."""

import numpy as np
import pandas as pd

from fieldmarks.core.run.predictions import predictions
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.attributes.inflection import member
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``tables``."""
    run, inputs = work.read(), work.inputs
    facts, logits = run.table("facts"), run.array("logits")
    write_tables(work.writer, inputs.dataset, facts, logits, inputs.n_captions)


def write_tables(
    writer: RunWriter,
    dataset: Dataset,
    facts: pd.DataFrame,
    logits: np.ndarray,
    n_captions: np.ndarray,
) -> None:
    """Write the tables of images and classes.

    Parameters
    ----------
    writer : RunWriter
    dataset : Dataset
    facts : DataFrame of X rows
        What the activation pass learnt of each file.
    logits : ndarray of shape (X, C)
    n_captions : ndarray of shape (X,)
    """
    predicted = predictions(logits, dataset.images["true_c"].to_numpy())
    images = images_table(dataset, facts, predicted, n_captions)
    writer.put_table("images", images)
    writer.put_table("classes", classes_table(dataset, images))


def images_table(
    dataset: Dataset, facts: pd.DataFrame, predicted: pd.DataFrame, n_captions: np.ndarray
) -> pd.DataFrame:
    """Return the images table of the contract.

    Parameters
    ----------
    dataset : Dataset
    facts : DataFrame of X rows
        What the activation pass learnt of each file.
    predicted : DataFrame of X rows
        See `predictions`.
    n_captions : ndarray of shape (X,)
    """
    facts = facts.drop(columns=["listed", "affected"])
    numbers = facts.drop(columns=["problem", "width", "height"]).astype(np.float32)
    sizes = facts[["width", "height"]].astype(np.int32)
    table = dataset.images[["path", "true_c", "is_train", *BBOX]].reset_index(drop=True)
    columns = [table, predicted, sizes, numbers, facts["problem"]]
    return pd.concat(columns, axis=1).assign(n_captions=n_captions.astype(np.int32))


def classes_table(dataset: Dataset, images: pd.DataFrame) -> pd.DataFrame:
    """Return the classes table of the contract."""
    C = len(dataset.class_names)
    true_c, is_train = images["true_c"].to_numpy(), images["is_train"].to_numpy()
    is_right = true_c == images["predicted_c"].to_numpy()
    counts = {
        "n_train": is_train,
        "n_test": ~is_train,
        "n_right": ~is_train & is_right,
    }
    columns = {
        name: np.bincount(true_c[chosen], minlength=C).astype(np.int32)
        for name, chosen in counts.items()
    }
    ids = np.array(dataset.class_ids, np.int32)
    return pd.DataFrame(
        {
            "class_id": ids,
            "name": dataset.class_names,
            "member": list(map(member, dataset.class_names)),
            **columns,
        }
    )
