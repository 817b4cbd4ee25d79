"""Options of submit that say what jobs ask for, wait for, and are run by."""

from __future__ import annotations

import re
import sys

import pytest

from jughpc.app.submit.more import More
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Accepted
from jughpc.cli.main import main
from jughpc.cli.output.submit import added

JUGFILE = "from jug import TaskGenerator\ndouble = TaskGenerator(abs)\none = double(1)\n"


@pytest.fixture
def dry_run(tmp_path, monkeypatch, capsys):
    """Return what a dry run ends with: its exit code, what it puts out, and what it complains of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work.py").write_text(JUGFILE)
    (tmp_path / "sum.py").write_text("")

    def run(*options, system="slurm"):
        with pytest.raises(SystemExit) as end:
            main(
                [
                    "submit",
                    "work.py",
                    "--dry-run",
                    "--array",
                    "9",
                    "--reduce",
                    "sum.py",
                    "--scheduler",
                    system,
                    *options,
                ]
            )
        return end.value.code, *capsys.readouterr()

    return run


def scripts(out: str) -> list[str]:
    """Return the scripts of array, collector and reduce."""
    return [part.partition("--- would run")[0] for part in out.split("\n--- /")[1:]]


def commands(out: str) -> list[str]:
    return [line for line in out.splitlines() if line.startswith("--- would run")]


def test_raw_options_and_jobs_to_wait_for_are_the_arrays(dry_run):
    code, out, _ = dry_run("--after", "41", "--after", "42", "--", "--constraint=ib")
    array, *followers = commands(out)
    assert code == 0
    assert "--dependency=afterok:41:42 --kill-on-invalid-dep=yes --constraint=ib" in array
    assert not any("constraint" in line or ":41" in line for line in followers)
    assert "extra      --constraint=ib (of the array only)" in out


@pytest.mark.parametrize("options", [["--", "--depend=afterok:1"], ["--", "-d", "singleton"], ["--after", "x"]])
def test_what_would_undo_the_chain_is_a_mistake(dry_run, options):
    code, _, err = dry_run(*options)
    assert (code, "--after" in err) == (2, True)


def test_a_variable_that_would_undo_ours_is_a_mistake(dry_run, monkeypatch):
    monkeypatch.setenv("SBATCH_OUTPUT", "x")
    code, _, err = dry_run()
    assert (code, "unset SBATCH_OUTPUT" in err) == (2, True)


def test_a_partition_that_a_variable_chooses_is_not_called_the_sites_default(dry_run, monkeypatch):
    monkeypatch.setenv("SBATCH_PARTITION", "long")
    monkeypatch.setenv("SBATCH_RESERVATION", "course")
    _, out, _ = dry_run()
    each, collector = (
        next(line for line in out.splitlines() if line.startswith(head)) for head in ("each", "collector")
    )
    for line in (each, collector):
        assert "partition long (SBATCH_PARTITION)" in line
        assert "reservation course (SBATCH_RESERVATION)" in line
        assert "partition" not in line.partition("default")[2]


def test_followers_ask_for_what_they_need(dry_run):
    _, out, _ = dry_run("--time", "12h", "--mem", "64G", "--cpus", "8", "--reduce-mem", "2G", "--reduce-time", "5m")
    array, collect, reduce = scripts(out)
    asked = [[word in text for word in ("=12:00:00", "=65536M", "-task=8")] for text in (array, collect, reduce)]
    assert asked == [[True] * 3, [False] * 3, [False, False, True]]
    assert all(word in collect for word in ("--time=00:30:00", "--mem=1024M", "--cpus-per-task=1"))
    assert all(word in reduce for word in ("--time=00:05:00", "--mem=2048M"))
    assert "collector  time 30m, memory 1G, cpus 1" in out
    assert "reduce     time 5m, memory 2G, cpus 8" in out


def test_no_memory_is_asked_for_where_the_elements_ask_for_none(dry_run):
    assert "--mem" not in dry_run()[1]


def test_a_time_in_which_no_task_could_run_is_a_mistake(dry_run):
    code, _, err = dry_run("--time", "8s")
    assert (code, "--time 8s is less than a worker needs" in err, "Ask for 45s or more" in err) == (2, True, True)
    assert dry_run("--time", "45s")[0] == 0


def test_pbs_is_asked_in_a_sites_own_way(dry_run):
    chosen = ("--select", "1:ncpus=4:mpiprocs=4", "--place", "excl", "--project", "cosmos")
    array, collect, reduce = commands(dry_run(*chosen, system="pbs")[1])
    for line in (array, reduce):
        assert "-l select=1:ncpus=4:mpiprocs=4 -l place=excl -P cosmos" in line
    assert "-l select=1:ncpus=1 -P cosmos" in collect


def test_pbs_is_asked_for_no_chunk_where_that_is_said(dry_run):
    assert "select" not in "".join(commands(dry_run("--no-write-select", "--cpus", "4", system="pbs")[1]))


@pytest.mark.parametrize("option", ["--select", "--place", "--project"])
def test_what_a_system_has_no_word_for_is_a_mistake(dry_run, option):
    code, _, err = dry_run(option, "x")
    assert (code, "Slurm has no" in err) == (2, True)


def test_the_interpreter_of_all_jobs_is_chosen_and_checked(dry_run):
    _, out, _ = dry_run("--python", "python")
    assert all("\nexec python -m jughpc" in text and "$(python -c " in text for text in scripts(out))
    _, out, _ = dry_run()
    assert all(f"\nexec {sys.executable} -m jughpc" in text and "find_spec" not in text for text in scripts(out))


def test_an_environment_that_setup_activates_and_nobody_uses_is_told(dry_run):
    line = "source /opt/other/bin/activate"
    assert "activates /opt/other, but" in dry_run("--setup", line)[1]
    assert "activates" not in dry_run("--setup", line, "--python", "python")[1]


def test_hosts_are_kept_from_all_jobs(dry_run):
    _, out, _ = dry_run("--exclude", "n7", "--exclude", "n8")
    assert all("--exclude=n7,n8" in line for line in commands(out))
    assert all(re.search("jughpc_exclude (0|300) n7 n8", text) for text in scripts(out))


def test_on_this_machine_nothing_is_left_to_a_site(dry_run):
    _, out, _ = dry_run("--reduce", "sum.py", system="local")
    assert "each       no time limit, cpus 1" in out
    assert "reduce     no time limit, cpus 1" in out
    assert "the site's default" not in out
    assert "each       time 2m, cpus 3\n" in dry_run("--time", "2m", "--cpus", "3", system="local")[1]
    assert "the site's default time, memory" in dry_run()[1]


@pytest.mark.parametrize(
    "option",
    ["", "--wait", "--again", "--array 5", "--reduce x.py", "--after 1", "--name x", "--rounds 3", "--exclude n7"],
)
def test_what_would_mean_nothing_to_further_elements_is_refused_beside_more(dry_run, option):
    code, _, err = dry_run("--more", "2", *option.split())
    assert (code, "--more adds elements to a submission" in err) == (2, True)
    assert all(word in err for word in (*option.split()[:1], "--dry-run") if word != "--")


def test_what_is_packed_is_an_interpreter_that_is_known_now(dry_run):
    code, _, said = dry_run("--stage", "--python", "python")
    assert code == 2
    assert "'python' is looked for on the node. Name its interpreter: --python /path/to" in said


@pytest.mark.parametrize(("time", "told"), [("2m", "5m"), ("8m", "8m"), ("12h", "30m")])
def test_the_collector_asks_for_no_more_time_than_short_elements_unless_it_is_told_how_much(dry_run, time, told):
    assert f"collector  time {told}, cpus 1" in dry_run("--time", time)[1]
    assert "collector  time 20m, cpus 1" in dry_run("--time", time, "--collect-time", "20m")[1]


def test_elements_that_are_jobs_of_their_own_are_told_by_their_number(dry_run, tmp_path):
    (tmp_path / "work.py").write_text(JUGFILE + "more = [double(n) for n in range(2, 10)]\n")
    code, out, _ = dry_run("--throttle", "2", system="flux")
    assert (code, len(commands(out))) == (0, 11)
    assert "array      9 elements, each a job of its own, at most 2 at once\n" in out


@pytest.mark.parametrize(
    ("count", "lines"), [(3, ["array      1", "array      2", "array      3"]), (64, ["array      1 to 64: 64 jobs"])]
)
def test_of_many_ids_the_first_and_the_last_are_shown(count, lines):
    jobs = [Accepted(Role.ARRAY, str(place), f"a-{place}", 1, place, "s") for place in range(1, count + 1)]
    told = list(added(More(1, [*jobs, Accepted(Role.COLLECT, "99", "a-99", 1, 0, "s")])))
    assert told[: len(lines) + 1] == [*lines, "collect    99"]
