"""What of a user's code a run is made from, found without running it."""

import sys
from dataclasses import replace

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline.settings import Moved, Settings, network_digest
from fieldmarks.precompute.resume.code import code_fingerprint

FILES = {
    "net.py": "import helper, torch\nfrom blocks.stem import Stem\ndef net(): from late import x\n",
    "helper.py": "raise SystemExit('never run')\n",
    "late.py": "",
    "unused.py": "",
    "blocks/__init__.py": "",
    "blocks/stem.py": "from . import parts\nfrom .deep import size\n",
    "blocks/parts.py": "",
    "blocks/deep.py": "from ..helper import x\nimport yaml\n",
}
FOLLOWED = {"net.py", "helper", "late", "blocks", "blocks.stem", "blocks.parts", "blocks.deep"}


@pytest.fixture
def code(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "code"


def settings(folder, source, **changes):
    network = NetworkSettings(source, **changes)
    return Settings(DataSource(folder), None, "a", folder, network=network)


def test_helpers_are_followed_wherever_they_are_imported_and_packages_count_by_version(code):
    known = code_fingerprint(str(code / "net.py"))
    assert {name for name in known if not name.endswith(" version")} == FOLLOWED
    assert known["torch version"]
    assert "helper" not in sys.modules


@pytest.mark.parametrize("name", [name for name in FILES if name != "unused.py"])
def test_a_change_of_any_module_changes_the_network(code, name):
    at = settings(code, f"{code / 'net.py'}:net")
    before = network_digest(at)
    (code / name).write_text(FILES[name] + "# changed\n")
    assert network_digest(at) != before


def test_a_module_by_its_name_is_followed_too(code, monkeypatch):
    (code / "blocks" / "net.py").write_text("from .deep import size\ndef net(): pass\n")
    monkeypatch.syspath_prepend(str(code))
    at = settings(code, "blocks.net:net")
    before = network_digest(at)
    (code / "blocks" / "deep.py").write_text("size = 3\n")
    assert network_digest(at) != before
    assert "blocks.net" not in sys.modules


def test_what_nothing_depends_on_changes_nothing(code, tmp_path):
    at = settings(code, f"{code / 'net.py'}:net")
    before = network_digest(at)
    (code / "unused.py").write_text("# changed\n")
    assert network_digest(at) == before
    assert network_digest(settings(code, f"{code / 'net.py'}:net", keep_order=True)) == before
    code.rename(tmp_path / "moved")
    assert network_digest(settings(code, f"{tmp_path / 'moved' / 'net.py'}:net")) == before
    assert network_digest(settings(code, f"{tmp_path / 'moved' / 'net.py'}:other")) != before


@pytest.mark.parametrize(
    ("source", "package"), [("timm:resnet18", "timm"), ("hf:x", "transformers")]
)
def test_the_version_of_a_package_is_part_of_the_network(tmp_path, monkeypatch, source, package):
    monkeypatch.setattr("fieldmarks.precompute.pipeline.settings.model_folder", lambda _: tmp_path)

    def versions(number):
        def of(modules):
            return dict.fromkeys(modules, number)

        monkeypatch.setattr("fieldmarks.precompute.pipeline.settings.library_versions", of)
        return network_digest(settings(tmp_path, source))

    assert versions("1.0") == versions("1.0")
    assert versions("1.0") != versions("1.1")


def test_a_package_that_is_missing_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for source, package in (("timm:resnet18", "timm"), ("hf:x", "transformers")):
        with pytest.raises(DataError, match=f"needs {package}, which is not installed"):
            settings(tmp_path, source).check_network()


def test_what_lay_in_or_beside_a_moved_data_set_moves_with_it(tmp_path):
    old, new = tmp_path / "old" / "data", tmp_path / "new" / "data"
    (new / "images").mkdir(parents=True)
    kept = tmp_path / "captions.jsonl"
    kept.write_text("")
    source = DataSource(old, images=old / "images", captions=old.parent / "text")
    at = Settings(source, tmp_path / "a.pth", "a", tmp_path)
    moved = at.moved(Moved(new, tmp_path / "b.pth"))
    assert (moved.source.data, moved.source.images) == (new, new / "images")
    assert moved.source.captions == new.parent / "text"
    assert moved.checkpoint == tmp_path / "b.pth"
    beside = replace(at, source=replace(source, captions=kept)).moved(Moved(new))
    assert beside.source.captions == kept
    assert beside.checkpoint == tmp_path / "a.pth"
