"""The page Try, without a browser: sources, explanations, links, and what it says instead."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from starlette.formparsers import MultiPartParser

from fieldmarks.core.pictures.upload import MAX_BYTES
from fieldmarks.core.run.files import MANIFEST, NETWORK
from fieldmarks.core.run.reading import read_run
from tests.support.live_run import write_live_run
from tests.support.pages import APP, component_data, links, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("try")
    write_live_run(folder)
    return folder


@pytest.fixture(autouse=True)
def made(runs, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(runs))
    return read_run(runs / "live")


def picture(colour=(200, 40, 40), size=(120, 90), kind="JPEG") -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", size, (30, 160, 60))
    image.paste(colour, (20, 20, 70, 70))
    image.save(buffer, kind)
    return buffer.getvalue()


def uploaded(content: bytes, name: str = "bird.jpg", link: str = "try"):
    app = visit(link)
    return app.file_uploader[0].set_value((name, content, "image/jpeg")).run()


def test_an_upload_is_explained(made):
    app = uploaded(picture())
    assert not app.exception
    assert [h.value for h in app.header] == [
        *("Class probabilities", "Class activation maps"),
        *("Words in the picture", "Nearest training pictures"),
    ]
    sentences = ["".join(span["text"] for span in component_data(app, f"try.sentence.{key}")[0]
                 ["spans"]) for key in ("predicted", "true", "contrast")]  # fmt: skip
    names = made.classes["name"].tolist()
    assert sentences[0].startswith("This is a")
    assert sum(name in sentences[0] for name in names) >= 1
    assert sentences[1].startswith("This is a")
    assert " rather than " in sentences[2] or "No attribute" in sentences[2]
    p = [float(row["value"]) for row in component_data(app, "try.probabilities")[0]["rows"]]
    assert p == sorted(p, reverse=True)
    assert sum(p) == pytest.approx(1, abs=0.01)
    words = component_data(app, "try.words")[0]["items"]
    assert all(item["layer"] and item["src"] and item["alt"] for item in words)
    nearest = component_data(app, "try.nearest")[0]["items"]
    assert len(nearest) == 8
    assert "training images than" in said(app)


def test_two_pictures_are_told_apart():
    first, second = (
        component_data(uploaded(picture(colour)), "try.probabilities")[0]["rows"]
        for colour in ((255, 0, 0), (0, 0, 255))
    )
    assert [row["value"] for row in first] != [row["value"] for row in second]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "expected a JPEG, PNG or WebP picture"),
        (picture()[:300], "damaged"),
        (picture(size=(9, 9)), "expected at least 16 pixels on each side"),
    ],
)
def test_a_bad_upload_is_one_line_on_the_page(content, message):
    app = uploaded(content)
    assert not app.exception
    assert len(app.error) == 1
    assert message in app.error[0].value.replace("\\", "")
    assert not app.header


@pytest.mark.parametrize(
    "link",
    [
        "try",
        "try?x=3",
        "try?x=3&versus=1",
        "try?x=3&across=20-80&down=0-50",
        "try?view=camera",
        "try?view=run",
    ],
)
def test_every_link_opens(link):
    app = visit(link)
    assert not app.exception
    assert not app.error
    assert not app.info


@pytest.mark.parametrize(
    "link",
    [
        *("try?x=999999", "try?x=-1", "try?x=3&versus=77", "try?x=3&t=purple+zebra"),
        *("try?x=3&across=80-20", "try?x=3&across=50-51", "try?x=3&down=a-b", "try?view=radio"),
        *("try?x=3&across=0-999999999999", "try?x=3&down=-5-50", "try?x=3&across=1-2-3"),
    ],
)
def test_bad_links_are_survived(link):
    app = visit(link)
    assert not app.exception
    assert not app.error


def test_the_network_is_shown_the_part_that_the_link_names():
    def photo(link):
        return component_data(visit(link), "try.photo")[0]["items"][0]["src"]

    assert photo("try?x=3") == photo("try?x=3&across=0-100") == photo("try?x=3&across=80-20")
    assert photo("try?x=3") != photo("try?x=3&across=0-30&down=0-30")


def test_links_keep_the_picture_and_lead_on():
    app = visit("try?run=live&x=3&across=10-90")
    leading = links(app)
    of_page = [link for link in leading if link.startswith("try?")]
    assert of_page
    assert all("x=3" in link and "across=10-90" in link for link in of_page)
    assert any("versus=" in link for link in of_page)
    assert any(link.startswith("images?q=") or "&q=" in link for link in leading)
    assert any(link.startswith("images?") for link in leading)
    assert not visit(of_page[0], app).exception


def test_a_picture_of_the_run_is_not_its_own_neighbour(made):
    x = int(np.flatnonzero(made.images["is_train"])[2])
    items = component_data(visit(f"try?x={x}"), "try.nearest")[0]["items"]
    assert all(f"Image {x}:" not in item["alt"] for item in items)


@pytest.mark.parametrize(
    ("left_out", "said_why"),
    [(None, "its file is missing"), ("no such operator", "no such operator")],
)
def test_a_run_without_a_network_says_why_and_what_to_do(
    runs, tmp_path, monkeypatch, left_out, said_why
):
    shutil.copytree(runs / "live", tmp_path / "live")
    (tmp_path / "live" / NETWORK).unlink()
    manifest = json.loads((tmp_path / "live" / MANIFEST).read_text())
    if left_out:
        manifest["stages"] = {"live": {"fingerprint": "1", "left_out": left_out}}
    (tmp_path / "live" / MANIFEST).write_text(json.dumps(manifest))
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    app = visit("try")
    assert not app.exception
    shown = app.info[0].value.replace("\\", "")
    assert said_why in shown
    assert "fieldmarks export live" in shown
    assert not app.get("file_uploader")


def test_without_onnx_runtime_the_page_says_how_to_install_it(runs, tmp_path, monkeypatch):
    shutil.copytree(runs / "live", tmp_path / "live")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    app = visit("try")
    assert "python -m pip install onnxruntime" in app.info[0].value.replace("\\", "")


def test_uploads_stay_in_memory():
    visit("try")
    assert MultiPartParser.spool_max_size > MAX_BYTES


def test_running_a_network_imports_no_torch(made):
    code = (
        f"import sys; sys.path.insert(0, {str(APP.parent.parent)!r})\n"
        "import numpy as np\n"
        "from fieldmarks import open_run\n"
        "from fieldmarks.core.live.network_file import network_file\n"
        "import fieldmarks.dashboard.try_picture.view\n"
        "run = open_run('live')\n"
        "network = network_file(run)\n"
        "network(np.zeros((network.input_size,) * 2 + (3,), np.uint8))\n"
        "print(sorted({'torch', 'precompute', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"
