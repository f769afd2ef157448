"""Reads event files as TensorBoard does, and compares them with the log of the same run.

    python events.py FOLDER CSV            checks each scalar of each step, in float32

    pip install tensorboard                (it was written with tensorboard 2.21)

The test is in `tests/tests/callbacks.rs`.
"""

import csv
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

COLUMNS = {"loss/train": "loss", "loss/validation": "validation_loss", "lr": "lr", "grad_norm": "grad_norm"}


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def main(folder, log):
    events = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
    with open(log, newline="") as file:
        rows = list(csv.DictReader(file))
    tags = events.Tags()["scalars"]
    assert set(tags) == set(COLUMNS), tags
    count = 0
    for tag in tags:
        column = COLUMNS[tag]
        expected = [(int(row["step"]), float32(row[column])) for row in rows if row[column]]
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert found == expected, f"{tag}: {found} instead of {expected}"
        count += len(found)
    print(f"{len(tags)} tags of {len(rows)} steps, {count} values: the same")


main(*sys.argv[1:])
