"""What control groups of both versions allow is read right, and nothing is made up where they say nothing."""

from __future__ import annotations

import pytest

from jughpc import cgroup
from jughpc.cgroup import Memory


@pytest.fixture
def folder(tmp_path):
    """Return what makes a group's folder of files with these texts."""

    def make(files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.cfs_quota_us": "400000\n", "cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_cores_at_a_time(folder, files, cores):
    assert cgroup._quota(folder(files)) == cores


OF_V2 = {
    "memory.max": "1000\n",
    "memory.current": "900\n",
    "memory.stat": "anon 5\ninactive_file 100\nactive_file 50\n",
}
OF_V1 = {
    "memory.limit_in_bytes": "1000\n",
    "memory.usage_in_bytes": "900\n",
    "memory.stat": "inactive_file 1\nactive_file 1\ntotal_inactive_file 100\ntotal_active_file 50\n",
}


@pytest.mark.parametrize("files", [OF_V2, OF_V1], ids=["v2", "v1"])
def test_what_the_kernel_can_take_back_from_its_files_is_not_in_use(folder, files):
    assert cgroup._memory(folder(files)) == Memory(limit=1000, used=750)


@pytest.mark.parametrize(
    "files", [{}, {**OF_V2, "memory.max": "max\n"}, {**OF_V1, "memory.limit_in_bytes": f"{0x7FFFFFFFFFFFF000}\n"}]
)
def test_no_limit_is_none(folder, files):
    assert cgroup._memory(folder(files)) is None


def test_this_process_is_in_groups_that_can_be_read_or_are_not_there():
    assert cgroup.cores() is None or cgroup.cores() > 0
    assert cgroup.memory() is None or cgroup.memory().limit > 0
