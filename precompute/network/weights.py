"""Any state dict, fitted to a network; `weights_file` reads it."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from fieldmarks.core.errors import DataError, ModelError, brief
from fieldmarks.precompute.network.weights_file import require_plain

#: Where trainings put the weights inside a file; moving averages first, they are what was scored.
_PLACES = (
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema", "ema_model"),
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights"),
    *("params", "module", "backbone"),
)
#: What ``torch.compile`` and wrappers put into names.
_WRAPPERS = ("_orig_mod.",)


def find_state(contents: dict, path: str | Path) -> tuple[dict[str, Tensor], str]:
    """Return the state dict in a file's contents, and the key under which it lay.

    Raises
    ------
    DataError
        If there is none.
    """
    for place in _PLACES:
        inner = contents.get(place)
        if isinstance(inner, Mapping) and (tensors := _tensors(inner) or find_nested(inner)):
            break
    else:
        tensors, place = _tensors(contents), ""
    if not tensors:
        keys = ", ".join(sorted(brief(key) for key in list(contents)[:1000])[:5])
        raise DataError(f"{path} holds no weights that are known: its entries are {keys or 'none'}")
    for name, tensor in tensors.items():
        require_plain(name, tensor, path)
    return tensors, place


def find_nested(contents: Mapping) -> dict[str, Tensor]:
    """Return weights one level further down: a moving average keeps them in its ``module``."""
    for place in ("module", "state_dict", "shadow", "shadow_params"):
        if isinstance(contents.get(place), Mapping):
            return _tensors(contents[place])
    return {}


def _tensors(contents: Mapping) -> dict[str, Tensor]:
    tensors = {}
    for key, value in contents.items():
        if isinstance(key, str) and isinstance(value, Tensor):
            for wrapper in _WRAPPERS:
                key = key.replace(wrapper, "")
            tensors[key] = value
    return tensors


def fit(model: nn.Module, state: dict[str, Tensor], path: str | Path) -> dict[str, Tensor]:
    """Return the entries of a state dict under the network's own names.

    A common prefix (``module.``, Lightning's ``model.``) is left out: the one under which most of
    the network's entries are found. What lies beside it, a loss's weights for instance, is ignored.

    Raises
    ------
    ModelError
        If entries are missing or left over: another network.
    """
    expected = model.state_dict()
    prefix = _prefix(expected, state)
    inside = {key.removeprefix(prefix): v for key, v in state.items() if key.startswith(prefix)}
    optional = {key for key in expected if key.endswith("num_batches_tracked")}
    missing = [key for key in expected if key not in inside and key not in optional]
    parts = {name.partition(".")[0] for name in expected}
    # what belongs to no part of the network, such as a loss or a metric, is left aside
    left = [
        key
        for key in inside
        if key not in expected and ("." not in key or key.partition(".")[0] in parts)
    ]
    if missing or left:
        example = brief((missing or left)[0])[1:-1]
        what = "lacks" if missing else "also holds"
        raise ModelError(
            f"{path} holds other weights than this {type(model).__name__}: "
            f"{len(missing) + len(left)} of {len(expected)} entries differ; it {what} {example}; "
            "is --network (or --arch) right?"
        )
    return {key: inside[key] if key in inside else expected[key] for key in expected}


def _prefix(expected: Mapping, state: Mapping) -> str:
    """Return the prefix under which most of the network's names are found, in one pass."""
    n_names = Counter()
    for key in state:
        before, after = "", key
        while True:
            if after in expected:
                n_names[before] += 1
            part, dot, after = after.partition(".")
            if not dot:
                break
            before += f"{part}."
    return max(sorted(n_names, key=len), key=n_names.__getitem__, default="")


def adapt_head(model: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """Give the last layer as many classes as its weights have, where only these differ."""
    expected = model.state_dict()
    differ = {
        key.rpartition(".")[0]
        for key in expected
        if key in state and expected[key].shape != state[key].shape
    }
    if len(differ) != 1:
        return model
    (name,) = differ
    if f"{name}.weight" not in state:
        return model
    old, weight = model.get_submodule(name), state[f"{name}.weight"]
    if not isinstance(old, nn.Linear | nn.Conv2d) or weight.shape[1:] != old.weight.shape[1:]:
        return model
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, len(weight), bias=old.bias is not None)
    elif old.kernel_size == (1, 1):
        stride = old.stride[0], old.stride[1]
        new = nn.Conv2d(old.in_channels, len(weight), 1, stride, bias=old.bias is not None)
    else:
        return model
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, new.train(old.training))
    return model


def load_state(model: nn.Module, state: dict[str, Tensor], path: str | Path) -> None:
    """Load a state dict under the network's own names that came from ``path``.

    Raises
    ------
    ModelError
        If names or shapes differ.
    """
    expected = model.state_dict()
    wrong = sorted(expected.keys() ^ state.keys())
    wrong += [
        name for name in expected if name in state and expected[name].shape != state[name].shape
    ]
    if wrong:
        raise ModelError(
            f"{path} holds other weights than this {type(model).__name__}: {len(wrong)} of "
            f"{len(expected)} entries differ, such as {wrong[0]}; is --arch right?"
        )
    versioned = OrderedDict(state)
    # names and shapes are those of this version of the network: say so, as MNASNet asks
    vars(versioned)["_metadata"] = vars(expected).get("_metadata", {})
    model.load_state_dict(versioned)
