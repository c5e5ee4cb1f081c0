from __future__ import annotations

import os
import pickle
import re
import struct

import numpy as np
import pytest

from demicouture import pretrained
from demicouture.errors import InputError
from demicouture.evaluation.torch_weights import MAGIC_NUMBER, MAX_BYTES, PROTOCOL, read_tensors

MACHINE = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
needs_weights = pytest.mark.skipif(
    pretrained.find(pretrained.IMAGENET) is None, reason="the network's weights are not here: make models"
)
VALUES = np.arange(24, dtype=np.float32) / 7
COUNT = np.array([5], np.int64)


# -- such a file, written by hand, opcode by opcode ------------------------------------------------------------------


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"J" + struct.pack("<i", value)


def row(*items):
    return b"(" + b"".join(items) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def storage(key="7", kind="FloatStorage", length=24, view=b"N"):
    return row(text("storage"), name("torch", kind), text(key), text("cpu"), number(length), view) + b"Q"


EMPTY = name("collections", "OrderedDict") + b")R"


def tensor(shape=(2, 3, 4), strides=(12, 4, 1), offset=0, of=None):
    numbers = row(*map(number, shape)), row(*map(number, strides))
    arguments = row(storage() if of is None else of, number(offset), *numbers, b"\x89", EMPTY)
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def state(**tensors):
    return b"\x80\x02" + EMPTY + b"(" + b"".join(text(key) + value for key, value in tensors.items()) + b"u."


def write(path, state, names=("7",), contents=(VALUES,), **changed):
    parts = {
        "magic": pickle.dumps(MAGIC_NUMBER, 2),
        "protocol": pickle.dumps(PROTOCOL, 2),
        "machine": pickle.dumps(MACHINE, 2),
        "state": state,
        "keys": pickle.dumps(list(names), 2),
        "storages": b"".join(struct.pack("<q", len(values)) + values.tobytes() for values in contents),
    }
    path.write_bytes(b"".join((parts | changed).values()))
    return path


def assert_refused(path, reason):
    with pytest.raises(InputError, match=re.escape(reason)) as caught:
        read_tensors(path)
    assert str(caught.value).startswith(f"{path}: not a legacy PyTorch file with tensors only (")
    assert "remove it and run: " in str(caught.value) and "\n" not in str(caught.value)


# -- what is read ----------------------------------------------------------------------------------------------------


def test_tensors_are_read_by_name_shape_and_strides(tmp_path):
    count = tensor((), (), of=storage("8", "LongStorage", 1))
    path = write(
        tmp_path / "weights.pth",
        state(whole=tensor((2, 3), (3, 1)), turned=tensor((3, 2), (1, 3), 6), part=tensor((2,), (2,), 20), count=count),
        ("8", "7"),
        (COUNT, VALUES),
    )
    tensors = read_tensors(path)
    assert list(tensors) == ["whole", "turned", "part", "count"]
    np.testing.assert_array_equal(tensors["whole"], VALUES[:6].reshape(2, 3))
    np.testing.assert_array_equal(tensors["turned"], VALUES[6:12].reshape(2, 3).T)
    np.testing.assert_array_equal(tensors["part"], VALUES[[20, 22]])
    assert tensors["count"].shape == () and tensors["count"] == 5 and tensors["count"].dtype == np.int64
    assert tensors["turned"].flags.c_contiguous and tensors["turned"].flags.writeable


def test_what_hangs_on_a_state_dictionary_is_left_out(tmp_path):
    # {"_metadata": {"": {"version": 1}}} becomes an attribute of the dictionary when PyTorch reads it.
    metadata = b"}" + text("_metadata") + EMPTY + text("") + b"}" + text("version") + b"K\x01s" + b"s" + b"s" + b"b"
    path = write(tmp_path / "weights.pth", state(kernel=tensor())[:-1] + metadata + b".")
    assert list(read_tensors(path)) == ["kernel"]


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="nothing.pth: not found, expected a network's weights; run: .*demicouture"):
        read_tensors(tmp_path / "nothing.pth")


@needs_weights
def test_the_real_file_holds_what_pytorch_reads_from_it():
    tensors = read_tensors(pretrained.folder() / pretrained.EFFICIENTNET_LITE0.name)
    # The numbers that torch.load gave, once; all 296 tensors were equal to the bit.
    assert len(tensors) == 296 and sum(values.size for values in tensors.values()) == 4_694_073
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    np.testing.assert_allclose(tensors["_conv_stem.weight"].ravel()[:3], [-1.1103361, -1.3087704, -0.01015691], 1e-6)
    np.testing.assert_allclose(tensors["_fc.bias"][:3], [0.03205391, -0.01598576, 0.00529074], 1e-6)


# -- what is refused, and runs nothing -------------------------------------------------------------------------------


class Harmful:
    """Unpickled, it would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("part", ["magic", "protocol", "machine", "state", "keys"])
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path, part, protocol):
    harm = tmp_path / "harm"
    content = pickle.dumps(Harmful(harm), protocol)
    path = write(tmp_path / "weights.pth", **({"state": state(kernel=tensor())} | {part: content}))
    assert_refused(path, f"(it names '{os.name}.mkdir')" if protocol < 4 else "the opcode ")
    assert not harm.exists()
    pickle.loads(content)  # So it would have been.
    assert harm.is_dir()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (name("os", "system") + row(text("echo harm")) + b"R", "it names 'os.system'"),
        (name("builtins", "eval") + row(text("1")) + b"R", "it names 'builtins.eval'"),
        (name("torch.serialization", "load") + b")R", "it names 'torch.serialization.load'"),
        (b"(S'echo harm'\nios\nsystem\n", "the opcode STRING"),
        (b"(" + text("echo harm") + b"ios\nsystem\n", "the opcode INST"),
        (b"(" + name("collections", "OrderedDict") + b"o", "the opcode OBJ"),
        (name("collections", "OrderedDict") + b")\x81", "the opcode NEWOBJ"),
        (b"\x82\x01", "the opcode EXT1"),
        (b"\x8c\x02os\x8c\x06system\x93", "the opcode SHORT_BINUNICODE"),
    ],
)
def test_no_other_name_and_no_other_opcode_is_admitted(tmp_path, value, reason):
    assert_refused(write(tmp_path / "weights.pth", state(kernel=tensor(), bad=value)), reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (number(1), "'bad' is no tensor"),
        (text("tensor"), "'bad' is no tensor"),
        (EMPTY, "'bad' is no tensor"),
        (storage(), "'bad' is no tensor"),
        (name("torch", "FloatStorage"), "'bad' is no tensor"),
        (name("torch", "FloatStorage") + row(number(9)) + b"R", "it calls 'torch.FloatStorage'"),
        (name("collections", "OrderedDict") + row(number(9)) + b"R", "it calls 'collections.OrderedDict'"),
        (tensor(of=storage(kind="_C")), "it names 'torch._C'"),
        (tensor(of=storage(view=row(text("a")))), "a reference to no storage"),
        (tensor(of=text("7")), "a tensor that is none"),
        (tensor((2, 3), (3,)), "a tensor that is none"),
        (tensor((2, -3), (3, 1)), "a tensor that is none"),
        (tensor((2, 3), (3, 1), -1), "a tensor that is none"),
        (tensor((1,) * 9, (1,) * 9), "a tensor that is none"),
        (tensor((25,), (1,)), "tensors larger than their storages"),
        (tensor((2,), (24,)), "a tensor reaches beyond its storage"),
        (tensor((2, 3, 4), (12, 4, 1), 1), "a tensor reaches beyond its storage"),
        (tensor((0,), (1,)), "a tensor reaches beyond its storage"),
        (tensor((10_000, 10_000), (0, 0)), "tensors larger than their storages"),
        (tensor(of=storage(length=23)), "the storages are not those of the tensors"),
        (b"", "damaged"),
        (b"e", "damaged"),
        (b"h\x63", "damaged"),
    ],
)
def test_what_is_no_sound_tensor_is_refused(tmp_path, value, reason):
    kernel = {} if "larger" in reason or "reaches" in reason else {"kernel": tensor()}
    assert_refused(write(tmp_path / "weights.pth", state(**kernel, bad=value)), reason)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"magic": pickle.dumps(MAGIC_NUMBER + 1, 2)}, "another magic number"),
        ({"protocol": pickle.dumps(1002, 2)}, "another version"),
        ({"machine": pickle.dumps(MACHINE | {"little_endian": False}, 2)}, "big-endian"),
        ({"state": pickle.dumps([1], 2)}, "no state dictionary"),
        ({"state": pickle.dumps({1: 2}, 2)}, "a name that is no text"),
        ({"keys": pickle.dumps(["8"], 2)}, "the storages are not those of the tensors"),
        ({"keys": pickle.dumps(["7", "7"], 2)}, "the storages are not those of the tensors"),
        ({"keys": pickle.dumps([7], 2)}, "no list of storages"),
        ({"keys": pickle.dumps("7", 2)}, "no list of storages"),
        ({"storages": struct.pack("<q", 23) + VALUES.tobytes()}, "the storage 7 has another length"),
        ({"storages": struct.pack("<q", 24) + VALUES.tobytes()[:-1]}, "cut short"),
        ({"magic": b"PK\x03\x04" + bytes(100)}, "no pickle"),  # A file of PyTorch 1.6 or later is a zip archive.
    ],
)
def test_another_kind_of_file_is_refused(tmp_path, changed, reason):
    assert_refused(write(tmp_path / "weights.pth", **({"state": state(kernel=tensor())} | changed)), reason)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "weights.pth"
    with open(path, "wb") as file:
        file.truncate(MAX_BYTES + 1)  # A hole: it takes no room on the disk.
    assert_refused(path, "over 200 MB")


def test_a_place_in_the_memo_that_is_far_away_costs_nothing(tmp_path):
    # The C unpickler would make room for as many places.
    far = b"r" + struct.pack("<I", 2**32 - 1)
    path = write(tmp_path / "weights.pth", state(kernel=tensor() + far))
    assert list(read_tensors(path)) == ["kernel"]


def test_whatever_byte_is_damaged_there_is_one_kind_of_error(tmp_path):
    path = write(tmp_path / "weights.pth", state(kernel=tensor()))
    sound = path.read_bytes()
    described = len(sound) - VALUES.nbytes
    rng = np.random.default_rng(0)
    for place in range(described):
        for value in (sound[place] ^ 1, int(rng.integers(256))):
            path.write_bytes(sound[:place] + bytes([value]) + sound[place + 1 :])
            try:
                assert set(map(type, read_tensors(path).values())) <= {np.ndarray}
            except InputError:
                pass
    for end in range(len(sound)):
        path.write_bytes(sound[:end])
        with pytest.raises(InputError):
            read_tensors(path)
