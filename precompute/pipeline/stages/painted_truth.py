"""The truth of a painted world, in terms of a run: for scores only, nothing else reads it."""

from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.pictures.crop import crop_rows, stated_size
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run
from fieldmarks.core.run.tables import TABLES
from fieldmarks.precompute.demo_world.planting import ground_truth
from fieldmarks.precompute.demo_world.planting.ground_truth import FOLDER, Truth

NAME = "attribute_places"


def attribute_places(run: Run, world: Path) -> pd.DataFrame:
    """Return the table ``attribute_places`` of the contract.

    Parameters
    ----------
    run : Run
    world : Path
        The folder that holds ``CUB_200_2011`` and ``truth``.

    Raises
    ------
    DataError
        If no truth lies there.
    """
    truth, images = Truth.read(world), run.images
    x_of_path = pd.Series(np.arange(len(images)), index=images["path"])
    table = truth.attributes
    x = table["image_id"].map(truth.images["path"]).map(x_of_path)
    t = (table["adjective"] + " " + table["noun"]).map(t_of_phrase(run))
    is_known = (x.notna() & t.notna()).to_numpy()
    table, x, t = table[is_known], x[is_known].to_numpy(int), t[is_known].to_numpy(int)
    crop = images.iloc[x]
    side, visible = crop["crop_side"].to_numpy(), table["visible"].to_numpy()
    picture = crop["width"].to_numpy(), crop["height"].to_numpy()
    kind, size = run.manifest.get("crop", "box"), stated_size(run.manifest.get("input_size", 1))
    rows = crop_rows(side, kind, size, picture)
    row, col = (
        (table[axis].to_numpy() - crop[edge].to_numpy()) / length
        for axis, edge, length in (("row", "crop_top", rows), ("col", "crop_left", side))
    )
    columns = {"x": x, "t": t, "row": row, "col": col, "visible": visible}
    spec = next(spec for spec in TABLES if spec.name == NAME)
    kinds = {name: kind for name, (kind, _) in spec.columns.items()}
    return pd.DataFrame(columns).astype(kinds)


def truth_files(data: Path) -> list[Path]:
    """Return the files of the truth beside a data set, none for photographs."""
    folder = data.resolve().parent / FOLDER
    if not (folder / "settings.json").is_file():
        return []
    return [folder / f"{name}.parquet" for name in ground_truth.TABLES]


def world_of(run: Run) -> Path | None:
    """Return the folder of the painted world that a run is over, None for other data."""
    source = run.manifest.get("settings", {}).get("source", {})
    world = Path(source.get("data", "")).parent
    return world if (world / FOLDER / "settings.json").is_file() else None


def write_painted_truth(run: Run) -> None:
    """Write the table into a run over a painted world; a run over anything else is left alone."""
    world = world_of(run)
    if world is not None:
        with atomic_write(run.folder / "tables" / f"{NAME}.parquet") as file:
            attribute_places(run, world).to_parquet(file, index=False)
