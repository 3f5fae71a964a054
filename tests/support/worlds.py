"""A tiny made world for tests: the same code as the demo's, a few birds of it."""

from pathlib import Path

from fieldmarks.precompute.demo_world.make import make_world

N_SPECIES, N_IMAGES, IMAGE_SIZE = 4, 8, 160


def tiny_world(folder: Path, *, n_species: int = N_SPECIES, n_images: int = N_IMAGES) -> Path:
    """Make a world of four species (three relatives and another) in ``folder`` and return it.

    It takes about two seconds; a folder that already holds it is returned at once.
    """
    return make_world(
        folder,
        n_species=n_species,
        n_images=n_images,
        image_size=IMAGE_SIZE,
        progress=False,
        workers=1,
    )
