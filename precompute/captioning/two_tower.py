"""Contrastive models of pictures and texts: open_clip, CLIP, SigLIP, or one of the user.

A model gives each picture and each text a direction; their cosine says how well they fit.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image

from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.captioning.hub import from_hub, quiet_transformers
from fieldmarks.precompute.network.device import choose_device
from fieldmarks.precompute.network.own_code import own_code
from fieldmarks.precompute.network.sources import function_of, optional


class TwoTower(Protocol):
    """What a contrastive model does."""

    def images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Return the direction of each picture, shape (n, D), any length."""
        ...

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the direction of each text, shape (n, D), any length."""
        ...


def two_tower(source: str, device: str = "auto") -> TwoTower:
    """Return the contrastive model that a source names.

    Parameters
    ----------
    source : str
        ``open_clip:MODEL/TAG`` (``open_clip:ViT-B-32/laion2b_s34b_b79k``), ``open_clip:MODEL/FILE``
        or ``open_clip:local-dir:FOLDER``; ``hf:NAME`` or ``hf:FOLDER``; or a function without
        arguments that returns a `TwoTower`: ``package.module:function``, ``file.py:function``.
    device : str

    Raises
    ------
    ModelError
        If there is none.
    """
    kind, separator, name = source.partition(":")
    if not separator or not name:
        raise ModelError(
            "--model is open_clip:MODEL/TAG, hf:NAME, hf:FOLDER, package.module:function or "
            f"file.py:function, got {source!r}"
        )
    if kind == "open_clip":
        return _OpenClip(name, choose_device(device))
    if kind == "hf":
        return _HuggingFace(name, choose_device(device))
    function = function_of(source, "--model")
    with own_code(source):
        model = function()
    if not (hasattr(model, "images") and hasattr(model, "texts")):
        raise ModelError(f"{source} returns a {type(model).__name__} without images() and texts()")
    return model


class _OpenClip:
    def __init__(self, name: str, device: torch.device):
        open_clip = optional("open_clip", "open_clip_torch")
        is_schema = name.startswith(("hf-hub:", "local-dir:"))
        model, _, tag = (name, "", "") if is_schema else name.partition("/")
        self._device = device
        self._model, self._prepared = from_hub(
            f"open_clip:{name}",
            open_clip.create_model_from_pretrained,
            model,
            pretrained=tag or None,
            device=device,
        )
        self._tokens = from_hub(f"open_clip:{name}", open_clip.get_tokenizer, model)
        self._model.eval()

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Return the direction of each picture."""
        pixels = torch.stack([self._prepared(each) for each in pictures]).to(self._device)
        return self._model.encode_image(pixels).float().cpu().numpy()

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the direction of each text."""
        return (
            self._model.encode_text(self._tokens(list(texts)).to(self._device))
            .float()
            .cpu()
            .numpy()
        )


class _HuggingFace:
    def __init__(self, name: str, device: torch.device):
        transformers = quiet_transformers()
        what = f"hf:{name}"
        self._device = device
        self._processor: Any = from_hub(what, transformers.AutoProcessor.from_pretrained, name)
        self._model: Any = from_hub(what, transformers.AutoModel.from_pretrained, name)
        if not hasattr(self._model, "get_text_features"):
            raise ModelError(f"{what} is not an image-text model such as CLIP or SigLIP")
        self._model.to(device).eval()
        # SigLIP was trained on texts of full length
        is_siglip = "siglip" in self._model.config.model_type
        self._padding = "max_length" if is_siglip else True

    @torch.inference_mode()
    def images(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Return the direction of each picture."""
        inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
        return _pooled(self._model.get_image_features(**inputs))

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the direction of each text."""
        inputs = self._processor(
            text=list(texts), padding=self._padding, truncation=True, return_tensors="pt"
        ).to(self._device)
        return _pooled(self._model.get_text_features(**inputs))


def _pooled(features: Any) -> np.ndarray:
    """Return the features, which newer releases put into an output object."""
    return getattr(features, "pooler_output", features).float().cpu().numpy()
