"""Any state dict, fitted to a network; `weights_file` reads it.

A file may hold several: of a student and its teacher, of a network and its moving average. Each has
a *key*, the names that lead to it, in the file (``state_dict``) or in the names of weights
(``teacher.``). The most likely one that fits the network is used, and the others are reported.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from fieldmarks.core.errors import DataError, ModelError, brief
from fieldmarks.precompute.network.weights_file import require_plain

#: Parts of keys of what was scored: moving averages, and the teacher that is one.
_AVERAGES = ("ema", "average", "averaged", "avg", "shadow", "swa", "teacher")
#: Where trainings put the weights inside a file, the likeliest first.
_PLACES = (
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights"),
    *("params", "module", "backbone", "student", "classifier"),
)
#: What ``torch.compile`` and wrappers put into names.
_WRAPPERS = ("_orig_mod.",)
#: How deep weights lie in a file, how many there are, and how many prefixes of names are tried.
_DEEPEST, _MOST, _MOST_PREFIXES = 3, 32, 16

State = dict[str, Tensor]


class Stored(NamedTuple):
    """Weights in a file.

    Parameters
    ----------
    key : str
        The names that lead to them, parted by dots; empty for the file itself.
    state : dict of tensors
    """

    key: str
    state: State


def stored_weights(contents: Mapping, path: str | Path) -> list[Stored]:
    """Return all weights that a file's contents hold, the likeliest first.

    Last stand all tensors together: of parts that are stored apart, as an encoder and a classifier.

    Raises
    ------
    DataError
        If there are none, or one is not a plain array of values.
    """
    found = sorted(_found("", contents, 0), key=lambda each: _rank(each.key))
    if not found:
        keys = ", ".join(sorted(brief(key) for key in list(contents)[:1000])[:5])
        raise DataError(f"{path} holds no known weights: its entries are {keys or 'none'}")
    for name, tensor in found[0].state.items():
        require_plain(name, tensor, path)
    if len(found) == 1:
        return found
    joint = {
        f"{key}.{name}" if key else name: tensor
        for key, state in found
        for name, tensor in state.items()
    }
    return [*found[:_MOST], Stored("", joint)]


def _found(key: str, contents: Mapping, depth: int) -> Iterator[Stored]:
    state, inner = {}, []
    for name, value in contents.items():
        if not isinstance(name, str):
            continue
        if isinstance(value, Tensor):
            for wrapper in _WRAPPERS:
                name = name.replace(wrapper, "")
            state[name] = value
        elif isinstance(value, Mapping) and depth < _DEEPEST:
            inner.append((f"{key}.{name}" if key else name, value))
    if state:
        yield Stored(key, state)
    for place, value in inner:
        yield from _found(place, value, depth + 1)


def _rank(key: str) -> tuple:
    """Return the place of a key among others: averages, usual places, all others."""
    parts = key.lower().split(".")
    is_average = any(word in _AVERAGES for part in parts for word in part.split("_"))
    places = [_PLACES.index(part) if part in _PLACES else len(_PLACES) for part in parts]
    return not is_average, min(places), len(parts), key


def named(stored: Sequence[Stored], key: str, path: str | Path) -> list[Stored]:
    """Return the weights that ``--weights-key`` names: in the file, or in the names of weights.

    Raises
    ------
    DataError
        If there are none; the message names what there is.
    """
    chosen, begin = [], f"{key}."
    for each in stored:
        inside = {}
        for name, value in each.state.items():
            whole = f"{each.key}.{name}"
            place = next((place for place in (whole, name) if place.startswith(begin)), None)
            if place is not None:
                inside[place.removeprefix(begin)] = value
        if inside:
            chosen.append(Stored(key, inside))
    if not chosen:
        known = [each.key for each in stored if each.key]
        known = known if len(known) > 1 else _known_parts(stored[0].state)
        remedy = f"give one of {', '.join(known)}" if known else "leave it out"
        raise DataError(f"{path} holds no weights under {brief(key)}: --weights-key: {remedy}")
    return chosen


def _known_parts(state: State) -> list[str]:
    """Return first parts of names that usually are those of a whole network."""
    first = dict.fromkeys(name.partition(".")[0] for name in state if "." in name)
    usual = _rank("")
    return [part for part in first if _rank(part)[:2] < usual[:2]]


def fit(model: nn.Module, stored: Sequence[Stored], path: str | Path) -> tuple[State, list[str]]:
    """Return weights under the network's own names, and what was chosen of several.

    A common prefix (``module.``, Lightning's ``model.``) is left out. What lies beside the network,
    a loss's weights for instance, is ignored.

    Parameters
    ----------
    model : nn.Module
    stored : sequence of Stored
        The likeliest first.
    path : str or Path
        For the message.

    Raises
    ------
    ModelError
        If in each of them entries are missing or left over: another network.
    """
    expected = model.state_dict()
    fitting: dict[str, State] = {}
    for key, state in stored:
        for prefix in _prefixes(expected, state, _n_needed(expected)):
            inside = _inside(prefix, state)
            if not any(_differing(expected, inside)):
                fitting.setdefault(f"{key}.{prefix}".strip("."), inside)
    if not fitting:
        raise ModelError(_other_network(model, stored, path))
    keys = sorted(fitting, key=_rank)
    told = []
    if len(keys) > 1:
        others = ", ".join(key for key in keys[1:] if key)
        told.append(
            f"using the weights under {brief(keys[0])}; others fit, too: --weights-key "
            f"{others or 'KEY'}"
        )
    chosen = fitting[keys[0]]
    for name, tensor in chosen.items():
        require_plain(name, tensor, path)
    return {key: chosen[key] if key in chosen else expected[key] for key in expected}, told


def _inside(prefix: str, state: State) -> State:
    return {key.removeprefix(prefix): v for key, v in state.items() if key.startswith(prefix)}


def _differing(expected: Mapping, inside: State) -> tuple[list[str], list[str]]:
    """Return the entries of a network that weights lack, and those that they hold in addition."""
    missing = [key for key in expected if key not in inside and not _is_optional(key)]
    parts = {name.partition(".")[0] for name in expected}
    # what belongs to no part of the network, such as a loss or a metric, is left aside
    left = [
        key
        for key in inside
        if key not in expected and ("." not in key or key.partition(".")[0] in parts)
    ]
    return missing, left


def _other_network(model: nn.Module, stored: Sequence[Stored], path: str | Path) -> str:
    """Return the error that no weights of a file fit a network, by the most likely of them."""
    expected = model.state_dict()
    state = stored[0].state
    prefix = next(iter(_prefixes(expected, state)), "")
    missing, left = _differing(expected, _inside(prefix, state))
    example = brief((missing or left)[0])[1:-1]
    what = "lacks" if missing else "also holds"
    keys = [each.key for each in stored if each.key]
    under = f" under {keys[0]}" if stored[0].key and len(keys) > 1 else ""
    choice = f" It holds weights under {', '.join(keys)}: --weights-key" if len(keys) > 1 else ""
    return (
        f"{path} holds other weights{under} than this {type(model).__name__}: "
        f"{len(missing) + len(left)} of {len(expected)} entries differ; it {what} {example}; "
        f"is --network (or --arch) right?{choice}"
    )


def _is_optional(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _n_needed(expected: Mapping) -> int:
    return sum(not _is_optional(name) for name in expected)


def _prefixes(expected: Mapping, state: State, n_needed: int = 1) -> list[str]:
    """Return prefixes under which so many names of the network are found, most first."""
    n_names = Counter() if expected else Counter([""])
    for key in state:
        before, after = "", key
        while True:
            if after in expected:
                n_names[before] += 1
            part, dot, after = after.partition(".")
            if not dot:
                break
            before += f"{part}."
    common = [prefix for prefix in sorted(n_names, key=len) if n_names[prefix] >= n_needed]
    return sorted(common, key=lambda prefix: -n_names[prefix])[:_MOST_PREFIXES]


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
