"""Interventions in a painted world: the same birds with one mark changed, seen by the network.

For scores only. Painting takes a tenth of a second a bird, so the network's
outputs is kept beside the truth of the world, for the activations that it is compared with; what
is claimed of them can be scored for any estimate.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.cub_writer import QUALITY, image_paths, take
from fieldmarks.precompute.demo_world.painting.change import (
    BANDS,
    MOVED,
    RECOLOURED,
    REMOVED,
    MarkChange,
)
from fieldmarks.precompute.demo_world.painting.painter import Difficulty
from fieldmarks.precompute.demo_world.painting.palette import PALETTE
from fieldmarks.precompute.demo_world.planting.faults import Faults, Shot, plan_world
from fieldmarks.precompute.demo_world.planting.ground_truth import FOLDER, Truth
from fieldmarks.precompute.demo_world.species import COLOURED
from fieldmarks.precompute.pipeline.stages.painted_truth import world_of

#: Birds that are painted again, each twice, with changes of two different parts.
N_IMAGES = 120
#: A mark of which less can be seen is not changed.
VISIBLE = 0.6
#: New words come from attributes that so many images have.
MIN_IMAGES = 10


@dataclass(frozen=True)
class Planned:
    """A change, and what it changes in terms of the run."""

    x: int
    shot: Shot
    change: MarkChange
    t: int
    t_new: int
    place: tuple[float, float]
    place_new: tuple[float, float]


def plan_changes(run: Run, world: Path, seed: int = 0) -> list[Planned]:
    """Draw what is changed: birds of all classes alike, two parts of each, all kinds of change.

    Only test pictures without a planted fault take part, and marks that can be seen and said.

    Parameters
    ----------
    run : Run
        With its table ``attribute_places``.
    world : Path
    seed : int
    """
    rng, truth = np.random.default_rng(seed), Truth.read(world)
    settings, attributes = truth.settings, run.attributes
    sizes = settings["seed"], settings["n_species"], settings["n_images"]
    shots = plan_world(*sizes, Faults.of_settings(settings))
    shot_of = dict(zip(image_paths(shots, settings["seed"]), shots, strict=True))
    common = attributes["n_images"].to_numpy() >= MIN_IMAGES
    t_of = {tuple(row): t for t, row in enumerate(attributes[["adjective", "noun"]].to_numpy())}
    sayable = {pair for pair, t in t_of.items() if common[t] and pair[0] in PALETTE}
    places, planned = run.table("attribute_places"), []
    seen = dict(list(places[places["visible"] >= VISIBLE].groupby("x")))
    for x in _candidates(run, shot_of, rng):
        rows = seen.get(x)
        if rows is None:
            continue
        named = attributes.iloc[rows["t"]][["adjective", "noun"]].to_numpy()
        at = {
            noun: (word, (row, col))
            for (word, noun), row, col in zip(named, rows["row"], rows["col"], strict=True)
            if (word, noun) in sayable and noun in (*COLOURED, *BANDS)
        }
        options = [change for noun in at for change in _changes(noun, at, sayable)]
        for change in _two(options, rng):
            new = {
                RECOLOURED: (change.other, change.part),
                MOVED: (change.word, change.other),
            }.get(change.kind)
            target = change.other if change.kind == MOVED else change.part
            planned.append(
                Planned(
                    int(x),
                    shot_of[run.images["path"][x]],
                    change,
                    t_of[change.word, change.part],
                    -1 if new is None else t_of[new],
                    at[change.part][1],
                    at[target][1],
                )
            )
        if len(planned) >= 2 * N_IMAGES:
            break
    return planned


def _candidates(run: Run, shot_of: dict[str, Shot], rng: np.random.Generator) -> list[int]:
    """Return test images without a fault, one of each class in turn."""
    images, kept = run.images, run.array("map_row") >= 0
    usable = np.flatnonzero(~images["is_train"].to_numpy() & kept & run.is_readable)
    shots = [shot_of[path] for path in images["path"].to_numpy()[usable]]
    sound = [s.label == s.species and not s.degradation and s.cue in ("", "usual") for s in shots]
    usable = rng.permutation(usable[sound])
    turn = pd.Series(usable).groupby(images["true_c"].to_numpy()[usable]).cumcount()
    return usable[np.argsort(turn.to_numpy(), kind="stable")].tolist()


def _changes(noun: str, at: dict, sayable: set) -> Iterator[MarkChange]:
    """Yield the changes of one mark that the run has words for."""
    word = at[noun][0]
    if noun in BANDS:
        yield MarkChange(REMOVED, noun, word)
        return
    for other, of in sorted(sayable):
        if of == noun and other != word:
            yield MarkChange(RECOLOURED, noun, word, other)
    for other in sorted(at):
        if other in COLOURED and at[other][0] != word and (word, other) in sayable:
            yield MarkChange(MOVED, noun, word, other)


def _two(options: list[MarkChange], rng: np.random.Generator) -> list[MarkChange]:
    """Return two changes of different parts, each kind as likely as the others; else none."""
    chosen: list[MarkChange] = []
    for _ in range(2):
        used = {part for change in chosen for part in (change.part, change.other)}
        free = [c for c in options if not {c.part, c.other} & used or c.other in PALETTE]
        free = [c for c in free if c.part not in used and c.other not in used - set(PALETTE)]
        if not free:
            return []
        kinds = sorted({c.kind for c in free})
        kind = kinds[rng.integers(len(kinds))]
        free = [c for c in free if c.kind == kind]
        chosen.append(free[rng.integers(len(free))])
    return chosen


def painted_changes(run: Run) -> pd.DataFrame | None:
    """Return what the network makes of a painted world's birds after a change.

    The table lies with the truth of the world and is made where it is missing.

    Parameters
    ----------
    run : Run

    Returns
    -------
    DataFrame
        As `core.experimental.interventions` reads it; None for a run over anything else, or where
        the
        checkpoint is gone.
    """
    world = world_of(run)
    if world is None:
        return None
    checkpoint = Path(run.manifest["settings"]["checkpoint"])
    made_for = run.manifest["stages"]["activations"]["fingerprint"]
    path = world / FOLDER / f"changes_{made_for[:16]}.parquet"
    if path.exists():
        return pd.read_parquet(path)
    planned = plan_changes(run, world) if checkpoint.is_file() else []
    if not planned:
        return None
    columns = {
        "x": np.array([p.x for p in planned], np.int32),
        "kind": [p.change.kind for p in planned],
        "t": np.array([p.t for p in planned], np.int32),
        "t_new": np.array([p.t_new for p in planned], np.int32),
        "row": [p.place[0] for p in planned],
        "col": [p.place[1] for p in planned],
        "row_new": [p.place_new[0] for p in planned],
        "col_new": [p.place_new[1] for p in planned],
        **_seen(run, world, planned, checkpoint),
    }
    table = pd.DataFrame(columns)
    with atomic_write(path) as file:
        table.to_parquet(file, index=False)
    return table


def _seen(run: Run, world: Path, planned: list[Planned], checkpoint: Path) -> dict[str, list]:
    """Paint the birds and return the network's outputs."""
    import torch

    from fieldmarks.precompute.data.crop import load_crop
    from fieldmarks.precompute.network.forward import Forward
    from fieldmarks.precompute.network.loading import load_checkpoint

    settings = Truth.read(world).settings
    world_settings = settings["seed"], settings["image_size"], Difficulty(**settings["difficulty"])
    model = load_checkpoint(checkpoint, run.manifest["input_size"])
    forward = Forward(model, torch.device("cpu"))
    boxes = run.images[["bbox_left", "bbox_top", "bbox_width", "bbox_height"]].to_numpy(float)
    recorded: dict[str, list] = {"pooled": [], "logits": [], "maps": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bird.jpg"
        for each in planned:
            _, image = take(*world_settings, each.shot, each.change)
            image.save(file, quality=QUALITY)
            crop, _, _ = load_crop(file, tuple(boxes[each.x]), model.input_size)
            pixels = torch.from_numpy(np.asarray(crop)[None].copy())
            seen = forward(pixels).arrays()
            recorded["pooled"].append(seen["pooled"][0].astype(np.float32))
            recorded["logits"].append(seen["logits"][0].astype(np.float32))
            recorded["maps"].append(seen["maps"][0].astype(np.float16).tobytes())
    return recorded
