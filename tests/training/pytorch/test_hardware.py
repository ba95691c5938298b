"""Where training runs, and in which precision."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from exmachina.errors import InputError
from exmachina.training.pytorch.hardware import choose_device, choose_precision, has_bf16

CPU = torch.device("cpu")


def test_device_is_cuda_if_there_and_else_the_cpu() -> None:
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["", "gpu", "cuda:99", "meta", "tpu", "cpu\nx"])
def test_device_that_is_not_there_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError, match="say cpu") as caught:
        choose_device(name)
    assert "\n" not in str(caught.value)


def test_auto_takes_bf16_only_where_the_hardware_has_it() -> None:
    assert choose_precision("auto", CPU) == ("bf16" if has_bf16(CPU) else "fp32")
    assert choose_precision("fp32", CPU) == "fp32"
    assert choose_precision("bf16", CPU) == "bf16"


def test_version_of_pytorch_that_cannot_tell_gets_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    for feature in ("avx512_bf16", "amx_tile"):
        monkeypatch.delattr(torch.cpu, f"_is_{feature}_supported", raising=False)
    assert not has_bf16(CPU)


FREED_AND_TAKEN = """
import resource, torch
from exmachina.training.pytorch.hardware import keep_freed_memory
keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(30):
    parts = [torch.zeros(2_500_000) for _ in range(6)]
    del parts
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks something of glibc")
def test_freed_memory_is_kept_for_the_next_step() -> None:
    done = subprocess.run([sys.executable, "-c", FREED_AND_TAKEN], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3 * 6 * 2_500_000 * 4  # each page is handed out once or twice, not at each of 30 turns
