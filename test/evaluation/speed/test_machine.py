"""Machines are told apart by what makes them fast."""

import os

from rednet_ros.evaluation.speed.machine import this_machine

X86 = """processor\t: 0
cpu family\t: 23
model\t\t: 1
model name\t: AMD EPYC
flags\t\t: fpu avx2 avx512f avx512_vnni avx512_bf16 amx_tile
"""
ARM = """processor\t: 0
Features\t: fp asimd asimddp

Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""


def test_a_processor_has_its_generation_and_what_it_can_do(tmp_path):
    (tmp_path / "cpuinfo").write_text(X86)
    machine = this_machine(tmp_path / "cpuinfo")
    assert machine["processor"] == "AMD EPYC (family 23, model 1)"
    assert machine["features"] == ["AVX2", "AVX-512", "VNNI", "bf16", "AMX"]
    assert machine["cores"] == len(os.sched_getaffinity(0))


def test_an_arm_board_has_a_name(tmp_path):
    (tmp_path / "cpuinfo").write_text(ARM)
    machine = this_machine(tmp_path / "cpuinfo")
    assert (machine["processor"], machine["features"]) == ("Raspberry Pi 5 Model B Rev 1.0", ["NEON", "dot product"])


def test_a_machine_without_cpuinfo_has_a_name(tmp_path):
    assert this_machine(tmp_path / "absent")["processor"]
