"""Models of Hugging Face that write about pictures: BLIP, BLIP-2, Florence-2, Qwen-VL, SmolVLM.

No code of a model's folder is run. A model with a chat template is asked like a server; the others
are captioners, which write what they were trained to write.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.captioning.server import Answer
from fieldmarks.precompute.network.device import choose_device
from fieldmarks.precompute.network.own_code import own_code
from fieldmarks.precompute.network.sources import optional

#: What captioners without a chat template are given, by the type of the model.
TASKS = {
    "florence2": "<MORE_DETAILED_CAPTION>",
    "paligemma": "caption en",
    "kosmos-2": "<grounding>An image of",
}


def quiet_transformers() -> Any:
    """Return transformers, which neither warns nor draws bars of its own."""
    transformers = optional("transformers", "transformers")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def from_hub(what: str, load: Callable, name: str, **named: Any) -> Any:
    """Load a folder, or what the hub has under a name; errors are one line.

    Parameters
    ----------
    what : str
        As the person wrote it.
    load : callable
        A ``from_pretrained`` or the like.
    name : str
        A folder, or of the hub.
    **named
        Of the callable.
    """
    folder = Path(name).expanduser()
    with own_code(what):
        return load(str(folder) if folder.is_dir() else name, **named)


class HubWriter:
    """A model of transformers; see `precompute.captioning.writers.Writer`.

    Parameters
    ----------
    name : str
        A folder, or of the hub.
    device : str
    batch_size : int
        Pictures at a time.
    max_tokens : int
        Of an answer.

    Raises
    ------
    ModelError
        If it is not a model that writes about pictures.
    """

    parallel = 1

    def __init__(self, name: str, device: str = "auto", batch_size: int = 8, max_tokens: int = 500):
        transformers = quiet_transformers()
        self.name, self.batch_size = f"hf:{name}", batch_size
        self._max_tokens = max_tokens
        self._device = choose_device(device)
        load = transformers.AutoModelForImageTextToText.from_pretrained
        # half precision is slow, or absent, where there is no GPU
        dtype = "auto" if self._device.type == "cuda" else torch.float32
        self._processor: Any = from_hub(
            self.name, transformers.AutoProcessor.from_pretrained, name, trust_remote_code=False
        )
        self._model: Any = from_hub(self.name, load, name, dtype=dtype, trust_remote_code=False)
        self._model.to(self._device).eval()
        self.follows_prompts = bool(getattr(self._processor, "chat_template", None))
        self._task = TASKS.get(self._model.config.model_type)
        tokenizer = getattr(self._processor, "tokenizer", None)
        if tokenizer is None:
            raise ModelError(f"{self.name} has no tokenizer, so it cannot write text")
        if not self._model.config.is_encoder_decoder:
            tokenizer.padding_side = "left"  # the answer begins behind the end of each prompt

    def write(
        self, pictures: Sequence[Image.Image], text: str, schema: dict | None
    ) -> list[Answer]:
        """Return the answer to each picture, asked the same; a captioner is asked nothing."""
        if self.follows_prompts:
            inputs = self._chats([[picture] for picture in pictures], text)
        else:
            with own_code(self.name):
                given = {"text": [self._task] * len(pictures)} if self._task else {}
                inputs = self._processor(images=list(pictures), return_tensors="pt", **given)
        return self._generate(inputs)

    def ask(self, pictures: Sequence[Image.Image], text: str, schema: dict | None) -> Answer:
        """Return the answer to a text with all these pictures."""
        return self._generate(self._chats([pictures], text))[0]

    def close(self) -> None:
        """Nothing is held open."""

    def _chats(self, pictures: Sequence[Sequence[Image.Image]], text: str) -> Any:
        chats = [
            [
                {
                    "role": "user",
                    "content": [
                        *({"type": "image", "image": each} for each in shown),
                        {"type": "text", "text": text},
                    ],
                }
            ]
            for shown in pictures
        ]
        with own_code(self.name):
            return self._processor.apply_chat_template(
                chats,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                processor_kwargs={"padding": True},
            )

    @torch.inference_mode()
    def _generate(self, inputs: Any) -> list[Answer]:
        with own_code(self.name):
            inputs = inputs.to(self._device)
            if self._model.dtype != torch.float32:
                inputs = inputs.to(self._model.dtype)
            written = self._model.generate(
                **inputs, max_new_tokens=self._max_tokens, do_sample=False
            )
            asked = inputs.get("input_ids")
            n = 0 if asked is None else asked.shape[1]
            # a decoder alone repeats what it was asked
            if (
                asked is not None
                and n
                and written.shape[1] >= n
                and torch.equal(written[:, :n], asked)
            ):
                written = written[:, n:]
            texts = self._processor.batch_decode(written, skip_special_tokens=True)
        return [Answer(self._plain(text)) for text in texts]

    def _plain(self, text: str) -> str:
        return text.replace(self._task or "\0", "").strip()
