"""Writes files/: arrays in the formats that `remat::data` reads, with NumPy and Python's own modules.

    pip install numpy && python files.py        (these were written by NumPy 2.4)

An array of 2 x 3 holds the numbers of `numbers`, of which `tests/tests/files.rs` knows the same.
"""

import csv
import gzip
import io
import os
import struct

import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
TYPES = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]
IDX = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def path(name):
    return os.path.join(FOLDER, name)


def numbers(kind):
    """Of those that a type has: fractions, negative ones, none of either."""
    plain = np.arange(6).reshape(2, 3) * 37
    match kind[0]:
        case "b":
            return plain % 2 == 1
        case "u":
            return plain.astype(kind)
        case "i":
            return (plain - 100).astype(kind)
    return ((plain - 100) / 8).astype(kind)


def npy(name, array, version):
    with open(path(name), "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def idx(array, kind):
    head = struct.pack(">HBB", 0, IDX[kind], array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(">" + kind).tobytes()


class Stream(io.RawIOBase):
    """A file that can't be gone back in: the sizes in an archive stand behind its members."""

    def __init__(self, file):
        self.file = file

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    # An .npz with every type in both orders of bytes, and shapes of all sorts.
    arrays = {"bool": numbers("b1")}
    for kind in TYPES:
        arrays[kind] = numbers(kind)
        arrays[kind + "_swapped"] = numbers(kind).astype(numbers(kind).dtype.newbyteorder(">"))
    arrays["fortran"] = np.asfortranarray(numbers("f4"))
    arrays["transposed"] = numbers("f4").T
    arrays["strided"] = np.repeat(numbers("f4"), 2, axis=1)[:, ::2]
    arrays["scalar"] = np.float32(2.5)
    arrays["empty"] = np.zeros((0, 3), "f4")
    arrays["axes"] = np.arange(24, dtype="f4").reshape(1, 2, 3, 4)
    # Of those that are not read.
    arrays["half"] = numbers("f2")
    arrays["complex"] = numbers("c8")
    arrays["text"] = np.array(["one", "two"])
    arrays["records"] = np.array([(1, 2.5)], [("a", "i4"), ("b", "f4")])
    np.savez(path("arrays.npz"), **arrays)
    np.savez_compressed(path("packed.npz"), x=np.tile(numbers("f4"), (50, 1)), label=np.arange(100) % 3)

    with open(path("streamed.npz"), "wb") as file:
        np.savez(Stream(file), x=numbers("f4"))

    npy("1.npy", numbers("f4"), (1, 0))
    npy("2.npy", numbers("f4"), (2, 0))
    npy("3.npy", numbers("f4"), (3, 0))

    for kind in IDX:
        with open(path(kind + ".idx"), "wb") as file:
            file.write(idx(numbers(kind), kind))
    # Two images of 28 x 28 as MNIST has them, one file plain and one not.
    images = (np.arange(2 * 28 * 28) % 256).reshape(2, 28, 28)
    with open(path("t10k-images-idx3-ubyte.gz"), "wb") as file:
        file.write(gzip.compress(idx(images, "u1"), mtime=0))
    with open(path("t10k-labels-idx1-ubyte"), "wb") as file:
        file.write(idx(np.array([7, 2]), "u1"))

    # Numbers in the fewest digits that say which they are.
    table = [[str(number) for number in row] for row in numbers("f4")]
    np.savetxt(path("plain.csv"), numbers("f4"), delimiter=",", header="a,b,c", comments="")
    spaced = io.StringIO()
    np.savetxt(spaced, numbers("f4"))
    with open(path("spaced.csv.gz"), "wb") as file:
        file.write(gzip.compress(spaced.getvalue().encode(), mtime=0))
    with open(path("quoted.csv"), "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow(["a", 'of "b"; this', "c\nand d", "class"])
        writer.writerows(row + [str(label)] for row, label in zip(table, [1, 0]))


main()
