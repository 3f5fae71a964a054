"""`fieldmarks words`: calibrated probabilities of phrases, and a run that is made with them."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fieldmarks.__main__ import main
from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.attributes.soft_table import read_soft_words
from fieldmarks.precompute.captioning.soft_words import calibrate, scores_of, unit
from fieldmarks.precompute.captioning.words import N_SHOWN, _likeliest
from fieldmarks.precompute.data.soft_words import SoftWords
from tests.support.chat_server import chat_server
from tests.support.picture_folders import write_classes

#: Two towers that see the mean colour, and texts that name one.
CODE = """
import numpy as np

COLOURS = {"red": (1, -1, -1, 0), "blue": (-1, -1, 1, 0), "grey": (0, 0, 0, 1)}

class Towers:
    def images(self, pictures):
        seen = np.stack([np.asarray(each, float).mean((0, 1)) for each in pictures])
        centred = seen - seen.mean(axis=1, keepdims=True)
        return np.concatenate([centred, np.full((len(seen), 1), 30.0)], axis=1)

    def texts(self, texts):
        return np.stack([
            sum((np.array(v) for name, v in COLOURS.items() if name in each), np.full(4, 0.01))
            for each in texts
        ])

def towers():
    return Towers()
"""
PHRASES = ["red sole", "blue sole", "grey sole", "odd lace", "new lace", "old lace"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    write_classes(folder / "shop", 20)
    (folder / "towers.py").write_text(CODE)
    (folder / "phrases.txt").write_text(
        "Red sole\n\nblue  sole\ngrey sole\nred sole\nodd lace\nnew lace\nold lace\n"
    )
    return folder


def words(shop, out, *more) -> int:
    given = ["--data", str(shop / "shop"), "--model", f"{shop / 'towers.py'}:towers"]
    if "--phrases" not in more:
        given += ["--phrases", str(shop / "phrases.txt")]
    return main(["words", *given, "--out", str(out), *more])


def test_phrases_are_likely_where_they_are_seen(shop, tmp_path, capsys):
    out = tmp_path / "words.parquet"
    assert words(shop, out) == 0
    said = capsys.readouterr().out
    assert "because the model cannot distinguish them: odd lace, new lace, old lace" in said
    table = pd.read_parquet(out).set_index("file_name")
    for path, row in table.iterrows():
        is_red = path.startswith("boot")
        assert (row["red sole"] >= 0.5) == is_red
    page = out.with_suffix(".html").read_text()
    assert page.count("<section>") == len(table.columns)
    assert page.count("<figure>") == 18 * len(table.columns)
    assert not re.findall(r"(?:src|href)=[\"']?https?:", page)


def test_what_a_person_strikes_out_is_left_out(shop, tmp_path, capsys):
    out, struck = tmp_path / "words.parquet", tmp_path / "struck.txt"
    assert words(shop, out) == 0
    struck.write_text("blue sole\n")
    (shop / "towers.py").rename(shop / "away.py")  # the model is not asked again
    try:
        assert words(shop, out, "--strike", str(struck)) == 0
    finally:
        (shop / "away.py").rename(shop / "towers.py")
    assert "blue sole" not in pd.read_parquet(out).columns
    assert "red sole" in pd.read_parquet(out).columns
    struck.write_text("\n".join(PHRASES))
    capsys.readouterr()
    assert words(shop, out, "--strike", str(struck)) == 1
    assert "all phrases are excluded" in capsys.readouterr().err


def test_phrases_are_proposed_once_from_the_names_of_classes(shop, tmp_path, capsys):
    phrases = tmp_path / "proposed.txt"
    answer = {"phrases": ["Red sole", "boot lace", "sole", "blue sole", "a b c d e", "grey sole"]}
    with chat_server(lambda _: answer) as server:
        asked = ["--server", server.url, "--writer", "painter:1b", "--phrases", str(phrases)]
        for _ in range(2):
            assert words(shop, tmp_path / "w.parquet", *asked) == 0
        assert len(server.requests) == 1
        assert not server.requests[0].pictures
        assert "boot, cap, sock" in server.requests[0].text
    assert phrases.read_text().splitlines() == ["red sole", "blue sole", "grey sole"]
    assert "edit them freely" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--phrases", "none.txt"), "none.txt does not exist: write one phrase per line"),
        (
            ("--phrases", "none.txt", "--server", "https://example.com/v1", "--writer", "m"),
            "the names would leave this machine for example.com: add --send-names-to example.com",
        ),
        (("--model", "ViT-B-32"), "--model is open_clip:MODEL/TAG"),
    ],
)
def test_what_is_missing_is_one_line(shop, tmp_path, capsys, more, message):
    assert words(shop, tmp_path / "w.parquet", *more) == 1
    assert message in capsys.readouterr().err


def test_calibrated_probabilities_are_true_as_often_as_they_say():
    rng = np.random.default_rng(1)
    has = rng.random((4000, 3)) < [0.1, 0.3, 0.6]
    scores = rng.normal(0, 1, has.shape) * [1, 0.02, 5] + has * [3, 0.06, 15] + [7, -1, 0]
    fitted = calibrate(scores)
    p = fitted.probability(scores)
    np.testing.assert_allclose(fitted.share, [0.1, 0.3, 0.6], atol=0.03)
    np.testing.assert_allclose(fitted.apart, 3, atol=0.25)
    for t in range(3):
        for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
            inside = (p[:, t] >= low) & (p[:, t] < high)
            assert has[inside, t].mean() == pytest.approx(p[inside, t].mean(), abs=0.15)


def test_of_many_images_that_are_as_likely_some_of_all_are_shown():
    p = np.r_[np.full(40, 0.2), np.full(60, 0.999), 0.9]
    shown = _likeliest(p)
    assert len(set(shown)) == N_SHOWN
    assert (shown.min(), shown.max()) == (40, 99)
    assert np.ptp(np.diff(np.sort(shown))) <= 1
    assert _likeliest(np.arange(20) / 20).tolist() == list(range(19, 10, -1))
    assert _likeliest(np.array([0.1, 0.9])).tolist() == [1, 0]


def test_noise_is_not_told_apart():
    scores = np.random.default_rng(2).normal(size=(2000, 5))
    assert not calibrate(scores).is_told.any()


def test_a_phrase_is_compared_with_others_of_its_noun():
    rng = np.random.default_rng(3)
    images, texts = unit(rng.normal(size=(6, 4))), unit(rng.normal(size=(4, 4)))
    phrases = ["red wing", "long wings", "grey wing", "red beak"]
    scores = scores_of(images, texts, phrases)
    for x in range(6):
        cosines = [float(images[x] @ texts[t]) for t in range(4)]
        assert scores[x, 1] == pytest.approx(cosines[1] - sum(cosines[:3]) / 3, abs=1e-5)
        assert scores[x, 3] == pytest.approx(cosines[3] - sum(cosines) / 4, abs=1e-5)


PATHS = ["a/1.jpg", "a/2.jpg", "b/3.jpg"]


def table(tmp_path, text: str):
    path = tmp_path / "words.csv"
    path.write_text(text)
    return path


def test_a_table_of_anybody_is_read(tmp_path):
    path = table(tmp_path, "file_name,striped wings,striped wing,red\n1,0.9,1,\na/2.jpg,,0.2,0.4\n")
    soft = read_soft_words(path, PATHS)
    assert soft.attributes == [Attribute("striped", "wing"), Attribute("", "red", "noun")]
    np.testing.assert_allclose(soft.p, [[1, 0], [0.2, 0.4], [0, 0]])
    assert soft.is_known.tolist() == [True, True, False]
    assert soft.line(0) == "striped wing 100%"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,red wing\na/1.jpg,1\n", "expected a column file_name in"),
        ("file_name\na/1.jpg\n", "expected a column of probabilities"),
        ("file_name,red wing\na/1.jpg,1.2\n", r"'red wing' of .* in \[0, 1\], row 1 holds '1.2'"),
        ("file_name,red wing\na/1.jpg,yes\n", r"\[0, 1\], row 1 holds 'yes'"),
        ("file_name,red wing\na/1.jpg,0.9\na/2.jpg,yes\n", r"\[0, 1\], row 2 holds 'yes'"),
        ("file_name,red wing\nc/9.jpg,1\n", "names none of the 3 images"),
    ],
)
def test_a_table_that_says_nothing_usable_is_one_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_soft_words(table(tmp_path, text), PATHS)


def test_captions_and_probabilities_are_joined():
    p = np.array([[0.9, 0.3, 0.004], [0.2, 0.6, 0.0]], np.float32)
    soft = SoftWords([Attribute("red", w) for w in ("wing", "tail", "eye")], p, np.ones(2, bool))
    # of four captions of the first image two name the red tail and one a long leg
    counts = sparse.csr_array(np.array([[2, 1, 1, 0], [1, 0, 0, 0]]))
    mentions = soft.mentions(
        ["red tail", "red wing", "long leg", "red eye"], counts, np.array([4, 0])
    )
    np.testing.assert_allclose(mentions.toarray(), [[0.5, 0.9, 0.25, 0], [0.6, 0.2, 0, 0]])


@pytest.mark.slow
def test_a_run_is_made_with_probabilities_alone(tmp_path):
    from dataclasses import replace

    from fieldmarks.precompute.data.read import read_dataset
    from tests.support.tiny_birds import run_tiny, tiny_settings, write_tiny_birds

    folder, runs = write_tiny_birds(tmp_path / "birds"), tmp_path / "runs"
    source = tiny_settings(folder, runs).source
    paths = list(read_dataset(source).images["path"])
    (folder / "text_c10").rename(folder / "away")
    rng = np.random.default_rng(0)
    p = rng.random((len(paths), 2)).round(3)
    given = pd.DataFrame({"file_name": paths, "striped wing": p[:, 0], "red beaks": p[:, 1]})
    given.to_csv(tmp_path / "words.csv", index=False)
    run_tiny(folder, runs, source=replace(source, words=tmp_path / "words.csv"))
    run = read_run(runs / "tiny")
    of = dict(zip(run.attributes["phrase"], range(run.sizes["T"]), strict=True))
    t = [of["striped wing"], of["red bill" if "red bill" in of else "red beak"]]
    np.testing.assert_allclose(run.mentions[:, t].toarray(), np.where(p >= 0.01, p, 0), atol=1e-6)
    np.testing.assert_array_equal(run.counts[:, t].toarray() > 0, p >= 0.5)
    assert (run.images["n_captions"] == 1).all()
    assert "striped wing" in " ".join(run.captions(int(np.argmax(p[:, 0]))))
    assert "scores are relative to these ratings, not to people" in str(run.manifest["problems"])
