import subprocess
import sys

import pytest

from precompute.__main__ import main


def test_help_answers_without_loading_torch():
    code = (
        "import sys; from precompute.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert 'torch' not in sys.modules and 'spacy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "train" in done.stdout
    assert "fetch" in done.stdout


@pytest.mark.parametrize("command", ["train", "fetch"])
def test_each_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert "usage: python -m precompute" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        "",
        "fly",
        "train --out x.pth",
        "train --cub . --out x.pth --epochs 0",
        "train --cub . --out x.pth --lr -1",
        "train --cub . --out x.pth --input-size large",
        "train --cub . --out x.pth --validate 1",
        "fetch eagles",
    ],
)
def test_bad_arguments_exit_with_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_failure_is_one_line_and_exits_with_1(tmp_path, capsys):
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_an_interruption_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("precompute.datasets.readers.cub.read_cub", interrupt)
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    assert "the same command resumes" in capsys.readouterr().err


def test_a_file_that_cannot_be_made_is_named(tmp_path, capsys, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device", "x.pth")

    monkeypatch.setattr("precompute.datasets.readers.cub.read_cub", full)
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    assert capsys.readouterr().err == "error: No space left on device: x.pth\n"
