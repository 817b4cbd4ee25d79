"""What an element got is shared out among its workers: all of it, to each as much as to any other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.worker.placement import OWN_THREADS, THREADS, Got, got, limit_threads, shares, workers_for

CORES = tuple(range(8))


@given(st.integers(1, 64), st.integers(1, 64))
def test_every_core_has_its_worker_and_no_worker_has_two_more_than_another(cores, workers):
    parts = [share.cores for share in shares(Got(tuple(range(cores)), cores), workers)]
    assert {core for part in parts for core in part} == set(range(cores))
    assert max(map(len, parts)) - min(map(len, parts)) <= (1 if workers < cores else 0)
    assert min(map(len, parts)) >= 1
    if workers <= cores:
        assert sum(map(len, parts)) == cores


def test_neighbours_stay_with_one_worker():
    assert [share.cores for share in shares(Got((0, 4, 1, 5), 4), 2)] == [(0, 4), (1, 5)]


def test_nobody_is_bound_to_cores_where_others_may_run_on_the_same():
    assert [share.cores for share in shares(Got(CORES, 4), 4)] == [()] * 4


@pytest.mark.parametrize(("cores", "workers", "threads"), [(8, 2, 4), (8, 3, 2), (8, 8, 1), (2, 8, 1)])
def test_libraries_start_as_many_threads_as_a_worker_has_cores(cores, workers, threads):
    assert {share.threads for share in shares(Got(CORES[:cores], cores), workers)} == {threads}


@pytest.mark.parametrize(
    ("quota", "told", "count"),
    [(None, "", 8), (3.5, "", 3), (0.5, "", 1), (None, "4", 4), (2.0, "4", 2), (None, "x", 8)],
)
def test_an_element_has_no_more_cores_than_scheduler_and_control_group_allow(quota, told, count):
    assert got(CORES, quota, {OWN_THREADS: told}).count == count


@given(st.integers(1, 16), st.integers(1, 40))
def test_every_gpu_has_its_worker_and_every_worker_a_gpu(gpus, workers):
    names = tuple(f"MIG-{number}" for number in range(gpus))
    parts = [
        share.environ["CUDA_VISIBLE_DEVICES"].split(",")
        for share in shares(Got(CORES, 8, {"CUDA_VISIBLE_DEVICES": names}), workers)
    ]
    assert {name for part in parts for name in part} == set(names)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    if workers <= gpus:
        assert sum(map(len, parts)) == gpus


@pytest.mark.parametrize("variable", ["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"])
def test_gpus_are_found_by_the_variables_of_each_maker(variable):
    found = got(CORES, None, {variable: "2,5,7"})
    assert workers_for(found) == 3
    assert [share.environ for share in shares(found, 3)] == [{variable: name} for name in "257"]


@pytest.mark.parametrize("nothing", ["", "-1", "NoDevFiles"])
def test_no_gpu_is_no_worker_less(nothing):
    assert workers_for(got(CORES, None, {"CUDA_VISIBLE_DEVICES": nothing})) == 8


def test_names_that_count_what_another_variable_leaves_begin_at_0_in_each_worker():
    found = got(CORES, None, {"ROCR_VISIBLE_DEVICES": "4,5,6,7", "HIP_VISIBLE_DEVICES": "0,1,2,3"})
    told = {"ROCR_VISIBLE_DEVICES": "6,7", "HIP_VISIBLE_DEVICES": "0,1"}
    assert shares(found, 2)[1].environ == told


@pytest.mark.parametrize("behind", ["0,1", "4,5"])
def test_a_gpu_of_nvidias_is_of_one_worker_though_the_variables_of_all_makers_are_set(behind):
    environ = {"CUDA_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": behind, "GPU_DEVICE_ORDINAL": "0,1"}
    parts = shares(got(CORES, None, environ, is_nvidia=True), 2)
    assert [share.environ["CUDA_VISIBLE_DEVICES"] for share in parts] == ["0", "1"]


@pytest.mark.parametrize("text", ["2,5", "2,5,", " 2, 5", "2,5,2", "2,5,-1,7", "2,5,,7", "2,5,NoDevFiles"])
def test_what_is_no_gpu_goes_to_no_worker(text):
    found = got(CORES, None, {"CUDA_VISIBLE_DEVICES": text})
    assert [share.environ["CUDA_VISIBLE_DEVICES"] for share in shares(found, workers_for(found))] == ["2", "5"]


def test_what_the_user_set_stays_and_what_a_script_of_ours_set_does_not():
    environ = {"OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "3", OWN_THREADS: "8"}
    limit_threads(2, environ)
    assert environ == dict.fromkeys(THREADS, "2") | {"MKL_NUM_THREADS": "3", OWN_THREADS: "2"}
    limit_threads(1, environ)
    assert (environ["OMP_NUM_THREADS"], environ["MKL_NUM_THREADS"]) == ("1", "3")


def test_a_worker_takes_its_share_of_cores_and_gpus():
    core = max(os.sched_getaffinity(0))
    code = (
        "import os; from jughpc.worker.placement import Share; "
        f"Share(({core},), 1, {{'CUDA_VISIBLE_DEVICES': '3'}}).take(); "
        "print(os.sched_getaffinity(0), os.environ['CUDA_VISIBLE_DEVICES'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == f"{{{core}}} 3\n"
