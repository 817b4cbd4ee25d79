"""Settings and options reach a script as typed values, or not at all."""

from __future__ import annotations

import json
import re

import pytest

from jughpc.cli.main import main
from jughpc.config.settings import named

JUGFILE = "from jug import TaskGenerator\ndouble = TaskGenerator(abs)\nall = [double(n) for n in range(9)]\n"
OF_SUBMIT = [name for name, setting in named().items() if "submit" in setting.by.split()]
PLACES = [
    (name, layer)
    for name in OF_SUBMIT
    for layer in ("environment", "yaml", "cli")
    if name != "scheduler" and (layer != "cli" or named()[name].is_option)
]
SPOILT = ["-3", ".inf", "nan", "1.5", "true ", "a\nrm -rf /", "\x1b[2J", "\udcff", "9" * 400 + "d", "4000", ""]

GOOD = [
    ("time", "90m", "#SBATCH --time=01:30:00"),
    ("mem", "4G", "#SBATCH --mem=4096M"),
    ("cpus", "3", "#SBATCH --cpus-per-task=3"),
    ("gpus", "2", "#SBATCH --gres=gpu:2"),
    ("partition", "long one", "#SBATCH --partition='long one'"),
    ("account", "a", "#SBATCH --account=a"),
    ("qos", "high", "#SBATCH --qos=high"),
    ("throttle", "7", "#SBATCH --array=0-8%7"),
    ("setup", "module load x", "module load x"),
    ("retries", "5", "--retries=5"),
    ("max_crashes", "7", "--max-crashes=7"),
    ("rounds", "6", "--rounds=6"),
]


@pytest.fixture
def dry_run(tmp_path, monkeypatch, capsys):
    """Return what a dry run in an empty folder ends with: its exit code, what it puts out, and what it complains of."""
    for name in ("here", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here" / "work.py").write_text(JUGFILE)

    def run(*options):
        with pytest.raises(SystemExit) as end:
            main(["submit", "work.py", "--dry-run", "--array", "9", *options])
        return end.value.code, *capsys.readouterr()

    return run


def say(name, text, layer, monkeypatch):
    """Say a setting in a layer; return the options that do so."""
    if layer == "environment":
        monkeypatch.setenv(f"JUGHPC_{name.upper()}", text)
    if layer == "yaml":
        with open("jughpc.yaml", "w") as file:
            file.write(f"{name}: {json.dumps(text)}\n")
    return [f"{named()[name].option}={text}"] if layer == "cli" else []


@pytest.mark.parametrize("layer", ["cli", "environment", "yaml"])
@pytest.mark.parametrize(("name", "text", "line"), GOOD)
def test_a_setting_reaches_the_script_from_each_layer(dry_run, monkeypatch, name, text, line, layer):
    code, out, _ = dry_run("--scheduler", "slurm", *say(name, text, layer, monkeypatch))
    assert (code, line in out) == (0, True)


@pytest.mark.parametrize("text", SPOILT)
@pytest.mark.parametrize(("name", "layer"), PLACES)
def test_nothing_that_the_declaration_forbids_reaches_a_script(dry_run, monkeypatch, name, text, layer):
    options = say(name, text, layer, monkeypatch)
    code, out, err = dry_run("--scheduler", "local", *options)
    if code == 0:
        named()[name].kind.read(text)  # allows it
        assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff]", out)
    else:
        assert (code, out) == (2, "")
        assert err.startswith("jughpc: ")
        assert "Traceback" not in err


def test_the_same_is_said_of_an_option_and_of_a_file(dry_run, monkeypatch):
    told = [dry_run(*say("cpus", "-3", layer, monkeypatch))[2] for layer in ("cli", "yaml")]
    assert told[0] == "jughpc: command line: --cpus: -3 is less than 1; write a whole number, 1 or more.\n"
    assert told[1].endswith("/here/jughpc.yaml: cpus: -3 is less than 1; write a whole number, 1 or more.\n")


def test_several_mistakes_on_a_command_line_are_told_at_once(dry_run):
    code, _, err = dry_run("--cpus", "0", "--time", "90", "--mem", "lots", "--queue", "")
    assert code == 2
    assert err.splitlines()[0] == "jughpc: 4 settings are wrong:"
    assert [line.split(": ")[1] for line in err.splitlines()[1:]] == ["--cpus", "--time", "--mem", "--partition"]


def test_an_option_goes_before_all_settings_even_to_switch_off(dry_run, monkeypatch):
    monkeypatch.setenv("JUGHPC_GPUS", "4")
    code, out, _ = dry_run("--scheduler", "slurm", "--gpus", "0")
    assert (code, "--gres" in out) == (0, False)


@pytest.mark.parametrize("name", ["a\nb", "\udcff", ""])
def test_a_name_of_jobs_is_held_to_what_a_script_can_carry(dry_run, name):
    code, out, err = dry_run("--name", name)
    assert (code, out, "'--name'" in err) == (2, "", True)
