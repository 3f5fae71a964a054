"""Commands of experiments say so, and a plain evaluation scores no experiment."""

import re
import shutil

import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.experimental.scores import FILE, read_experiments
from fieldmarks.core.run.reading import read_run


def test_help_says_which_commands_are_experimental(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert re.findall(r"(\S+) experimental: ", told) == ["attack", "repair-cues"]


@pytest.mark.slow
def test_experiments_are_scored_when_asked_for_alone(run, tmp_path, capsys):
    shutil.copytree(run.folder, tmp_path / "scored")
    command = ["evaluate", "scored", "--runs", str(tmp_path)]
    assert main(command) == 0
    assert "Sentence test" not in capsys.readouterr().out
    assert not (tmp_path / "scored" / FILE).exists()
    assert main([*command, "--experimental"]) == 0
    assert "Sentence test" in capsys.readouterr().out
    experiments = read_experiments(read_run(tmp_path / "scored"))
    assert experiments.sentence_test.rows
    assert experiments.interventions is experiments.zero_shot is None


def test_experiments_of_some_classes_are_refused(run, capsys):
    runs = str(run.folder.parent)
    assert main(["evaluate", run.name, "--runs", runs, "--classes", "1", "--experimental"]) == 1
    assert "leave out --classes" in capsys.readouterr().err
