"""The truth of a made world: what each picture really shows, and what was planted in it.

It lies beside the data set in ``<world>/truth/`` as four Parquet tables and ``settings.json``. Only
what scores a debugger reads it: nothing that trains, explains or shows does.

images (one row per image, index ``image_id`` as in ``images.txt``)
    ``path``; ``species`` (what it shows) and ``label`` (what the data set says), class names
    without number; ``is_train``; ``is_wrong_label``; ``background``; ``cue`` ("", "usual",
    "missing", "misleading"; see `faults.Shot`); ``degradation`` ("" for none) and ``strength`` in
    [0, 1]; ``faces_left``; ``hidden``, share of the bird behind something, in [0, 1].
attributes (one row for each attribute that a picture's bird has)
    ``image_id``, ``adjective`` and ``noun`` in the words of the truth (the keys of `words`),
    ``part`` as CUB names it (empty where it names none), ``col`` and ``row`` in pixels,
    ``visible``, share of the surroundings of that place that nothing covers, in [0, 1].
parts (fifteen rows per image)
    ``image_id``, ``part``, ``col``, ``row``, ``visible``; 0 for the side that is turned away.
pairs (one row for each two species that differ in one small mark)
    ``species_a``, ``species_b``, ``noun``, ``word_a``, ``word_b`` ("" for no such mark).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError

FOLDER = "truth"
TABLES = ("images", "attributes", "parts", "pairs")


@dataclass(frozen=True)
class Truth:
    """The four tables described above, and the settings that the world was made with."""

    images: pd.DataFrame
    attributes: pd.DataFrame
    parts: pd.DataFrame
    pairs: pd.DataFrame
    settings: dict

    @classmethod
    def read(cls, folder: Path) -> "Truth":
        """Read the truth of the world in ``folder`` (which holds ``CUB_200_2011``).

        Raises
        ------
        DataError
            If no truth lies there.
        """
        at = Path(folder) / FOLDER
        if not (at / "settings.json").is_file():
            raise DataError(
                f"expected the truth of a made world in {at}, found none: only data sets made by "
                f"`fieldmarks demo` have one"
            )
        tables = {name: pd.read_parquet(at / f"{name}.parquet") for name in TABLES}
        return cls(**tables, settings=json.loads((at / "settings.json").read_text("utf-8")))

    def write(self, folder: Path) -> None:
        """Write the truth beside the data set in ``folder``."""
        at = Path(folder) / FOLDER
        at.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            getattr(self, name).to_parquet(at / f"{name}.parquet")
        (at / "settings.json").write_text(json.dumps(self.settings, indent=1) + "\n", "utf-8")
