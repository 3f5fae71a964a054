"""The command that repairs a network without the cues that failures show."""

import json

from fieldmarks.__main__ import main
from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.run import Run
from tests.support.faulty_run import MISLED, write_faulty_run


def faulty_run(folder) -> Run:
    run = write_faulty_run(folder)
    return write_diagnoses(run)


def test_the_repaired_run_says_that_cues_were_ignored(tmp_path, capsys):
    run = faulty_run(tmp_path)
    command = ["repair-cues", run.name, "--runs", str(tmp_path), "--seed", "2"]
    assert main([*command, "--run-name", "mended"]) == 0
    assert "removal without a refit" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "mended" / "manifest.json").read_text("utf-8"))
    assert manifest["repair"]["ignore_cues"] is True


def test_without_failures_by_a_cue_the_command_says_what_is_missing(tmp_path, capsys, monkeypatch):
    run = faulty_run(tmp_path)
    url = f"sqlite:///{tmp_path}/verdicts.sqlite"
    monkeypatch.setenv("FIELDMARKS_DB", url)
    with_verdicts = Verdicts(url)
    for x in MISLED:
        path, pattern = str(run.images["path"].iloc[x]), Pattern.IMAGE_QUALITY
        with_verdicts.save(
            Verdict(run.manifest["dataset"], path, pattern=pattern, is_reviewed=True)
        )
    with_verdicts.close()
    assert main(["repair-cues", run.name, "--runs", str(tmp_path)]) == 1
    assert "0 of run 'faulty' are diagnosed or judged" in capsys.readouterr().err
