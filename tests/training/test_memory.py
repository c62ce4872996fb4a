import os
import platform
import subprocess
import sys

import pytest

from kgrec.training import memory

MEASURE = """
import resource, sys, torch
from contextlib import nullcontext
from kgrec.training.memory import freed_memory_kept

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

torch.set_num_threads(1)
x, pins = torch.ones(1_500_000), []
with freed_memory_kept() if sys.argv[1] == "kept" else nullcontext(None) as kept:
    x * 2
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        [x * 2, x * 3]
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    many = [x * 2 for _ in range(50)]
    pins.append(bytearray(10_000))
    del many
print(faults, kept, resident())
"""
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is of glibc")


def measured(how: str, **environment: str) -> tuple[int, str, float]:
    command = [sys.executable, "-c", MEASURE, how]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=own | environment)
    faults, kept, resident = done.stdout.split()
    return int(faults), kept, float(resident)


@glibc
def test_freed_memory_is_not_faulted_in_again_and_given_back_at_the_end() -> None:
    faults, kept, resident = measured("kept")
    plain_faults, _, plain_resident = measured("as it comes")
    assert kept == "True"
    assert faults < plain_faults / 10
    # 50 tensors of 5.7 MiB were freed inside; the end gives them back.
    assert resident < plain_resident + 60


@glibc
def test_what_the_user_asked_of_malloc_holds() -> None:
    assert measured("kept", MALLOC_TRIM_THRESHOLD_="131072")[1] == "False"


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    with memory.freed_memory_kept() as kept:
        assert not kept
