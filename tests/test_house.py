"""Order of the house: small folders, imports without circles, one meaning per name, field terms."""

import ast
import io
import re
import tokenize
from collections import Counter, defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("core", "precompute", "dashboard")
MAX_MODULES = 14

#: Rooms from the top floor to the ground; a room imports its own floor and those below it.
FLOORS = {
    "core": (
        {"repair"},
        {"metrics", "review", "comparison", "lesson", "robustness"},
        {
            "explanations",
            "search",
            "what_if",
            "diagnosis",
            "estimators",
            "zero_shot",
            "live",
        },
        {"image_map"},
        {"runs"},
        {
            "language",
            "pictures",
            "batching",
            "class_statistics",
            "name_status",
            "processes",
            "probability",
            "head",
            "errors",
        },
    ),
    "precompute": (
        {"__main__"},
        {"commands"},
        {"pipeline"},
        {"training", "stages", "robustness"},
        {"images"},
        {"resume", "attributes", "downloads"},
        {"network", "datasets", "demo_world", "parallel", "arguments"},
    ),
    "dashboard": (
        {"app"},
        {"app_pages"},
        {"repair_page"},
        {"map_page"},
        {"robustness_page"},
        {
            "image_page",
            "review_page",
            "compare_page",
            "try_page",
            "filter_page",
            "lesson_quiz",
            "synonym_panel",
        },
        {"components", "scores"},
        {"figures", "frame"},
        {"image_filters", "data", "links"},
        {"verdicts", "state", "labels", "heading", "glossary", "preload"},
    ),
}

#: Names that several modules define by convention, and why.
CONVENTIONS = {
    "add_parser": "every command adds its own arguments",
    "run": "every command is run by this name",
    "main": "every page and the command line start with it",
    "show": "every component of the dashboard is drawn by it",
    "card": "every page draws its list of cards by it",
    "filter_bar": "every page draws its own controls by it",
    "step_bar": "every page draws its own previous and next by it",
    "pick": "every page draws its own choice by it",
    "explain": "dashboard.data caches the function of core by the same name",
    "describe": "dashboard.data caches the function of core by the same name",
    "compare": "dashboard.data caches the function of core by the same name",
    "open_run": "dashboard.data caches the function of core by the same name",
}

#: Words of the early drafts, and the field's term for each.
BANNED = {
    r"carr(y|ies|ied|ying|iers?)": "contribute, contribution",
    r"(tells|telling)": "discriminative, representative, distinguishes",
    r"speaks?( most)? (of|for|against)": "is evidence for or against",
    r"leans? on": "has a large weight for",
    r"fire[sd]?": "is active, activates",
    r"witness(es)?|testimony": "evidence",
    r"unlikeness": "outlyingness",
    r"loudness": "temperature",
    r"may_teach": "is_usable",
    r"trust(s|ed|worthy)?": "significance",
    r"(falling|rising)": "descending, ascending",
    r"whole or (absent|not at all)|whole, or not at all": "atomic",
    r"anew": "again",
    r"names? (a|the|each|every) filters?": "is the name of the filter",
    r"(one|rows?|values?|weights?|captions?|images?|points?|bytes|files?|lines?|tokens?)"
    r" an? (image|filter|class|map|attribute|axis|cell|column|estimator|token|caption|core|page"
    r"|line|group|picture|forward pass|row|epoch)": "per ...",
}
#: What a banned word may still stand in.
ALLOWED: tuple[tuple[str, str], ...] = (
    ("precompute/network/sources.py", "trust"),  # an argument of transformers
    ("core/repair/problem.py", "trust"),  # arguments of scipy
)

#: Names that say nothing about what they hold.
EMPTY_NAMES = {"own", "found"}


def paths(layer: str) -> list[Path]:
    return sorted(p for p in (ROOT / layer).rglob("*.py") if p != Path(__file__))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imports() -> dict[str, set[str]]:
    """Return the modules of the project that each module imports, at the top or in a function."""
    modules = {name_of(path): path for layer in LAYERS for path in paths(layer)}
    graph = {}
    for name, path in modules.items():
        named = set()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                below = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= below & modules.keys() or {node.module}
        graph[name] = (named & modules.keys()) - {name}
    return graph


def room(module: str) -> str:
    """Return the folder or single file below a layer that a module belongs to."""
    return ".".join(module.split(".")[:2])


def rooms() -> dict[str, set[str]]:
    graph = defaultdict(set)
    for module, imported in imports().items():
        graph[room(module)] |= {room(each) for each in imported} - {room(module)}
    return dict(graph)


def floor_of(name: str) -> int:
    layer, _, below = name.partition(".")
    for floor, names in enumerate(FLOORS[layer]):
        if below in names:
            return floor
    raise AssertionError(f"say in FLOORS on which floor {name} stands")


@pytest.mark.parametrize("graph", [imports, rooms])
def test_no_imports_run_in_a_circle(graph):
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_imports_run_down_the_floors():
    against = [
        f"{above} -> {below}"
        for above, imported in rooms().items()
        for below in imported
        if above.partition(".")[0] == below.partition(".")[0] != below
        and "." in above
        and floor_of(above) > floor_of(below)
    ]
    assert against == []


def test_no_folder_holds_more_modules_than_a_reader_can_look_over():
    large = {
        str(folder.relative_to(ROOT)): n
        for layer in LAYERS
        for folder in {path.parent for path in paths(layer)}
        if (n := len([p for p in folder.glob("*.py") if p.name != "__init__.py"])) > MAX_MODULES
    }
    assert large == {}, f"split folders of more than {MAX_MODULES} modules"


def test_a_public_name_is_defined_once():
    places = defaultdict(list)
    for layer in LAYERS:
        for path in paths(layer):
            for node in tree(path).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                    places[node.name].append(name_of(path))
    twice = {n: p for n, p in places.items() if len(p) > 1 and n not in CONVENTIONS}
    assert twice == {}


def test_every_name_says_what_it_holds():
    empty = [
        f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        for layer in (*LAYERS, "tests")
        for path in paths(layer)
        for node in ast.walk(tree(path))
        for name in [
            next((getattr(node, a) for a in ("id", "arg", "name") if hasattr(node, a)), "")
        ]
        if name in EMPTY_NAMES and not isinstance(getattr(node, "ctx", None), ast.Load)
    ]
    assert empty == []


def words(path: Path) -> list[tuple[int, str]]:
    """Return names, comments and strings of a module, with their lines."""
    with tokenize.open(path) as file:
        source = file.read()
    kinds = (tokenize.NAME, tokenize.STRING, tokenize.COMMENT)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(t.start[0], t.string) for t in tokens if t.type in kinds]


@pytest.mark.parametrize("layer", [*LAYERS, "tests"])
def test_names_and_texts_use_the_terms_of_the_field(layer):
    patterns = {
        re.compile(rf"(?<![a-z]){word}(?![a-z])", re.I): term for word, term in BANNED.items()
    }
    poetic = []
    for path in paths(layer):
        for line, text in words(path):
            text = re.sub(r"\s+", " ", text)
            poetic += [
                f"{path.relative_to(ROOT)}:{line} {match[0]!r}: say {term}"
                for pattern, term in patterns.items()
                for match in pattern.finditer(text)
                if (path.relative_to(ROOT).as_posix(), match[0]) not in ALLOWED
            ]
    assert poetic == []


def test_every_module_of_core_has_a_file_of_tests():
    """`test_MODULE.py`; where modules share a name, `test_ROOM_MODULE.py` for each of them."""
    files = {path.stem for path in (ROOT / "tests").glob("test_*.py")}
    modules = [path for path in paths("core") if path.stem != "__init__"]
    times = Counter(path.stem for path in modules)
    expected = [
        f"test_{path.stem}" if times[path.stem] == 1 else f"test_{path.parent.name}_{path.stem}"
        for path in modules
    ]
    assert sorted(set(expected) - files) == []
