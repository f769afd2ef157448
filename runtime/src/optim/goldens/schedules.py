"""Writes schedules.txt: the rates of 25 steps of some of PyTorch's schedules.

    pip install torch numpy && python schedules.py        (these were written by PyTorch 2.15)
"""

from pathlib import Path

import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

STEPS = 25


def warm_up_cosine(opt):
    rise = LinearLR(opt, start_factor=1 / 5, total_iters=4)
    return SequentialLR(opt, [rise, CosineAnnealingLR(opt, 20, 0.001)], milestones=[5])


SCHEDULES = dict(
    constant=lambda opt: LambdaLR(opt, lambda _: 1.0),
    step=lambda opt: StepLR(opt, 7, 0.3),
    cosine=lambda opt: CosineAnnealingLR(opt, 24, 0.01),
    one_cycle=lambda opt: OneCycleLR(opt, 0.1, total_steps=30),
    warm_up_cosine=warm_up_cosine,
)


def rates(schedule):
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = schedule(opt)
    for step in range(STEPS):
        yield repr(scheduler.get_last_lr()[0])
        opt.step()
        scheduler.step()


lines = [" ".join([name, *rates(schedule)]) for name, schedule in SCHEDULES.items()]
Path(__file__).with_name("schedules.txt").write_text("\n".join(lines) + "\n")
