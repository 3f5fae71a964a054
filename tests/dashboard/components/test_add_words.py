"""The panel "Add words" names commands that can be run as they stand."""

import argparse
import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from fieldmarks.dashboard.components.add_words import commands, commands_of_phrases
from fieldmarks.precompute.commands import caption, words
from fieldmarks.precompute.commands import run as run_command
from fieldmarks.precompute.data.source import source_of
from fieldmarks.precompute.network.settings import network_of
from fieldmarks.precompute.pipeline.manifest import _recorded
from fieldmarks.precompute.pipeline.settings import Settings

RUNS = Path("/where/runs lie")
OF_RUN = ("checkpoint", "arch", "input_size", "min_images", "maps", "thumb_size", "seed", "device")
MADE_BY = {
    "folders": "--data /shop/my images --checkpoint /shop/w.pth",
    "a table": "--data /shop/p.csv --images /shop/images --label kind --file-name id --split fold "
    "--split-names 0,1=train 2=test --ignore season --ignore usage --checkpoint /shop/w.pth",
    "a network": "--data /shop --network timm:resnet18 --network-args in_chans=1 --weights-key ema "
    "--checkpoint /shop/w.pth --mean 0.5 --std 0.25 --crop centre --resize 256 --channels grey "
    "--input-size 192x256 --classes natural --keep-class-order --layer layer3",
    "the hub": "--data /shop --network hf:shop/net --maps 20 --seed 3 --no-merge --leave-out 4 7 "
    "--min-images 2 --test-share 0.4 --device cpu",
    "CUB": "--cub /birds --checkpoint /shop/w.pth --arch resnet18",
}


def parsed(module, line):
    parser = module.add_parser(argparse.ArgumentParser().add_subparsers())
    return parser.parse_args(shlex.split(line)[2:])


def settings_of(args):
    given = {name: getattr(args, name) for name in OF_RUN if getattr(args, name) is not None}
    return Settings(
        source=source_of(args),
        checkpoint=given.pop("checkpoint", None),
        network=network_of(args),
        name=args.name,
        runs=args.runs or RUNS,
        merge=not args.no_merge,
        leave_out=tuple(args.leave_out),
        **given,
    )


@pytest.mark.parametrize("case", MADE_BY)
def test_the_command_with_captions_is_the_one_that_made_the_run(case):
    line = MADE_BY[case].replace("/shop/my images", "'/shop/my images'")
    made = settings_of(parsed(run_command, f"fieldmarks run {line} --name mine"))
    manifest = json.loads(json.dumps({"settings": _recorded(made)}))
    run = SimpleNamespace(manifest=manifest, name="mine", folder=RUNS / "mine")
    writes, adds = commands(run)
    again = settings_of(parsed(run_command, adds))
    assert again.source.captions == Path("captions.jsonl")
    for line, module, option in ((writes, caption, "out"), (adds, run_command, "captions")):
        assert str(getattr(parsed(module, line), option)) == "captions.jsonl"
        assert "..." not in line
    plain = {**_recorded(again), "source": {**_recorded(again)["source"], "captions": None}}
    assert json.loads(json.dumps(plain)) == manifest["settings"]
    finds, adds = commands_of_phrases(run)
    assert str(parsed(words, finds).out) == "words.parquet"
    assert str(parsed(run_command, adds).words) == "words.parquet"


@pytest.mark.parametrize("settings", [{}, {"source": None, "network": {}}])
def test_a_run_that_does_not_say_what_it_was_made_of_has_commands_to_fill_in(settings):
    run = SimpleNamespace(manifest={"settings": settings}, name="mine", folder=RUNS / "mine")
    assert "--data DATA" in commands(run)[0]
    assert "--network FILE.py:FUNCTION" in commands(run)[1]
