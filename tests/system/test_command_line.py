import errno
import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.outputs import atomic_write
from fieldmarks.precompute.resume.lock import exclusive
from tests.support.cub_folder import write_cub
from tests.support.synthetic_run import write_synthetic_run


def test_help_answers_without_loading_torch():
    code = (
        "import sys; from fieldmarks.__main__ import main\n"
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
    assert "usage: fieldmarks" in capsys.readouterr().out


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
        "train --cub . --out x.pth --seed -1",
        "train --cub . --out x.pth --seed 4294967296",
        "train --cub . --out x.pth --lr nan",
        "train --cub . --out x.pth --lr inf",
        "train --cub . --out x.pth --epochs 1e400",
        "run --cub . --checkpoint x.pth --name a --seed -1",
        "run --cub . --checkpoint x.pth --name a --min-images 0",
        "run --cub . --checkpoint x.pth --name a --workers -2",
        "evaluate a --seed -1",
        "demo --seed -1",
        "demo --epochs 0",
        "demo --species 0",
        "demo --images -5",
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

    monkeypatch.setattr("fieldmarks.precompute.data.readers.cub.read_cub", interrupt)
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    assert "the same command resumes" in capsys.readouterr().err


def test_a_file_that_cannot_be_made_is_named(tmp_path, capsys, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device", "x.pth")

    monkeypatch.setattr("fieldmarks.precompute.data.readers.cub.read_cub", full)
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    assert capsys.readouterr().err == "error: No space left on device: x.pth\n"


def test_a_terminated_command_ends_as_an_interrupted_one(tmp_path, capsys, monkeypatch):
    def terminate(*args):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr("fieldmarks.precompute.data.read.read_dataset", terminate)
    assert main(f"train --cub {tmp_path} --out {tmp_path}/x.pth".split()) == 1
    assert "the same command resumes" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("words", "held", "message"),
    [
        ("train --cub {0} --out {0}/x.pth", "x.pth", "give another --out"),
        ("demo --runs {0} --name a", ".worlds/a", "give another --name"),
    ],
)
def test_the_second_of_two_that_write_the_same_is_refused(tmp_path, capsys, words, held, message):
    with exclusive(tmp_path / held, "it", "wait"):
        assert main(words.format(tmp_path).split()) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "is being written by another process: wait for it" in said
    assert message in said


def test_a_short_write_on_a_full_disk_is_told_of_as_a_full_disk(tmp_path):
    with (
        pytest.raises(OSError, match="No space left on device") as caught,
        atomic_write(tmp_path / "a"),
    ):
        raise OSError("1000 requested and 512 written")  # as NumPy says it
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["evaluate tiny", "run --cub {data} --checkpoint x --name tiny"]
)
def test_a_path_that_the_locale_cannot_write_is_one_line(tmp_path, command):
    """ASCII without coercion, as under LC_ALL=C with PYTHONUTF8=0: a path becomes surrogates."""
    folder = tmp_path / "vögel"
    write_synthetic_run(folder / "runs", "tiny")
    write_cub(folder / "CUB_200_2011", n_images=8)
    words = command.format(data=folder / "CUB_200_2011").split()
    done = subprocess.run(
        [sys.executable, "-m", "fieldmarks", *words],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "FIELDMARKS_RUNS": str(folder / "runs"),
        },
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "PYTHONUTF8=1" in done.stderr.splitlines()[-1]


def test_warnings_of_the_decoder_of_pictures_are_not_printed(tmp_path, recwarn):
    assert main(["evaluate", "none", "--runs", str(tmp_path)]) == 1
    warnings.warn_explicit("Corrupt EXIF data", UserWarning, "x.py", 1, "PIL.TiffImagePlugin")
    assert not [each for each in recwarn if "EXIF" in str(each.message)]
