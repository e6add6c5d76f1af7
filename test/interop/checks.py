"""What is checked; each function is one check and gets a fresh folder."""

import json
import os
import struct

import ml_dtypes
import numpy as np
import reference
from checkpoints import ROOT, family, merge, read_model, write_model
from evaluate_checks import evaluate_checks
from reference import assert_close
from safetensors.numpy import load_file
from tokenizer_checks import tokenizer_checks

BF16 = reference.BF16
F16, F32, F64 = (np.dtype(t) for t in (np.float16, np.float32, np.float64))
DTYPES = {"F32": [F32] * 4, "BF16": [BF16] * 4, "F16": [F16] * 4, "F64": [F64] * 4, "mixed": [F32, BF16, F16, F32]}


def write_family(folder, dtypes, shards=1, seed=1):
    models = family(np.random.default_rng(seed), 3, dtypes)
    paths = [os.path.join(folder, name) for name in ("base", "ft1", "ft2", "ft3")]
    for path, tensors in zip(paths, models):
        write_model(path, tensors, shards)
    return paths, models


def method_check(folder, dtypes, recipe_of, expected_of, *options, shards=1):
    """Merges a family and compares every tensor with the formula in float64."""
    paths, models = write_family(folder, dtypes, shards)
    merged = read_model(merge(folder, recipe_of(paths), *options))
    assert set(merged) == set(models[0]), "other tensors than the base has"
    out = dtypes[0] if len(set(dtypes)) == 1 else F32
    for name in merged:
        inputs = [m[name] for m in models]
        assert_close(merged[name], expected_of(inputs), inputs, name, out)


def linear_recipe(paths):
    models = [{"model": p, "parameters": {"weight": w}} for p, w in zip(paths, (0.1, 0.4, 0.7, 1.3))]
    return {"merge_method": "linear", "models": models}


def linear_expected(tensors):
    return reference.linear(tensors, (0.1, 0.4, 0.7, 1.3))


def task_recipe(paths):
    models = [{"model": p, "parameters": {"weight": w}} for p, w in zip(paths[1:], (0.8, -0.3, 0.5))]
    return {"merge_method": "task_arithmetic", "base_model": paths[0], "models": models, "parameters": {"lambda": 0.7}}


def task_expected(tensors):
    return reference.task_arithmetic(tensors[0], tensors[1:], (0.8, -0.3, 0.5), 0.7)


def slerp_recipe(paths):
    return {"merge_method": "slerp", "base_model": paths[0], "models": [{"model": paths[3]}], "parameters": {"t": 0.35}}


def slerp_expected(tensors):
    return reference.slerp(tensors[0], tensors[3], 0.35)


def stock_recipe(paths):
    return {"base_model": paths[0], "models": [{"model": p} for p in paths[1:]]}


def stock_rows_recipe(paths):
    return {**stock_recipe(paths), "parameters": {"filter_wise": True}}


METHODS = {
    "linear": (linear_recipe, linear_expected),
    "task_arithmetic": (task_recipe, task_expected),
    "slerp": (slerp_recipe, slerp_expected),
    "model_stock": (stock_recipe, lambda t: reference.model_stock(t[0], t[1:])),
    "model_stock by rows": (stock_rows_recipe, lambda t: reference.model_stock_rows(t[0], t[1:])),
}


def sharded_output(folder):
    """Sharded in and out: index, total_size and shard names as transformers expects them."""
    method_check(folder, [F32] * 4, linear_recipe, linear_expected, "--out-shard-size", "5000", shards=3)
    out = os.path.join(folder, "merged")
    with open(os.path.join(out, "model.safetensors.index.json"), encoding="utf-8") as file:
        index = json.load(file)
    files = sorted(set(index["weight_map"].values()))
    assert len(files) > 1, "one shard only"
    assert files == [f"model-{k + 1:05}-of-{len(files):05}.safetensors" for k in range(len(files))], files
    assert sorted(f for f in os.listdir(out) if f.endswith(".safetensors")) == files
    total = sum(t.nbytes for t in read_model(out).values())
    assert index["metadata"]["total_size"] == total, f"total_size {index['metadata']['total_size']}, not {total}"


def header_layout(folder):
    """The header ends on a multiple of eight bytes, padded with spaces; tensors fill the file without holes."""
    paths, _ = write_family(folder, [BF16] * 4)
    with open(os.path.join(merge(folder, stock_recipe(paths)), "model.safetensors"), "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        text = file.read(length)
        rest = len(file.read())
    assert length % 8 == 0, f"header of {length} bytes"
    assert text.rstrip(b" ").endswith(b"}"), text[-20:]
    header = json.loads(text)
    assert header.pop("__metadata__")["format"] == "pt"
    ends = sorted(entry["data_offsets"] for entry in header.values())
    assert ends[0][0] == 0 and ends[-1][1] == rest
    assert all(a[1] == b[0] for a, b in zip(ends, ends[1:])), "a hole"


def rounding(folder, source, target, name):
    """One rounding, ties to even, over ties, their neighbours, many exponents and subnormal results."""
    rng = np.random.default_rng(7)
    bits = {BF16: 8, F16: 11, F32: 24}[target]
    ties = (1 + (2 * np.arange(2 ** (bits if bits < 12 else 10)) + 1) * 2.0**-bits).astype(source)
    near = np.concatenate([np.nextafter(ties, source.type(0)), np.nextafter(ties, source.type(3))])
    spread = rng.normal(0, 1, 20000) * 2.0 ** rng.integers(-24 if target == F16 else -120, 14, 20000)
    values = np.concatenate([ties, near, -ties, spread.astype(source), np.zeros(3, source)])
    write_model(os.path.join(folder, "one"), {"w": values})
    recipe = {
        "merge_method": "passthrough",
        "models": [{"model": os.path.join(folder, "one")}],
        "out_dtype": name,
    }
    got = read_model(merge(folder, recipe))["w"]
    direct = values.astype(target)
    expected = reference.round_to(values.astype(np.float64), target)
    if source == F32:  # numpy and ml_dtypes round F32 themselves: two independent references
        assert np.array_equal(direct, expected)
    assert got.dtype == target
    wrong = np.flatnonzero(got.view(np.uint8) != expected.view(np.uint8))
    assert wrong.size == 0, f"{wrong.size} bytes differ, e.g. of {values[wrong[0] // target.itemsize]!r}"


def odd_tensors(folder):
    """Integers, bools, complex and eight-bit floats are copied from the base; empty and 0-D tensors are merged."""
    base = {
        "bool": np.array([True, False, True]),
        "u8": np.arange(5, dtype=np.uint8),
        "i8": np.array([-128, 127], np.int8),
        "u16": np.array([65535], np.uint16),
        "i32": np.array([[-(2**31)]], np.int32),
        "i64": np.array([2**62 + 1], np.int64),
        "u64": np.array([2**64 - 1], np.uint64),
        "complex": np.array([1 + 2j], np.complex64),
        "empty": np.zeros((0, 3), np.float32),
        "scalar": np.array(2.5, np.float32),
        "one": np.array([[1.5]], np.float16),
        "w": np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6),
    }
    base["odd.name with \u00e9 and \"quotes\""] = np.array([1.0], ml_dtypes.bfloat16)
    other = {k: v if v.dtype.kind in "biuc" else np.asarray(v * 2, v.dtype) for k, v in base.items()}
    paths = [os.path.join(folder, name) for name in ("base", "other")]
    write_model(paths[0], base)
    write_model(paths[1], other)
    recipe = {
        "merge_method": "task_arithmetic",
        "base_model": paths[0],
        "models": [{"model": paths[1], "parameters": {"weight": 0.5}}],
    }
    merged = read_model(merge(folder, recipe))
    assert set(merged) == set(base)
    for name, before in base.items():
        after = merged[name]
        assert after.dtype == before.dtype and after.shape == before.shape, name
        expected = before if before.dtype.kind in "biuc" else np.asarray(before * 1.5, before.dtype)
        assert after.tobytes() == expected.tobytes(), f"{name}: {after} instead of {expected}"


def eight_bit_floats(folder):
    """F8 tensors are copied bit for bit."""
    values = np.arange(1, 100, dtype=np.uint8)
    tensors = {"e4m3": values.view(ml_dtypes.float8_e4m3fn), "e5m2": values.view(ml_dtypes.float8_e5m2)}
    path = os.path.join(folder, "model")
    write_model(path, tensors)
    out = merge(folder, {"merge_method": "passthrough", "models": [{"model": path}]})
    with open(os.path.join(out, "model.safetensors"), "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    for name, dtype in (("e4m3", "F8_E4M3"), ("e5m2", "F8_E5M2")):
        start, end = header[name]["data_offsets"]
        assert header[name]["dtype"] == dtype and body[start:end] == values.tobytes(), name


def glyphs(folder):
    """Model Stock on the trained family: every tensor against float64, and the published geometry."""
    paths = [os.path.join(ROOT, "demo", "glyphs", name) for name in ("base", "ft1", "ft2", "ft3", "ft4")]
    models = [read_model(path) for path in paths]
    merged = read_model(merge(folder, stock_recipe(paths)))
    with open(os.path.join(ROOT, "test", "fixtures", "glyphs", "geometry.json"), encoding="utf-8") as file:
        geometry = json.load(file)["tensors"]
    assert set(merged) >= set(geometry)
    for name, expected in geometry.items():
        base, tuned = models[0][name], [m[name] for m in models[1:]]
        cos, t = reference.stock_geometry(base, tuned)
        assert (cos is None) == (expected["cos"] is None) and abs(t - expected["t"]) < 1e-9, name
        assert_close(merged[name], reference.model_stock(base, tuned), [base, *tuned], name, F32)


def golden(folder, case):
    """A case made by mergekit, within the tolerance it states, as Python reads both."""
    cases = os.path.join(ROOT, "test", "golden")
    with open(os.path.join(cases, "cases", case, "expected.json"), encoding="utf-8") as file:
        stated = json.load(file)
    recipe = os.path.join(cases, "cases", case, "recipe.yml")
    with open(recipe, encoding="utf-8") as file:
        text = file.read().replace("./models/", os.path.join(cases, "models") + os.sep)
    got = read_model(merge(folder, text))
    expected = load_file(os.path.join(cases, "cases", case, "expected.safetensors"))
    assert set(got) == set(expected)
    tolerance = stated["tolerance"]
    for name in set(expected) - set(stated["differs_on_purpose"]):
        want = expected[name].astype(np.float64)
        error = np.abs(got[name].astype(np.float64) - want)
        assert got[name].dtype == expected[name].dtype and error.shape == want.shape, name
        assert np.all(error <= tolerance["atol"] + tolerance["rtol"] * np.abs(want)), f"{name}: {error.max()}"


ROUNDINGS = (
    (F32, BF16, "bfloat16"),
    (F32, F16, "float16"),
    (F64, BF16, "bfloat16"),
    (F64, F16, "float16"),
    (F64, F32, "float32"),
)
GOLDENS = ("linear-weights", "slerp-gradient-filters", "model-stock-three", "model-stock-bfloat16")


def all_checks():
    """Title and function of every check."""
    for method, (recipe_of, expected_of) in METHODS.items():
        for label, dtypes in DTYPES.items():
            yield (
                f"{method} of {label} tensors agrees with float64",
                lambda f, d=dtypes, r=recipe_of, e=expected_of: method_check(f, d, r, e),
            )
    yield "shards and their index are read by Python", sharded_output
    yield "the header is padded, aligned and without holes", header_layout
    for source, target, name in ROUNDINGS:
        yield (
            f"{source} to {name} rounds once, ties to even",
            lambda f, s=source, t=target, n=name: rounding(f, s, t, n),
        )
    yield "odd, empty and zero-dimensional tensors written by Python survive", odd_tensors
    yield "eight-bit floats are copied", eight_bit_floats
    yield "the glyph family agrees with float64 and its geometry", glyphs
    for case in GOLDENS:
        yield f"golden case {case} agrees as Python reads it", lambda f, c=case: golden(f, c)
    yield from tokenizer_checks()
    yield from evaluate_checks()
