"""The wheel: what it holds, and that it works where there is no checkout."""

import os
import subprocess
import sys
import zipfile

import pytest

from fieldmarks.core.run.files import checkout_folder, runs_folder
from tests.support.synthetic_run import write_synthetic_run
from tests.system.test_imports import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the unpacked wheel, as pip installs it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(installed, code: str, **environment: str) -> subprocess.CompletedProcess:
    start = f"import sys; sys.path.insert(0, {str(installed)!r})\n"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FIELDMARKS_")}
    return subprocess.run(
        [sys.executable, "-I", "-c", start + code],
        cwd=installed.parent,
        env={**kept, **environment},
        capture_output=True,
        text=True,
    )


def test_the_wheel_holds_the_package_and_its_files_and_nothing_flat(installed):
    held = {path.relative_to(installed).parts[0] for path in installed.rglob("*.py")}
    assert held == {"fieldmarks"}
    package = installed / "fieldmarks"
    for path in (
        "core/review/report.html.jinja",
        "dashboard/.streamlit/config.toml",
        "dashboard/components/assets/base.css",
        "precompute/attributes/synonyms.csv",
        "precompute/data/birds/nouns.csv",
    ):
        assert (package / path).is_file(), path
    assert not list(installed.rglob("ruff.toml"))


def test_the_installed_package_is_imported_from_any_folder_and_no_part_of_it_alone(installed):
    done = python(
        installed,
        "import fieldmarks as fm\n"
        "assert callable(fm.explain)\n"
        "import fieldmarks.core.errors, fieldmarks.dashboard.links\n"
        "for name in ('core', 'dashboard', 'precompute'):\n"
        "    try: __import__(name)\n"
        "    except ModuleNotFoundError: continue\n"
        "    raise AssertionError(name)\n",
    )
    assert done.returncode == 0, done.stderr


def test_an_installation_keeps_runs_in_the_folder_of_the_users_data(installed, tmp_path):
    code = "from fieldmarks.core.run.files import runs_folder; print(runs_folder())"
    done = python(installed, code, XDG_DATA_HOME=str(tmp_path), HOME=str(tmp_path))
    assert done.stdout.strip().startswith(str(tmp_path)), done.stderr
    assert "fieldmarks" in done.stdout


def test_a_checkout_keeps_runs_in_artifacts(monkeypatch):
    monkeypatch.delenv("FIELDMARKS_RUNS", raising=False)
    assert checkout_folder() == ROOT
    assert runs_folder() == ROOT / "artifacts"


def test_pages_are_drawn_from_the_wheel(installed, tmp_path):
    write_synthetic_run(tmp_path)
    done = python(
        installed,
        "import streamlit.testing.v1 as testing\n"
        f"app = testing.AppTest.from_file({str(installed / 'fieldmarks/dashboard/app.py')!r}, "
        "default_timeout=60).run()\n"
        "assert not app.exception, app.exception\n"
        "assert app.title\n"
        "app.switch_page('app_pages/images.py').run()\n"
        "assert not app.exception, app.exception\n"
        "assert 'core' not in sys.modules and 'torch' not in sys.modules\n",
        FIELDMARKS_RUNS=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr


def test_a_command_whose_extra_is_missing_says_what_to_install(installed):
    code = (
        "sys.modules['torch'] = None; sys.modules['filelock'] = None\n"
        "from fieldmarks.__main__ import main\n"
        "raise SystemExit(main(['train', '--cub', '.', '--out', 'x.pth']))\n"
    )
    done = python(installed, code)
    assert done.returncode == 1
    assert done.stderr.startswith("error: this command needs ")
    assert "pip install 'fieldmarks[precompute]'" in done.stderr
    assert done.stderr.count("\n") == 1
