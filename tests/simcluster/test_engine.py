"""What becomes of jobs in the simulated queue: each behaviour of a real system that the product must survive."""

from __future__ import annotations

import pytest

from jughpc.testing.cluster.model import End, Phase


def ends(rig, job=0):
    return [element.end.value if element.end else element.phase.value for element in rig.job(job).elements.values()]


def test_an_array_runs_as_many_elements_at_once_as_its_throttle_and_the_nodes_allow(slurm):
    slurm.run("sbatch --array=0-7%3 job.sh")
    slurm.run("sbatch --array=0-7 job.sh")
    slurm.wait(2)
    assert len(slurm.job().having(Phase.RUNNING)) == 3
    assert len(slurm.job(1).having(Phase.RUNNING)) == 1


def test_a_throttle_can_be_changed(slurm):
    slurm.run("sbatch --array=0-7%1 job.sh")
    slurm.run("scontrol update jobid=1 ArrayTaskThrottle=4")
    slurm.wait(2)
    assert len(slurm.job().having(Phase.RUNNING)) == 4


@pytest.mark.parametrize(
    ("condition", "code", "starts"),
    [
        ("afterany", 1, True),
        ("afterany", 0, True),
        ("afterok", 0, True),
        ("afterok", 1, False),
        ("afternotok", 1, True),
    ],
)
def test_a_dependency_holds_or_never_can(slurm, condition, code, starts):
    slurm.work = {0: (10, code)}
    slurm.run("sbatch job.sh")
    slurm.run(f"sbatch --dependency={condition}:1 job.sh")
    slurm.wait(5)
    assert not slurm.job(1).begun
    slurm.wait(20)
    assert (slurm.job(1).begun, slurm.job(1).never) == (starts, not starts)


def test_a_dependency_on_an_array_waits_for_all_of_it(slurm):
    slurm.work = {0: (10, 0), 1: (50, 0)}
    slurm.run("sbatch --array=0-1 job.sh")
    slurm.run("sbatch --dependency=afterany:1 job.sh")
    slurm.wait(40)
    assert not slurm.job(1).begun
    slurm.wait(20)
    assert slurm.job(1).begun


def test_a_dependency_on_an_unknown_job_holds_nothing_back_with_slurm(slurm):
    slurm.run("sbatch --dependency=afterok:99999 job.sh")
    slurm.wait(2)
    assert slurm.job().begun


@pytest.mark.parametrize("on", ["99999", "1[]", "1"])
def test_a_dependency_that_can_never_hold_ends_a_job_silently_with_pbs(pbs, on):
    pbs.work = {0: (1, 1)}
    pbs.run("qsub job.sh")
    pbs.wait(5)
    pbs.run(f"qsub -W depend=afterok:{on} job.sh")
    pbs.wait(2)
    assert (pbs.job(1).vanished, pbs.job(1).begun) == (True, False)


def test_what_depends_on_a_vanished_job_vanishes_too(pbs):
    pbs.run("qsub -W depend=afterok:99999 job.sh")
    pbs.run("qsub -W depend=afterok:1 job.sh")
    assert pbs.job(1).vanished


def test_a_dependency_can_be_tied_anew(slurm):
    slurm.work = {0: (1, 1)}
    slurm.run("sbatch job.sh")
    slurm.run("sbatch --dependency=afterok:1 job.sh")
    slurm.wait(5)
    slurm.run("scontrol update jobid=2 Dependency=afterany:1")
    slurm.wait(2)
    assert slurm.job(1).begun


def test_qalter_ties_a_dependency_anew(pbs):
    pbs.run("qsub job.sh")
    pbs.run("qsub -h job.sh")
    pbs.run("qsub -W depend=afterok:2.pbs01 job.sh")
    assert pbs.run("qalter -W depend=afterany:1.pbs01 3.pbs01").code == 0
    pbs.wait(150)
    assert pbs.job(2).begun


def test_what_begins_later_waits_until_then(slurm):
    slurm.run("sbatch --begin=now+1hour job.sh")
    slurm.wait(3590)
    assert not slurm.job().begun
    slurm.wait(20)
    assert slurm.job().begun


def test_a_held_job_waits_until_it_is_released(slurm):
    slurm.run("sbatch --hold job.sh")
    slurm.wait(100)
    assert not slurm.job().begun
    slurm.run("scontrol release 1")
    slurm.wait(2)
    assert slurm.job().begun


def test_an_owner_cannot_release_what_the_system_holds(pbs):
    pbs.run("qsub job.sh")
    pbs.engine.hold(pbs.job(), "s", "root")
    assert pbs.run("qrls 1.pbs01").code == 0
    pbs.wait(5)
    assert not pbs.job().begun


def test_the_time_limit_ends_an_element_late_and_gives_it_time_to_end(slurm):
    slurm.work, slurm.stubborn = {0: (1000, 0)}, True
    slurm.run("sbatch --time=1 job.sh")
    slurm.wait(62)
    assert ends(slurm) == ["running"]
    slurm.wait(62)
    assert ends(slurm) == ["TIMEOUT"]


def test_scancel_ends_at_once_what_waits_and_later_what_ignores_term(slurm):
    slurm.stubborn = True
    slurm.run("sbatch --array=0-5 job.sh")
    slurm.wait(2)
    slurm.run("scancel 1")
    assert ends(slurm)[4:] == ["CANCELLED", "CANCELLED"]
    slurm.wait(2)
    assert ends(slurm)[:4] == ["running"] * 4
    slurm.wait(30)
    assert ends(slurm)[:4] == ["CANCELLED"] * 4


def test_scancel_of_the_pending_leaves_what_runs(slurm):
    slurm.run("sbatch --array=0-5 job.sh")
    slurm.wait(2)
    slurm.run("scancel --state=PENDING 1")
    assert ends(slurm) == ["running"] * 4 + ["CANCELLED"] * 2


def test_what_ended_is_forgotten_after_its_time_and_its_number_used_again(slurm):
    slurm.limit(keep=60.0).work = {0: (1, 0)}
    slurm.run("sbatch --job-name=ours job.sh")
    slurm.wait(30)
    slurm.engine.restart_numbers()
    assert slurm.run("sbatch job.sh").stdout == "Submitted batch job 2\n"
    slurm.wait(120)
    slurm.engine.restart_numbers()
    assert slurm.run("sbatch --job-name=theirs job.sh").stdout == "Submitted batch job 1\n"
    assert "theirs" in slurm.run("squeue --me -h -t all -o %F|%j").stdout


def test_elements_of_slurm_are_forgotten_each_by_itself(slurm):
    slurm.limit(keep=60.0).work = {0: (1, 0), 1: (500, 0)}
    slurm.run("sbatch --array=0-1 job.sh")
    slurm.wait(100)
    assert slurm.run("squeue --me -h -r -t all -o %K").stdout == "1\n"


def test_a_preempted_element_goes_back_to_the_queue_and_runs_again(slurm):
    slurm.run("sbatch job.sh")
    slurm.wait(2)
    slurm.engine.put_back(slurm.job(), slurm.element(), End.PREEMPTED)
    assert ends(slurm) == ["waiting"]
    slurm.wait(300)
    assert (ends(slurm), slurm.element().runs) == (["COMPLETED"], 2)


def test_a_lost_node_is_noticed_late_and_its_elements_run_elsewhere(slurm):
    slurm.run("sbatch job.sh")
    slurm.wait(2)
    slurm.engine.lose_node(slurm.engine.nodes[0], 1e6)
    slurm.wait(200)
    assert ends(slurm) == ["running"]
    slurm.wait(400)
    assert (ends(slurm), slurm.element().node.name) == (["COMPLETED"], "node2")


def test_a_failed_launch_waits_for_its_release(slurm):
    slurm.run("sbatch job.sh")
    slurm.wait(2)
    slurm.engine.fail_launch(slurm.job(), slurm.element())
    slurm.wait(1000)
    assert ends(slurm) == ["waiting"]
    slurm.run("scontrol release 1")
    slurm.wait(200)
    assert ends(slurm) == ["COMPLETED"]


def test_a_process_out_of_memory_is_gone_at_once(slurm):
    slurm.run("sbatch job.sh")
    slurm.wait(2)
    slurm.engine.stop(slurm.job(), slurm.element(), End.OUT_OF_MEMORY)
    slurm.wait(200)
    assert ends(slurm) == ["OUT_OF_MEMORY"]


def test_limits_are_reached_and_freed(slurm):
    slurm.limit(user_jobs=4)
    assert slurm.run("sbatch --array=0-3 job.sh").code == 0
    assert slurm.run("sbatch job.sh").code == 1
    slurm.wait(110)
    assert slurm.run("sbatch job.sh").code == 0


def test_directives_are_read_and_the_command_line_wins(slurm):
    slurm.directives = "#SBATCH --job-name='from script' --array=0-3%2\n#SBATCH --time=10\n\necho\n#SBATCH --hold"
    slurm.run("sbatch --job-name=ours job.sh")
    ask = slurm.job().ask
    assert (ask.name, ask.indices, ask.throttle, ask.walltime, ask.held) == ("ours", (0, 1, 2, 3), 2, 600.0, False)


def test_pbs_directives_are_read_and_the_command_line_wins(pbs):
    pbs.directives = "#PBS -N script -J 0-3%2\n#PBS -l walltime=00:10:00 -W depend=afterok:99999"
    pbs.run("qsub -h job.sh")
    pbs.run("qsub -N ours -W depend=afterany:1[] job.sh")
    ask = pbs.job(1).ask
    assert (ask.name, ask.indices, ask.throttle, ask.walltime) == ("ours", (0, 1, 2, 3), 2, 600.0)
    assert [after.kind for after in ask.after] == ["afterany"]


def test_the_command_of_a_script_is_known(slurm):
    slurm.run("sbatch job.sh")
    assert slurm.job().ask.argv == ("python", "-m", "work")
