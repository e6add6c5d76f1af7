"""Merge methods in float64, written from their formulas; one tensor at a time."""

import ml_dtypes
import numpy as np

BF16 = np.dtype(ml_dtypes.bfloat16)


def wide(tensor):
    return tensor.astype(np.float64)


def linear(models, weights):
    total = sum(weights)
    return sum(wide(x) * (w / total) for x, w in zip(models, weights))


def task_arithmetic(base, models, weights, lam):
    delta = sum(w * (wide(x) - wide(base)) for x, w in zip(models, weights))
    return wide(base) + lam * delta


def slerp(base, model, t):
    a, b = wide(base), wide(model)
    cos = np.clip(np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1)
    if abs(cos) > 0.9995:
        return (1 - t) * a + t * b
    angle = np.arccos(cos)
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def stock_geometry(base, models):
    """Mean pairwise cosine of the task vectors and Model Stock's ratio; (None, 0) without two directions."""
    deltas = [(wide(x) - wide(base)).ravel() for x in models]
    deltas = [d for d in deltas if np.any(d)]
    cosines = [
        np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
        for i, a in enumerate(deltas)
        for b in deltas[i + 1 :]
    ]
    if not cosines:
        return None, 0.0
    cos, n = float(np.mean(cosines)), len(models)
    return cos, 0.0 if cos <= 0 else n * cos / (1 + (n - 1) * cos)


def model_stock(base, models):
    _, t = stock_geometry(base, models)
    return t * sum(map(wide, models)) / len(models) + (1 - t) * wide(base)


def model_stock_rows(base, models):
    if base.ndim < 2:
        return model_stock(base, models)
    rows = base.reshape(-1, base.shape[-1])
    others = [x.reshape(rows.shape) for x in models]
    merged = [model_stock(row, [x[i] for x in others]) for i, row in enumerate(rows)]
    return np.stack(merged).reshape(base.shape)


def round_to(values, dtype):
    """float64 to dtype in one rounding, ties to even; for BF16 (which numpy lacks) by exact scaling."""
    if dtype != BF16:
        return values.astype(dtype)
    _, exponent = np.frexp(values)
    quantum = np.ldexp(1.0, np.maximum(exponent - 8, -133))  # 2^-133: the spacing of subnormal numbers
    return (np.rint(values / quantum) * quantum).astype(np.float32).astype(BF16)


# Bits of the significand, and the exponent of the smallest subnormal number.
FORMATS = {
    BF16: (8, -133),
    np.dtype(np.float16): (11, -24),
    np.dtype(np.float32): (24, -149),
    np.dtype(np.float64): (53, -1074),
}


def spacing(values, dtype):
    """Distance between neighbouring numbers of dtype around float64 values."""
    bits, smallest = FORMATS[np.dtype(dtype)]
    _, exponent = np.frexp(values)
    return np.ldexp(1.0, np.maximum(exponent - bits, smallest))


def assert_close(got, expected, inputs, name, dtype):
    """Half a spacing of dtype for the rounding, and a few of F32's (F64's) at the inputs' size for the arithmetic."""
    assert got.shape == expected.shape, f"{name}: shape {got.shape} instead of {expected.shape}"
    assert got.dtype == dtype, f"{name}: dtype {got.dtype} instead of {dtype}"
    size = np.maximum(np.max(np.abs([wide(x) for x in inputs]), axis=0), np.abs(expected))
    working = np.float64 if dtype == np.float64 else np.float32
    allowed = spacing(expected, dtype) / 2 + 6 * spacing(size, working)
    worst = np.max(np.abs(wide(got) - expected) / allowed, initial=0)
    assert worst <= 1, f"{name}: {worst:.2f} times what one rounding explains"
