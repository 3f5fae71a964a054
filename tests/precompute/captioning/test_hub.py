"""Models of real classes with tiny random weights: what is read, asked and written."""

import json

import numpy as np
import pytest
from PIL import Image

from fieldmarks.__main__ import main
from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.captioning.hub import HubWriter
from fieldmarks.precompute.captioning.two_tower import two_tower
from tests.support.picture_folders import write_classes
from tests.support.tiny_models import TOWERS, WORDS, WRITERS, write_tiny

PICTURES = [Image.new("RGB", (60, 40), colour) for colour in ((200, 0, 0), (0, 0, 200), (9, 9, 9))]
CHATS = ("qwen2_vl", "qwen3_vl", "smolvlm")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a function that gives the folder of a kind, made once."""
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = write_tiny(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return of


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_writes_an_answer_for_each_picture(folder, kind):
    writer = HubWriter(str(folder(kind)), "cpu", max_tokens=5)
    assert writer.follows_prompts == (kind in CHATS)
    answers = writer.write(PICTURES, "a red wing", None)
    assert len(answers) == len(PICTURES)
    for answer in answers:
        assert set(answer.text.split()) <= set(WORDS)
        assert len(answer.text.split()) <= 5


@pytest.mark.parametrize("kind", CHATS)
def test_an_answer_does_not_repeat_what_was_asked(folder, kind):
    writer = HubWriter(str(folder(kind)), "cpu", max_tokens=3)
    text = " ".join(WORDS[:9])
    one = writer.write(PICTURES[:1], text, None)[0].text
    assert WORDS[:3] != one.split()[:3]
    assert len(one.split()) <= 3
    assert len(writer.ask(PICTURES[:2], text, None).text.split()) <= 3


def test_an_answer_does_not_depend_on_its_neighbours(folder):
    writer = HubWriter(str(folder("qwen2_vl")), "cpu", max_tokens=5)
    together = writer.write(PICTURES, "a red wing", None)
    alone = [writer.write([each], "a red wing", None)[0] for each in PICTURES]
    assert together == alone


def test_the_command_writes_captions_by_a_captioner(folder, tmp_path, capsys):
    shop, out = tmp_path / "shop", tmp_path / "captions.jsonl"
    write_classes(shop, 3)
    source = f"hf:{folder('blip')}"
    given = ["--data", str(shop), "--out", str(out), "--model", source, "--max-tokens", "4"]
    assert main(["caption", *given, "--device", "cpu", "--batch-size", "4"]) == 0
    assert "9 images written" in capsys.readouterr().out
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["written_by"] == {"model": source, "parts": [], "prompt": 0, "side": 768}
    assert len(rows) == 10


@pytest.mark.parametrize("kind", TOWERS)
def test_towers_give_a_direction_for_each_picture_and_text(folder, kind):
    towers = two_tower(f"hf:{folder(kind)}", "cpu")
    pictures, texts = towers.images(PICTURES), towers.texts(["a red wing", "plain"])
    assert pictures.shape == (3, texts.shape[1])
    assert len(texts) == 2
    assert not np.allclose(pictures[0], pictures[1])
    np.testing.assert_allclose(towers.texts(["plain"])[0], texts[1], atol=1e-5)


def test_open_clip_models_are_read_from_a_folder(tmp_path):
    import open_clip
    import torch

    sizes = {
        "embed_dim": 8,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "layers": 1},
    }
    sizes["text_cfg"]["heads"] = 2
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": sizes}))
    model = open_clip.CLIP(**sizes)
    torch.save(model.state_dict(), tmp_path / "open_clip_pytorch_model.bin")
    towers = two_tower(f"open_clip:local-dir:{tmp_path}", "cpu")
    assert towers.images(PICTURES).shape == (3, 8)
    assert towers.texts(["a red wing"]).shape == (1, 8)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ViT-B-32", "--model is open_clip:MODEL/TAG"),
        ("hf:", "--model is open_clip:MODEL/TAG"),
        ("open_clip:no-such-model", "open_clip:no-such-model fails"),
        ("no.such:function", "importing no.such, which --model names, fails"),
        ("builtins:dict", "builtins:dict returns a dict without images"),
    ],
)
def test_what_is_no_model_is_one_line(source, message):
    with pytest.raises(ModelError, match=message) as told:
        two_tower(source, "cpu")
    assert "\n" not in str(told.value)


def test_a_folder_without_a_model_is_one_line(tmp_path):
    with pytest.raises(ModelError, match=f"hf:{tmp_path} fails") as told:
        HubWriter(str(tmp_path), "cpu")
    assert "\n" not in str(told.value)


def test_a_model_that_writes_is_no_model_of_pictures_and_texts(folder):
    with pytest.raises(ModelError, match="is not an image-text model such as CLIP"):
        two_tower(f"hf:{folder('qwen2_vl')}", "cpu")
