"""Raw options that would undo ours, in every spelling that the submit commands take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.batch import pbs_options, slurm_options
from jughpc.batch.local.scheduler import Local
from jughpc.batch.pbs import Pbs
from jughpc.batch.slurm import Slurm
from jughpc.errors import SettingError

ALONE = {name for grammar in (slurm_options.OPTIONS, pbs_options.OPTIONS) for name in grammar.alone}
_SBATCH = """
    --account --acctg-freq --array --bb --bbf --begin --chdir --cluster-constraint --clusters --comment --constraint
    --container --contiguous --core-spec --cores-per-socket --cpu-freq --cpus-per-gpu --cpus-per-task --deadline
    --delay-boot --dependency --distribution --error --exclude --exclusive --export --export-file --extra-node-info
    --get-user-env --gid --gpu-bind --gpu-freq --gpus --gpus-per-node --gpus-per-socket --gpus-per-task --gres
    --gres-flags --help --hint --hold --ignore-pbs --input --job-name --kill-on-invalid-dep --licenses --mail-type
    --mail-user --mcs-label --mem --mem-bind --mem-per-cpu --mem-per-gpu --mincpus --network --nice --no-kill
    --no-requeue --nodefile --nodelist --nodes --ntasks --ntasks-per-core --ntasks-per-gpu --ntasks-per-node
    --ntasks-per-socket --open-mode --output --overcommit --oversubscribe --parsable --partition --power --prefer
    --priority --profile --propagate --qos --quiet --reboot --requeue --reservation --signal --sockets-per-node
    --spread-job --switches --test-only --thread-spec --threads-per-core --time --time-min --tmp --uid --usage
    --use-min-nodes --verbose --version --wait --wait-all-nodes --wckey --wrap
"""
SBATCH = _SBATCH.split()
"""sbatch(1) of 22.05."""

OURS = {name for own in slurm_options.OPTIONS.own for name in own.names}


def spelt(name: str, known: list[str]) -> Iterator[list[str]]:
    """Yield every way to give the option `name` a value."""
    if not name.startswith("--"):
        yield from ([name, "x"], [f"{name}x"])
        return
    for end in range(len(name), 2, -1):
        short = name[:end]
        if short != name and (short in known or sum(other.startswith(short) for other in known) != 1):
            continue  # it means another option, or none for certain
        yield from ([f"{short}=x"], [short, "x"], [short])


def cases() -> Iterator[tuple[Slurm | Pbs, list[str]]]:
    for own in slurm_options.OPTIONS.own:
        for name in own.names:
            yield from ((Slurm(), words) for words in spelt(name, SBATCH))
    for own in pbs_options.OPTIONS.own:
        for name in own.names:
            yield from ((Pbs(), words) for words in spelt(name, [name]))
    for attribute in pbs_options._ATTRIBUTES:
        for text in (f"{attribute}=x", f"group_list=a,{attribute}=x", f"{attribute} = x"):
            yield from ((Pbs(), ["-W", text]), (Pbs(), [f"-W{text}"]), (Pbs(), [f"-hW{text}"]))
    for resource in pbs_options._RESOURCES:
        for text in (f"{resource}=x", f"software=a,{resource}=x"):
            yield from ((Pbs(), ["-l", text]), (Pbs(), [f"-l{text}"]))


@pytest.mark.parametrize(
    ("system", "words"), list(cases()), ids=lambda case: getattr(case, "name", None) or " ".join(case)
)
@pytest.mark.parametrize("before", [[], ["--constraint=a"], ["-H"]], ids=["alone", "second", "behind a letter"])
def test_an_option_of_ours_is_refused_in_every_spelling_with_what_to_do_instead(system, words, before):
    if system.name == "pbs" and before:
        before = ["-h"] if before == ["-H"] else ["-v", "A=1"]
    with pytest.raises(SettingError, match=r"behind -- (would undo what jughpc says itself\. \w|is no option)"):
        system.refuse([*before, *words], {})


@pytest.mark.parametrize("letters", ["Hd5", "vHJname", "sHo", "HW"])
def test_letters_that_stand_together_hide_nothing(letters):
    with pytest.raises(SettingError):
        Slurm().refuse([f"-{letters}"], {})


@pytest.mark.parametrize("name", sorted(set(SBATCH) - OURS))
def test_an_option_that_is_not_ours_is_taken(name):
    Slurm().refuse([name] if name in ALONE else [f"{name}=x"], {})
    Slurm().refuse([name] if name in ALONE else [name, "x"], {})


@pytest.mark.parametrize(
    "words",
    [["-P", "x"], ["-q", "long"], ["-v", "A=1,depend=2"], ["-l", "software=a"], ["-W", "group_list=x"], ["-p", "-5"]],
)
def test_an_option_of_qsubs_that_is_not_ours_is_taken(words):
    Pbs().refuse(words, {})


@given(
    value=st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1).filter(lambda text: text[0] != "-")
)
def test_a_value_is_no_option_whatever_it_says(value):
    Slurm().refuse(["--comment", value, "-C", value, f"--comment={value}"], {})


@pytest.mark.parametrize("system", [Slurm(), Pbs()], ids=["slurm", "pbs"])
@pytest.mark.parametrize("words", [["mine.sh"], ["-h", "mine.sh"], ["-v", "A=1", "mine.sh"], ["--"], ["-", "x"]])
def test_a_script_of_the_users_is_refused(system, words):
    with pytest.raises(SettingError):
        system.refuse(words, {})


@pytest.mark.parametrize("variable", [name for own in slurm_options.OPTIONS.own for name in own.variables])
def test_a_variable_that_says_the_same_is_refused_with_how_to_be_rid_of_it(variable):
    with pytest.raises(SettingError, match=rf"{variable} is set.*unset {variable}"):
        Slurm().refuse([], {variable: "x"})


def test_a_variable_that_is_cleared_or_heeded_does_no_harm():
    Slurm().refuse([], {"SBATCH_MEM_PER_NODE": "4G", "SBATCH_PARTITION": "long", "SLURM_JOB_NAME": "outer"})


@pytest.mark.parametrize(
    ("system", "extra", "environ", "chosen"),
    [
        (Slurm(), [], {"SBATCH_PARTITION": "long"}, {"partition": "long (SBATCH_PARTITION)"}),
        (Slurm(), [], {"SBATCH_RESERVATION": "course"}, {"reservation": "course (SBATCH_RESERVATION)"}),
        (Slurm(), [], {"SBATCH_CLUSTERS": "c2"}, {"clusters": "c2 (SBATCH_CLUSTERS)"}),
        (Slurm(), ["-pdebug"], {"SBATCH_PARTITION": "long"}, {"partition": "debug (behind --)"}),
        (Slurm(), ["--part=debug", "--mem", "4G"], {}, {"partition": "debug (behind --)", "memory": "4G (behind --)"}),
        (Pbs(), ["-q", "long", "-P", "x"], {}, {"partition": "long (behind --)", "project": "x (behind --)"}),
        (Local(), [], {"SBATCH_PARTITION": "long"}, {}),
    ],
)
def test_what_else_chooses_a_resource_is_told(system, extra, environ, chosen):
    assert system.chosen(extra, environ) == chosen


def test_this_machine_takes_no_raw_options():
    with pytest.raises(SettingError, match="no options of its own"):
        Local().refuse(["--x"], {})
