"""invalidate, cleanup of results, count, graph, pack and failures, as users see them."""

from __future__ import annotations

import json
import os
import shlex
import shutil


def results(shell, stem="three"):
    return {path.name for path in shell.cwd.glob(f"{stem}.jugdata/shards/*/*")}


def short(shell, *argv):
    return shell("status", *argv, "--short").stdout.strip()


def test_invalidate_removes_the_chosen_results_and_all_that_depends_on_them(three):
    three("execute", "three.py")
    done = three("invalidate", "three.py", "--name", "double")
    assert done.returncode == 0
    assert done.stdout.splitlines()[2:4] == ["           1  three.add", "           2  three.double"]
    assert short(three, "three.py") == "3 tasks waiting to be run, 0 failed, 0 complete, (none active)."


def test_invalidate_leaves_what_the_chosen_tasks_need(three):
    three("execute", "three.py")
    done = three("invalidate", "three.py", "--pattern", "/a.d$/", "--short")
    assert done.stdout == "Invalidated:  1 tasks\n** Total: 1 tasks.\n"
    assert short(three, "three.py") == "1 tasks waiting to be run, 0 failed, 2 complete, (none active)."


def test_invalidated_tasks_are_run_again_even_where_the_shard_was_known_to_be_done(three):
    three("execute", "three.py")
    three("invalidate", "three.py", "--name", "add")
    assert "Executed:  1 tasks" in three("execute", "three.py", "--short").stdout


def test_invalidate_says_when_nothing_was_there(three):
    assert three("invalidate", "three.py", "--name", "add").stdout == "Tasks invalidated, but no results removed\n"
    assert three.names() == {"three.py"}


def test_invalidate_wants_a_choice_and_only_one(three):
    for argv in ((), ("--name", "a", "--pattern", "b"), ("--pattern", ""), ("--pattern", "/(/")):
        done = three("invalidate", "three.py", *argv)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_cleanup_removes_the_results_of_tasks_that_are_gone_from_the_jugfile(three):
    three("execute", "three.py")
    jugfile = three.cwd / "three.py"
    jugfile.write_text(jugfile.read_text().replace("double(2)", "double(3)"))
    done = three("cleanup", "three.py")
    assert done.stdout.startswith("Removed 2 objects\nRemoved 0 locks\n")
    assert len(results(three)) == 1


def test_cleanup_leaves_what_jughpc_did_not_write(three):
    three("execute", "three.py", "--jugdir", "out")
    (three.cwd / "out" / "notes.txt").write_text("mine")
    (three.cwd / "out" / "shards" / "0" / "data.npy").write_text("mine")
    three("cleanup", "three.py", "--jugdir", "out")
    assert (three.cwd / "out" / "notes.txt").read_text() == "mine"
    assert (three.cwd / "out" / "shards" / "0" / "data.npy").read_text() == "mine"


def test_cleanup_says_what_leftovers_it_removed(three):
    three("execute", "three.py")
    three.write("three.py", (three.cwd / "three.py").read_text() + "\n")
    three("execute", "three.py")
    (three.cwd / "three.jugdata" / "shards" / "0" / "hand-node1-42-0badcafe-00c0ffee-1.tmp").touch()
    (three.cwd / "three.jugdata" / "shards" / "0" / f"{'0' * 32}.corrupt").touch()
    done = three("cleanup", "three.py")
    assert done.stdout.splitlines()[-1] == (
        "Removed leftovers: 1 files that dead workers were writing, 1 damaged files set aside, "
        "1 manifests of former jugfiles, 2 records of workers that ended"
    )
    assert three("cleanup", "three.py", "--keep-locks").stdout.count("Removed leftovers: 1 records") == 1


def test_cleanup_takes_back_marks_that_promise_what_was_removed_by_hand(three):
    three("execute", "three.py")
    for name in results(three):
        (three.cwd / "three.jugdata" / "shards" / "0" / name).unlink()
    assert "1 marks that were not true" in three("cleanup", "three.py").stdout
    assert three("check", "three.py").returncode == 1


def test_cleanup_refuses_behind_an_unmet_barrier(barrier):
    barrier("execute", "barrier.py")
    barrier("invalidate", "barrier.py", "--name", "double")
    barrier.write("barrier.py", (barrier.cwd / "barrier.py").read_text())
    there = results(barrier, "barrier")
    done = barrier("cleanup", "barrier.py")
    assert (done.returncode, "ended at a barrier" in done.stderr) == (2, True)
    assert results(barrier, "barrier") == there


def test_cleanup_refuses_a_jugfile_without_tasks(three):
    three("execute", "three.py")
    three.write("three.py", "x = 1\n")
    done = three("cleanup", "three.py")
    assert (done.returncode, "all results would be garbage" in done.stderr) == (2, True)
    assert len(results(three)) == 3


def test_keep_locks_and_failed_only_and_locks_only_exclude_each_other(three):
    assert three("cleanup", "three.py", "--keep-locks", "--locks-only").returncode == 2
    three("execute", "three.py")
    assert three("cleanup", "three.py", "--keep-locks").stdout.startswith("Removed 0 objects\n")


def test_failed_only_makes_failed_tasks_ready_again(failing):
    failing("execute", "failing.py", "--keep-going")
    assert failing("cleanup", "failing.py", "--failed-only").stdout == "Removed 1 failure locks\n"
    assert short(failing, "failing.py") == "2 tasks waiting to be run, 0 failed, 1 complete, (none active)."


def test_count_shows_the_tasks_by_name(three):
    assert three("count", "three.py").stdout.splitlines()[2:] == [
        "           1  three.add", "           2  three.double", "." * 80, "           3  Total", ""
    ]  # fmt: skip
    assert three("count", "three.py", "--short").stdout == "Count:  3 tasks\n** Total: 3 tasks.\n"


def test_graph_writes_who_needs_whom_and_how_many_are_done(three):
    three("execute", "three.py")
    done = three("graph", "three.py", "--file-format", "dot")
    assert (done.returncode, done.stdout) == (0, "wrote three.dot\n")
    text = (three.cwd / "three.dot").read_text()
    assert '  "three.double" -> "three.add";' in text
    assert 'label="three.double\\n0F 0W 0R 2C 0A"' in text
    three("graph", "three.py", "--file-format", "dot", "--no-status")
    assert 'label="three.double"' in (three.cwd / "three.dot").read_text()


def test_graph_draws_with_the_dot_on_path_and_fails_without(three):
    without = three("graph", "three.py", PATH="/nosuch")
    assert (without.returncode, "`dot` is not on PATH" in without.stderr) == (1, True)
    three.write("dot", '#!/bin/sh\necho "$@" > drawn\ntouch three.svg\n').chmod(0o755)
    path = f"{three.cwd}:{three.environ['PATH']}"
    assert three("graph", "three.py", "--file-format", "svg", PATH=path).returncode == 0
    assert (three.cwd / "drawn").read_text() == f"-Tsvg -o {three.cwd}/three.svg {three.cwd}/three.dot\n"
    three.write("dot", "#!/bin/sh\necho 'bad format' >&2\nexit 1\n")
    refused = three("graph", "three.py", PATH=path)
    assert (refused.returncode, "bad format" in refused.stderr) == (2, True)


def test_pack_merges_results_into_one_file_that_holds_them_all(three):
    three("execute", "three.py")
    assert len(results(three)) > 1
    assert three("pack", "three.py").stdout == "Packed 3 objects\n"
    assert len(results(three)) == 1
    assert "Loaded:  3 tasks" in three("execute", "three.py", "--short").stdout


def test_packed_results_can_be_invalidated_one_by_one(three):
    three("execute", "three.py")
    three("pack", "three.py")
    three("invalidate", "three.py", "--name", "add")
    assert short(three, "three.py") == "1 tasks waiting to be run, 0 failed, 2 complete, (none active)."


def test_failures_tell_what_went_wrong_where_and_how_often(failing):
    failing("execute", "failing.py", "--keep-going", "--retries", "2")
    done = failing("failures", "failing.py")
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stdout
    assert 'failing.py", line 6, in invert' in done.stdout
    assert "(by hand) at 2" in done.stdout
    assert "tries 3" in done.stdout
    assert "jughpc failures failing.py --debug" in done.stdout
    (row,) = json.loads(failing("failures", "failing.py", "--json").stdout)
    assert (row["name"], row["tries"], row["kind"], row["log"]) == ("failing.invert", 3, 0, None)
    assert (row["place"]["line"], row["place"]["function"]) == (6, "invert")


def test_no_failures_are_no_output_and_exit_code_0(three):
    three("execute", "three.py")
    done = three("failures", "three.py")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_task_is_debugged_here_by_who_types_or_by_what_is_typed_beforehand(failing):
    failing("execute", "failing.py", "--keep-going")
    done = failing("failures", "failing.py", "--debug", "invert(0)", typed="p x + 41\n")
    assert (done.returncode, "(Pdb) 41" in done.stdout, "ZeroDivisionError" in done.stderr) == (1, True, True)
    failing.write("failing.py", (failing.cwd / "failing.py").read_text().replace("1 / x", "x"))
    done = failing("failures", "failing.py", "--debug", "invert(0)")
    assert (done.returncode, done.stdout) == (0, "it succeeded; its result is stored\n")
    assert failing("failures", "failing.py").returncode == 0


def test_retry_failed_makes_them_ready_for_arrays_too(failing):
    failing("execute", "failing.py", "--keep-going")
    done = failing("failures", "failing.py", "--retry-failed")
    assert (done.returncode, "1 failed tasks are ready again" in done.stdout) == (0, True)
    assert short(failing, "failing.py") == "2 tasks waiting to be run, 0 failed, 1 complete, (none active)."


def test_a_check_says_what_a_purge_took_and_a_worker_computes_it_again(three):
    assert three("execute", "three.py").returncode == 0
    shutil.rmtree(three.cwd / "three.jugdata" / "shards")
    done = three("check", "--deep", "three.py")
    assert (done.returncode, "3 results are gone, in 1 shard" in done.stderr, done.stdout) == (1, True, "")
    assert "Executed:  3 tasks" in three("execute", "--short", "three.py").stdout
    assert three("check", "--deep", "three.py").returncode == 0


def test_a_reduce_that_needs_all_tasks_done_is_not_run_over_what_a_purge_took(three):
    three("execute", "three.py")
    shutil.rmtree(three.cwd / "three.jugdata" / "shards")
    three.write("reduce.py", "open('reduced', 'w').close()\n")
    done = three("reduce", "three.py", "--script", "reduce.py", "--if-done")
    assert (done.returncode, "was not run, for tasks are left" in done.stderr) == (3, True)
    assert not (three.cwd / "reduced").exists()


def test_a_jugdir_without_its_store_yaml_is_repaired_by_the_command_that_the_error_names(three):
    three("execute", "three.py")
    (three.cwd / "three.jugdata" / "store.yaml").unlink()
    failed = three("status", "three.py")
    assert (failed.returncode, "is half-deleted" in failed.stderr) == (2, True)
    command = shlex.split(failed.stderr.partition("again with: jughpc ")[2].partition(";")[0])
    done = three(*command)
    assert done.returncode == 0
    assert "store.yaml was made again: 1 shards" in done.stdout
    assert "3 of 3 tasks have results." in done.stdout
    assert three("check", "--deep", "three.py").returncode == 0
    assert "store.yaml was whole" in three(*command).stdout


def test_touch_makes_young_what_is_needed_and_says_how_much_it_was(three):
    three("execute", "three.py")
    path = three.cwd / "three.jugdata" / "store.yaml"
    os.utime(path, (0, 0))
    done = three("touch", "three.py")
    assert (done.returncode, "1 store.yaml, " in done.stdout) == (0, True)
    assert path.stat().st_mtime > 0


def test_explain_shows_why_a_task_is_as_it_is_and_what_is_next(failing):
    failing("execute", "failing.py", "--keep-going")
    done = failing("explain", "add", "failing.py")
    assert done.returncode == 0
    assert "blocked by a failure: 1 of what it needs are not done" in done.stdout
    assert "failing.invert(0)" in done.stdout
    assert "they are tried again after: jughpc failures failing.py --retry-failed" in done.stdout
    failed = failing("explain", "invert(0)", "failing.py").stdout
    assert "see: jughpc failures failing.py --task " in failed
    assert "jughpc logs" not in failed  # what it put out was by hand, and is kept nowhere
    told = json.loads(failing("explain", "invert(0)", "failing.py", "--json").stdout)["tasks"][0]
    assert (told["state"], told["failure"]["exception"]) == ("failed", "ZeroDivisionError: division by zero")
    assert failing("explain", "nosuch", "failing.py").returncode == 2
