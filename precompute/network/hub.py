"""Networks of transformers: a folder here, or what the Hugging Face hub has under a name.

From the hub come the configuration and the weights, never code. What was fetched once is read from
the hub's own cache, also where the hub cannot be reached.
"""

import importlib
import re
from pathlib import Path

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.input_file import is_regular

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_CONFIG = "config.json"


def model_folder(name: str) -> Path:
    """Return the folder of a network of transformers; one of the hub is fetched.

    Parameters
    ----------
    name : str
        A folder that ``save_pretrained`` wrote, or ``organisation/name`` on the hub.

    Raises
    ------
    ModelError
        If neither is there.
    """
    folder = Path(name).expanduser()
    if is_regular(folder / _CONFIG):
        return folder
    how = "save the network by model.save_pretrained(FOLDER) and name that folder"
    if folder.exists() or not _NAME.fullmatch(name):
        raise ModelError(f"hf:{name} is not a folder with a {_CONFIG}: {how}")
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError:
        raise ModelError(
            f"hf:{name} is on the hub, which needs transformers: pip install transformers"
        ) from None
    try:
        found = Path(hub.snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
        if not any(found.glob("*.safetensors")):
            found = Path(hub.snapshot_download(name, allow_patterns=["*.json", "*.bin"]))
    except Exception as error:
        # whatever the hub, the network or the disk raises
        raise ModelError(
            f"hf:{name} is not a local folder and cannot be fetched from the hub "
            f"({one_line(error)}): {how}"
        ) from None
    if not is_regular(found / _CONFIG):
        raise ModelError(f"hf:{name} on the hub has no {_CONFIG}: it is not a transformers network")
    return found
