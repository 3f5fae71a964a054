"""Class scores in a dictionary, a tuple or an object with ``logits``."""

from collections.abc import Mapping

from torch import Tensor, nn

#: Key or attribute of the scores where several values could be them.
LOGITS = "logits"


class OnePart(nn.Module):
    """A network that returns its class scores alone.

    Parameters
    ----------
    model : nn.Module
    place : str or int
        Key, attribute or position of the scores in what the network returns.
    """

    def __init__(self, model: nn.Module, place: str | int):
        super().__init__()
        self.model, self.place = model, place

    def forward(self, images: Tensor) -> Tensor:
        """Return the class scores of images, (n, C)."""
        returned = self.model(images)
        if self.place == LOGITS and not isinstance(returned, dict):
            return returned.logits
        return returned[self.place]


def place_of_scores(returned: object, n_images: int) -> str | int | None:
    """Return where the class scores lie: ``logits``, or the only value of a row per image.

    None for a tensor, and where no value, or more than one, could be the scores.
    """
    if isinstance(returned, Tensor):
        return None
    if isinstance(returned, Mapping) and isinstance(returned.get(LOGITS), Tensor):
        return LOGITS
    if isinstance(getattr(returned, LOGITS, None), Tensor):
        return LOGITS
    if isinstance(returned, Mapping):
        values = list(returned.items())
    else:
        values = list(enumerate(returned)) if isinstance(returned, tuple | list) else []
    places = [
        place
        for place, value in values
        if isinstance(value, Tensor) and value.ndim == 2 and len(value) == n_images
    ]
    return places[0] if len(places) == 1 else None
