"""No command takes away what it did not write: pictures, weights, links, folders of other names."""

import os
import shutil
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

import numpy as np
import pytest
import torch

from fieldmarks.__main__ import main
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.writer import recover_run
from fieldmarks.precompute.demo_world.make import files_of_world, make_world
from fieldmarks.precompute.resume.lock import exclusive, locked
from tests.support import processes
from tests.support.faulty_run import write_faulty_run
from tests.support.synthetic_run import write_synthetic_run
from tests.support.tiny_birds import run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow


def snapshot(folder):
    """Return all files and links below a folder with what is in them."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
        if not path.name.endswith(".lock")
    }


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    return write_tiny_birds(tmp_path_factory.mktemp("birds"))


def in_a_folder_of_the_same_name(place):
    place.mkdir()
    (place / "photo.jpg").write_bytes(b"1")


def one_of_a_web_app(place):
    place.mkdir()
    (place / MANIFEST).write_text('{"name": "shop", "version": 3}')


TAKEN = {
    "a folder of pictures": ("shop", in_a_folder_of_the_same_name),
    "a folder with a manifest of a web app": ("shop", one_of_a_web_app),
    "a file": ("shop", lambda place: place.write_text("1")),
    "a link": ("shop", lambda place: place.symlink_to("/nowhere")),
    "a folder that is in the way of the partial one": (
        ".shop.partial",
        in_a_folder_of_the_same_name,
    ),
    "a link in the way of the partial one": (
        ".shop.partial",
        lambda place: place.symlink_to(place.parent),
    ),
    "a folder in the way of the old one": (".shop.old", in_a_folder_of_the_same_name),
    "a file in the way of the lock": (".shop.lock", lambda place: place.write_text("mine")),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_name_that_is_taken_by_something_else_is_refused_and_it_stays(
    birds, tmp_path, capsys, what
):
    name, make = TAKEN[what]
    make(tmp_path / name)
    before = snapshot(tmp_path)
    words = f"run --cub {birds}/CUB_200_2011 --checkpoint {birds}/tiny.pth --name shop"
    assert main([*words.split(), "--runs", str(tmp_path), "--device", "cpu"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: ")
    assert "move it away" in said[-1] or "stays as it is: give another --name" in said[-1]
    assert snapshot(tmp_path) == before
    recover_run(tmp_path, "shop")
    assert snapshot(tmp_path) == before


def test_the_data_of_a_run_that_has_the_name_of_its_folder_stay(tmp_path, capsys):
    """The issue's own: `run --data X/shop --name shop --runs X`."""
    write_tiny_birds(tmp_path / "shop")
    before = snapshot(tmp_path)
    words = "run --cub {0}/shop/CUB_200_2011 --checkpoint {0}/shop/tiny.pth --name shop --runs {0}"
    assert main(words.format(tmp_path).split()) == 1
    assert "was not written by Fieldmarks, and stays as it is" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


def test_files_of_a_person_in_a_run_survive_that_it_is_computed_again(birds, tmp_path):
    run_tiny(birds, tmp_path)
    folder = tmp_path / "tiny"
    expected = snapshot(folder)
    mine = {"notes.txt": b"1", "arrays/mine.npy": b"2", "tables/mine.csv": b"3", "a/b.txt": b"4",
            "robustness/mine.txt": b"5", ".hidden": b"6",
            "arrays/p_t_given_f/mine.npy": b"7"}  # fmt: skip
    for name, content in mine.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    for way in ({"thumb_size": 20}, {"estimators": ("literal",)}, {}):
        run_tiny(birds, tmp_path, **way)
        there = snapshot(folder)
        assert {name: there.get(name) for name in mine} == mine
    assert there == expected | mine


def test_a_run_with_a_damaged_manifest_is_computed_again_in_its_place(birds, tmp_path):
    run_tiny(birds, tmp_path)
    expected = snapshot(tmp_path / "tiny")
    (tmp_path / "tiny" / MANIFEST).write_text("{")
    run_tiny(birds, tmp_path)
    assert snapshot(tmp_path / "tiny") == expected


#: Commands with --out, where OUT, RUN (its folder) and DATA are replaced.
OUTPUTS = {
    "report": "report faulty --runs RUNS --out OUT.csv",
    "suspects": "suspects faulty --runs RUNS --out OUT.csv",
    "repair": "repair faulty --runs RUNS --checkpoint DATA/old.pth --out OUT.csv",
    "train": "train --cub DATA/CUB_200_2011 --arch tiny --out OUT.csv --epochs 1 --input-size 32 "
    "--weights DATA/tiny.pth --device cpu",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return write_faulty_run(tmp_path_factory.mktemp("runs")).folder.parent


@pytest.fixture
def place(birds, runs, tmp_path):
    """A folder of a person, with what the commands read."""
    run = read_run(runs / "faulty")
    data = shutil.copytree(birds, tmp_path / "data")
    state = {"fc.weight": torch.tensor(np.array(run.array("class_weights")))}
    torch.save(state, data / "old.pth")
    return tmp_path


def called(command, place, runs, out, *more):
    words = OUTPUTS[command].replace("OUT.csv", str(out)).replace("RUNS", str(runs))
    return main([*words.replace("DATA", str(place / "data")).split(), *more])


@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_over_a_file_of_a_person_needs_the_word(command, place, runs, capsys):
    out = place / "photo.csv"
    out.write_bytes(b"years of work")
    assert called(command, place, runs, out) == 1
    assert "is there already: give another file, or --overwrite" in capsys.readouterr().err
    assert out.read_bytes() == b"years of work"
    assert called(command, place, runs, out, "--overwrite") == 0
    assert out.read_bytes() != b"years of work"


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("what", ["a link", "a folder"])
def test_an_output_that_is_no_file_is_refused(command, what, place, runs, capsys):
    out = place / "photo.csv"
    (place / "photo").write_bytes(b"years of work")
    {"a link": lambda: out.symlink_to("photo"), "a folder": out.mkdir}[what]()
    words = OUTPUTS[command].replace("RUNS", str(runs)).replace("DATA", str(place / "data"))
    words = [str(out) if word == "OUT.csv" else word for word in words.split()]
    before = snapshot(place)
    assert main([*words, "--overwrite"]) == 1
    assert "give the path of a file to write" in capsys.readouterr().err
    assert snapshot(place) == before


@pytest.mark.parametrize("command", OUTPUTS)
def test_an_empty_output_is_refused_as_an_argument(command, place, runs, capsys):
    words = OUTPUTS[command].replace("RUNS", str(runs)).replace("DATA", str(place / "data"))
    before = snapshot(place)
    with pytest.raises(SystemExit) as end:
        main(["" if word == "OUT.csv" else word for word in words.split()])
    assert end.value.code == 2
    assert "expected a path, got an empty text" in capsys.readouterr().err
    assert snapshot(place) == before


READ = {
    "report": ["{runs}/faulty/manifest.json", "{runs}/faulty/tables/images.parquet"],
    "suspects": ["{runs}/faulty/arrays/pooled.npy"],
    "repair": ["{data}/old.pth", "{data}/../data/old.pth", "{runs}/faulty/thumbs.bin"],
    "train": ["{data}/tiny.pth", "{data}/CUB_200_2011/images.txt",
              "{data}/CUB_200_2011/images/001.Red_Finch/bird_0000.jpg"],
}  # fmt: skip


@pytest.mark.parametrize(("command", "path"), [(c, path) for c in READ for path in READ[c]])
def test_no_command_writes_over_what_it_reads(command, path, place, runs, capsys):
    out = path.format(data=place / "data", runs=runs)
    before = snapshot(place), snapshot(runs)
    assert called(command, place, runs, out, "--overwrite") == 1
    assert "read by this command" in capsys.readouterr().err
    assert (snapshot(place), snapshot(runs)) == before


def test_the_state_of_a_training_is_not_written_through_a_link(place, runs, capsys):
    (place / "photo").write_bytes(b"years of work")
    (place / "net.pth.partial").symlink_to("photo")
    before = snapshot(place)
    assert called("train", place, runs, place / "net.pth") == 1
    assert "is a link" in capsys.readouterr().err
    assert snapshot(place) == before


SIZES = {"n_species": 2, "n_images": 2, "image_size": 96, "progress": False, "workers": 1}


def test_files_of_a_person_in_a_world_survive_that_it_is_made_again(tmp_path):
    world = make_world(tmp_path / "w", **SIZES)
    (picture,) = [p for p in (world / "CUB_200_2011" / "images").iterdir() if "001" in p.name]
    mine = [world / "notes.txt", picture / "mine.jpg", world / "truth" / "mine.txt"]
    for path in mine:
        path.write_bytes(b"mine")
    (world / "small_50.pth").write_bytes(b"of the tool")
    painted = snapshot(world).keys() - {str(path.relative_to(world)) for path in mine}
    assert painted <= set(files_of_world(world))
    make_world(tmp_path / "w", **SIZES | {"n_images": 3})
    assert all(path.read_bytes() == b"mine" for path in mine)
    assert not (world / "small_50.pth").exists()
    again = make_world(tmp_path / "again", **SIZES | {"n_images": 3})
    there, fresh = snapshot(world), snapshot(again)
    assert {name: there[name] for name in fresh} == fresh
    assert there.keys() - fresh.keys() == {str(path.relative_to(world)) for path in mine}


@pytest.mark.parametrize("name", ["w", ".w.partial", ".w.old"])
def test_a_folder_in_the_way_of_a_world_stays(tmp_path, name, capsys):
    (tmp_path / name / "truth").mkdir(parents=True)
    (tmp_path / name / "truth" / "settings.json").write_text('{"theme": "dark"}')
    before = snapshot(tmp_path)
    with pytest.raises(Exception, match=r"found something else|stays as it is|move it away"):
        make_world(tmp_path / "w", **SIZES)
    assert snapshot(tmp_path) == before


def test_a_lock_empties_nothing(tmp_path):
    (tmp_path / "photo").write_bytes(b"1")
    (tmp_path / ".a.lock").symlink_to("photo")
    held = exclusive(tmp_path / "a", "it", "wait")
    with pytest.raises(RunError, match="is not a lock of Fieldmarks"), held:
        pass
    assert (tmp_path / "photo").read_bytes() == b"1"


def test_a_run_that_was_put_aside_by_a_killed_process_is_back_for_every_command(tmp_path):
    run = write_synthetic_run(tmp_path)
    run.folder.rename(tmp_path / ".synthetic.old")
    with locked(tmp_path, "synthetic"):
        assert read_run(run.folder).sizes == run.sizes
    assert not (tmp_path / ".synthetic.old").exists()


def repair(wait: float, words: list[str], told: Connection) -> None:
    """Repair in a process that is terminated after so many seconds; tell how many it took."""

    def end() -> None:
        time.sleep(wait)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end, daemon=True).start()
    started = time.monotonic()
    code = main(words)
    told.send(time.monotonic() - started)
    sys.exit(code)


@pytest.mark.timeout(600)
def test_a_repair_that_is_terminated_leaves_no_run_or_a_whole_one(tmp_path):
    run = write_faulty_run(tmp_path)
    words = ["repair", run.name, "--runs", str(tmp_path), "--run-name", "mended"]
    said = tmp_path / "said"
    receiver, sender = processes.context().Pipe(duplex=False)

    def exitcode(wait: float) -> int:
        process = processes.start(repair, wait, words, sender, output=said)
        process.join()
        assert "Traceback" not in said.with_suffix(".err").read_text()
        return process.exitcode

    assert exitcode(1000) == 0
    lasted = receiver.recv()
    assert "diagnoses" in read_run(tmp_path / "mended").table_names
    n_ended = 0
    for share in np.linspace(0.4, 1, 7):
        shutil.rmtree(tmp_path / "mended", ignore_errors=True)
        n_ended += exitcode(share * lasted) != 0
        if (tmp_path / "mended").exists():
            assert "diagnoses" in read_run(tmp_path / "mended").table_names
        assert not (tmp_path / ".mended.repair").exists()
    assert n_ended > 0
    shutil.rmtree(tmp_path / "mended", ignore_errors=True)
    assert main(words) == 0, "the same command goes on to its end"


@pytest.mark.parametrize("command", ["maps", "export", "robustness", "evaluate", "report"])
def test_a_command_on_a_run_that_is_not_there_leaves_nothing(tmp_path, capsys, command):
    more = {"maps": "--images 1", "report": f"--out {tmp_path}/x.csv"}.get(command, "")
    assert main(f"{command} mine --runs {tmp_path}/typo {more}".split()) == 1
    assert "there is no run 'mine'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
