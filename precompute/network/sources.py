"""Networks by name: torchvision's, timm's, of Hugging Face, or a function of the user's.

A function is called only where its name was given on the command line; no file names code to run.
"""

import ast
import copy
import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torchvision
from PIL import Image
from torch import nn

from fieldmarks.core.errors import ModelError, one_line
from fieldmarks.core.input_file import MAX_LIST, require_file
from fieldmarks.precompute.network import preprocessing
from fieldmarks.precompute.network.hub import model_folder
from fieldmarks.precompute.network.image_processor import of_hf
from fieldmarks.precompute.network.own_code import own_code
from fieldmarks.precompute.network.own_transform import unlike
from fieldmarks.precompute.network.preprocessing import Preprocessing


@dataclass(frozen=True)
class Built:
    """A network as its source gives it.

    Parameters
    ----------
    model : nn.Module
    preprocessing : Preprocessing
        As far as the source says.
    class_names : list of str, optional
        In the order of the class scores.
    has_weights : bool
        Whether it is trained already.
    notes : list of str
        What people should know of it.
    """

    model: nn.Module
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    class_names: list[str] | None = None
    has_weights: bool = False
    notes: list[str] = field(default_factory=list)


def build_network(
    source: str, args: Iterable[str], num_classes: int, entries: Iterable[str] = ()
) -> Built:
    """Build the network that a source names.

    Parameters
    ----------
    source : str
        As in `precompute.network.settings.NetworkSettings`.
    args : iterable of str
        Values for the function, or ``name=value``.
    num_classes : int
        Of the data set; asked for where the source takes it.
    entries : iterable of str
        Names in the weights to be loaded: a network with optional parts is built as they say.

    Raises
    ------
    ModelError
        If there is no such source, or it gives no network.
    """
    kind, separator, name = source.partition(":")
    builders = {"torchvision": _torchvision, "timm": _timm, "hf": _hugging_face}
    if kind in builders and separator:
        given, named = parse_args(args)
        if given:
            raise ModelError(f"--network-args of {source} are name=value, got {given[0]!r}")
        return builders[kind](name, num_classes, named, list(entries))
    if not separator or not name:
        raise ModelError(
            "--network is torchvision:NAME, timm:NAME, hf:NAME, hf:FOLDER, package.module:function "
            f"or file.py:function, got {source!r}{_nearest(source, builders)}"
        )
    return _function(source, *parse_args(args), num_classes)


def parse_args(args: Iterable[str]) -> tuple[list, dict]:
    """Return values and named values; what is not a Python literal is a text.

    >>> parse_args(["efficientnet-lite0", "depth=3", "in_22k=True"])
    (['efficientnet-lite0'], {'depth': 3, 'in_22k': True})
    """
    given, named = [], {}
    for text in args:
        name, separator, value = text.partition("=")
        if separator and name.isidentifier():
            named[name] = _literal(value)
        else:
            given.append(_literal(text))
    return given, named


def _literal(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _call(what: str, function: Callable, *args, **kwargs):
    """Call a function of a library or the user; errors are reported in one line."""
    with own_code(what):
        return function(*args, **kwargs)


def torchvision_names() -> list[str]:
    """Return torchvision's classification networks."""
    return torchvision.models.list_models(module=torchvision.models)


def _torchvision(name: str, num_classes: int, named: dict, entries: list[str]) -> Built:
    if name not in torchvision_names():
        near = _nearest(name, torchvision_names())
        raise ModelError(f"torchvision has no classification network {name!r}{near}")
    if name in ("googlenet", "inception_v3"):
        has_aux = any(".aux" in f".{key.lower()}" for key in entries)
        named = {"aux_logits": has_aux, "init_weights": False, **named}
    model = _call(
        f"torchvision:{name}",
        torchvision.models.get_model,
        name,
        **{"num_classes": num_classes, **named},
    )
    weights = torchvision.models.get_model_weights(name).DEFAULT
    return Built(model, preprocessing.of_torchvision(weights))


def _timm(name: str, num_classes: int, named: dict, entries: list[str]) -> Built:
    timm = optional("timm", "timm")
    if "checkpoint_path" in named:  # earlier versions of timm run the pickles in it
        raise ModelError("--network-args checkpoint_path: give the file as --checkpoint")
    if not timm.is_model(name.partition(".")[0]):
        near = _nearest(name, timm.list_models())
        raise ModelError(f"timm has no network {name!r}{near}")
    model = _call(f"timm:{name}", timm.create_model, name, **{"num_classes": num_classes, **named})
    said, notes = _fed_by_timm(timm, model)
    return Built(model, said, notes=notes)


def _fed_by_timm(timm: Any, model: nn.Module) -> tuple[Preprocessing, list[str]]:
    """Return the preprocessing of a timm network, and what of it is not supported here."""
    config = timm.data.resolve_model_data_config(model)
    said = preprocessing.of_timm(config)
    transform = timm.data.create_transform(**config, is_training=False)
    return said, unlike(transform, said, "the transform of timm")


def _hugging_face(name: str, num_classes: int, named: dict, entries: list[str]) -> Built:
    path = model_folder(name)
    transformers = optional("transformers", "transformers")
    transformers.logging.set_verbosity_error()
    model = _call(
        f"hf:{name}",
        transformers.AutoModelForImageClassification.from_pretrained,
        path,
        local_files_only=True,
        trust_remote_code=False,
        **named,
    )
    try:
        # with the defaults of its class, which the file need not say
        processor = transformers.AutoImageProcessor.from_pretrained(
            path, local_files_only=True, trust_remote_code=False, backend="pil"
        )
        config = processor.to_dict()
    except Exception:
        # what cannot be built is read as far as the file says it
        processor = config = None
    ordered = _call(f"hf:{name}", _class_names, model.config)
    is_named = ordered != [f"LABEL_{i}" for i in range(len(ordered))]
    said = of_hf(path, config)
    notes = []
    if processor is not None:
        transform = partial(_processed, processor)
        notes = unlike(transform, said, f"the image processor of {name}")
    return Built(
        _Scores(model),
        said,
        ordered if ordered and is_named else None,
        has_weights=True,
        notes=notes,
    )


def _processed(processor: Any, image: Image.Image) -> np.ndarray:
    return np.asarray(processor(image, return_tensors="np")["pixel_values"][0])


def _class_names(config: Any) -> list[str]:
    names = config.id2label or {}
    return [str(names[key]) for key in sorted(names, key=int)]


class _Scores(nn.Module):
    """A network of transformers that returns its class scores alone."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images):
        """Return the class scores of images, (n, C)."""
        return self.model(pixel_values=images).logits


def optional(module: str, package: str):
    """Return a module that is not a requirement; the error says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ModelError(
            f"{package} is not installed ({one_line(error)}): pip install {package}"
        ) from None


def function_of(source: str, option: str = "--network") -> Callable:
    """Return the function that ``package.module:function`` or ``file.py:function`` names.

    Parameters
    ----------
    source : str
        As a person gave it on the command line.
    option : str
        Where, for the message.

    Raises
    ------
    ModelError
        If there is none.
    """
    place, _, path = source.rpartition(":")
    is_file = place.endswith(".py")
    function = _from_file(Path(place).expanduser(), option) if is_file else _module(place, option)
    for part in path.split("."):
        if not hasattr(function, part):
            near = _nearest(part, [name for name in dir(function) if not name.startswith("_")])
            raise ModelError(f"{place} has no {path!r}{near}")
        function = getattr(function, part)
    if not callable(function):
        raise ModelError(f"{source} is a {type(function).__name__}, not a function")
    return function


def _function(source: str, given: list, named: dict, num_classes: int) -> Built:
    function = function_of(source)
    if "num_classes" not in named and _takes_num_classes(function, len(given)):
        named = {**named, "num_classes": num_classes}
    model = _call(source, function, *given, **named)
    if not isinstance(model, nn.Module):
        raise ModelError(f"{source} returns a {type(model).__name__}, not an nn.Module")
    return Built(model, has_weights=True)


def in_memory(network: nn.Module) -> Built:
    """Return a copy of a trained network that is in memory; the network itself stays as it is."""
    try:
        model = copy.deepcopy(network).cpu()
    except Exception as error:
        # a hook, a lock or another thing of the user's that cannot be copied
        raise ModelError(
            f"the network cannot be copied ({type(error).__name__}: {one_line(error)})"
        ) from None
    if hasattr(model, "config") and hasattr(model.config, "id2label"):  # of transformers
        names = _class_names(model.config)
        return Built(_Scores(model), class_names=names, has_weights=True)
    said, notes = Preprocessing(), []
    if isinstance(getattr(model, "pretrained_cfg", None), dict):
        said, notes = _fed_by_timm(optional("timm", "timm"), model)
    return Built(model, said, has_weights=True, notes=notes)


def _takes_num_classes(function: Callable, n_given: int) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    return "num_classes" in parameters[n_given:]


def _module(name: str, option: str):
    return _call(f"importing {name}, which {option} names,", importlib.import_module, name)


def _from_file(path: Path, option: str):
    require_file(path, f"the code that {option} names", MAX_LIST)
    spec = importlib.util.spec_from_file_location(f"own_network_{path.stem}", path)
    assert spec is not None, "the path of a file of Python gives a spec"
    assert spec.loader is not None, "and a loader with it"
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.modules[spec.name] = module
    sys.path.insert(0, folder)
    try:
        _call(str(path), spec.loader.exec_module, module)
    finally:
        sys.path.remove(folder)
    return module
