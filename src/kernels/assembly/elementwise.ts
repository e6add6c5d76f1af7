// Elementwise steps of sparse and elected combinations, on vectors in scratch memory of type T (f32 or f64). Scratch is
// padded: these kernels work on whole v128, so up to seven elements past n are overwritten with values of no meaning.

// @ts-ignore: decorator
@inline
function lanes<T>(): i32 {
  return <i32>(16 / sizeof<T>());
}

// @ts-ignore: decorator
@inline
function zero<T>(): v128 {
  return v128.splat<T>(0 as T);
}

/** Where `mask` is set, `a`, elsewhere `b`. */
// @ts-ignore: decorator
@inline
function pick(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/** sum += c * d. */
export function addScaled<T>(d: usize, sum: usize, c: T, n: i32): void {
  const factor = v128.splat<T>(c);
  for (let i = 0; i < n; i += lanes<T>(), d += 16, sum += 16)
    v128.store(sum, v128.add<T>(v128.load(sum), v128.mul<T>(factor, v128.load(d))));
}

/**
 * Adds z = c * d to `sum` and w to `weight` where z has the sign that was elected: positive where vote >= 0, negative
 * elsewhere. Zeros never count.
 */
export function elect<T>(d: usize, vote: usize, sum: usize, weight: usize, c: T, w: T, n: i32): void {
  const factor = v128.splat<T>(c);
  const share = v128.splat<T>(w);
  const none = zero<T>();
  for (let i = 0; i < n; i += lanes<T>(), d += 16, vote += 16, sum += 16, weight += 16) {
    const z = v128.mul<T>(factor, v128.load(d));
    const positive = v128.ge<T>(v128.load(vote), none);
    const kept = pick(positive, v128.gt<T>(z, none), v128.lt<T>(z, none));
    v128.store(sum, v128.add<T>(v128.load(sum), v128.and(z, kept)));
    v128.store(weight, v128.add<T>(v128.load(weight), v128.and(share, kept)));
  }
}

// @ts-ignore: decorator
@inline
function divisorOf<T>(weight: v128, floor: v128, floored: bool): v128 {
  if (floored) return v128.max<T>(weight, floor);
  return pick(v128.eq<T>(weight, zero<T>()), v128.splat<T>(1 as T), weight);
}

/**
 * Two task vectors in one reading: what addScaled, elect and finishMean (finishSum, if not `divide`) do one after the
 * other, to the bit. v: factors of the vote, c: of the sum, w: weights.
 */
export function electTwo<T>(
  b: usize, p: usize, q: usize, out: usize,
  v0: T, v1: T, c0: T, c1: T, w0: T, w1: T, s: T, floor: T, divide: bool, n: i32,
): void {
  const none = zero<T>();
  const scale = v128.splat<T>(s);
  const least = v128.splat<T>(floor);
  const floored = floor > 0;
  for (let i = 0; i < n; i += lanes<T>(), b += 16, p += 16, q += 16, out += 16) {
    const d0 = v128.load(p);
    const d1 = v128.load(q);
    const vote = v128.add<T>(
      v128.add<T>(none, v128.mul<T>(v128.splat<T>(v0), d0)),
      v128.mul<T>(v128.splat<T>(v1), d1),
    );
    const positive = v128.ge<T>(vote, none);
    const z0 = v128.mul<T>(v128.splat<T>(c0), d0);
    const z1 = v128.mul<T>(v128.splat<T>(c1), d1);
    const kept0 = pick(positive, v128.gt<T>(z0, none), v128.lt<T>(z0, none));
    const kept1 = pick(positive, v128.gt<T>(z1, none), v128.lt<T>(z1, none));
    let m = v128.add<T>(v128.add<T>(none, v128.and(z0, kept0)), v128.and(z1, kept1));
    const base = v128.load(b);
    const unmoved = v128.eq<T>(m, none);
    if (divide) {
      const weight = v128.add<T>(
        v128.add<T>(none, v128.and(v128.splat<T>(w0), kept0)),
        v128.and(v128.splat<T>(w1), kept1),
      );
      m = v128.div<T>(m, divisorOf<T>(weight, least, floored));
    }
    v128.store(out, pick(unmoved, base, v128.add<T>(base, v128.mul<T>(scale, m))));
  }
}

/** out = b + s * sum, and b itself where sum is 0. */
export function finishSum<T>(b: usize, sum: usize, out: usize, s: T, n: i32): void {
  const scale = v128.splat<T>(s);
  const none = zero<T>();
  for (let i = 0; i < n; i += lanes<T>(), b += 16, sum += 16, out += 16) {
    const base = v128.load(b);
    const m = v128.load(sum);
    v128.store(out, pick(v128.eq<T>(m, none), base, v128.add<T>(base, v128.mul<T>(scale, m))));
  }
}

/**
 * out = b + s * sum / weight, and b itself where sum is 0. A weight of 0 counts as 1; with floor > 0, weights below it
 * count as the floor instead.
 */
export function finishMean<T>(b: usize, sum: usize, weight: usize, out: usize, s: T, floor: T, n: i32): void {
  const scale = v128.splat<T>(s);
  const none = zero<T>();
  const least = v128.splat<T>(floor);
  const floored = floor > 0;
  for (let i = 0; i < n; i += lanes<T>(), b += 16, sum += 16, weight += 16, out += 16) {
    const base = v128.load(b);
    const m = v128.load(sum);
    const w = v128.load(weight);
    const divisor = divisorOf<T>(w, least, floored);
    const delta = v128.mul<T>(scale, v128.div<T>(m, divisor));
    v128.store(out, pick(v128.eq<T>(m, none), base, v128.add<T>(base, delta)));
  }
}

/** out = b + w (x - b) with w = clamp(t / max(|x - b|, 1e-6), 0, 1); x itself where w is 1. */
export function nearswap<T>(x: usize, b: usize, out: usize, t: T, n: i32): void {
  const limit = v128.splat<T>(t);
  const least = v128.splat<T>(1e-6 as T);
  const one = v128.splat<T>(1 as T);
  const none = zero<T>();
  for (let i = 0; i < n; i += lanes<T>(), x += 16, b += 16, out += 16) {
    const model = v128.load(x);
    const base = v128.load(b);
    const d = v128.sub<T>(model, base);
    const ratio = v128.div<T>(limit, v128.max<T>(v128.abs<T>(d), least));
    const w = v128.max<T>(v128.min<T>(ratio, one), none);
    const near = v128.ge<T>(ratio, one);
    const between = pick(v128.eq<T>(w, none), base, v128.add<T>(base, v128.mul<T>(w, d)));
    v128.store(out, pick(near, model, between));
  }
}

/** best = x where |x - b| >= |best - b|: of equal magnitudes the last one wins. */
export function selectLarger<T>(x: usize, b: usize, best: usize, n: i32): void {
  for (let i = 0; i < n; i += lanes<T>(), x += 16, b += 16, best += 16) {
    const base = v128.load(b);
    const model = v128.load(x);
    const old = v128.load(best);
    const larger = v128.ge<T>(v128.abs<T>(v128.sub<T>(model, base)), v128.abs<T>(v128.sub<T>(old, base)));
    v128.store(best, pick(larger, model, old));
  }
}

/** out = b + s (x - b), x itself for s = 1, and b where x equals it; in place allowed. */
export function moveTowards<T>(b: usize, x: usize, out: usize, s: T, n: i32): void {
  const scale = v128.splat<T>(s);
  const whole = s == 1;
  for (let i = 0; i < n; i += lanes<T>(), b += 16, x += 16, out += 16) {
    const base = v128.load(b);
    const model = v128.load(x);
    const moved = v128.add<T>(base, v128.mul<T>(scale, v128.sub<T>(model, base)));
    v128.store(out, whole ? model : pick(v128.eq<T>(model, base), base, moved));
  }
}

/** count += 1 where |d| > r * |sum - d|. */
export function countDominant<T>(d: usize, sum: usize, count: usize, r: T, n: i32): void {
  const ratio = v128.splat<T>(r);
  const one = v128.splat<T>(1 as T);
  for (let i = 0; i < n; i += lanes<T>(), d += 16, sum += 16, count += 16) {
    const delta = v128.load(d);
    const rest = v128.abs<T>(v128.sub<T>(v128.load(sum), delta));
    const dominant = v128.gt<T>(v128.abs<T>(delta), v128.mul<T>(ratio, rest));
    v128.store(count, v128.add<T>(v128.load(count), v128.and(one, dominant)));
  }
}

/** sum = 0 where count < least. */
export function clearBelow<T>(count: usize, sum: usize, least: T, n: i32): void {
  const limit = v128.splat<T>(least);
  for (let i = 0; i < n; i += lanes<T>(), count += 16, sum += 16)
    v128.store(sum, v128.and(v128.load(sum), v128.ge<T>(v128.load(count), limit)));
}

/** d = 0 where |d| <= limit. */
export function clearSmall<T>(d: usize, limit: T, n: i32): void {
  const least = v128.splat<T>(limit);
  for (let i = 0; i < n; i += lanes<T>(), d += 16) {
    const delta = v128.load(d);
    v128.store(d, v128.and(delta, v128.gt<T>(v128.abs<T>(delta), least)));
  }
}

/** count += 1 where d is not 0. */
export function countNonZero<T>(d: usize, count: usize, n: i32): void {
  const one = v128.splat<T>(1 as T);
  const none = zero<T>();
  for (let i = 0; i < n; i += lanes<T>(), d += 16, count += 16)
    v128.store(count, v128.add<T>(v128.load(count), v128.and(one, v128.ne<T>(v128.load(d), none))));
}

/** sum = single where count is 1, sum / count where it is more. */
export function shareOverlap<T>(single: usize, sum: usize, count: usize, n: i32): void {
  const one = v128.splat<T>(1 as T);
  for (let i = 0; i < n; i += lanes<T>(), single += 16, sum += 16, count += 16) {
    const active = v128.load(count);
    const mean = v128.div<T>(v128.load(sum), v128.max<T>(active, one));
    v128.store(sum, pick(v128.eq<T>(active, one), v128.load(single), mean));
  }
}

/** Elements with d not 0 and count above 1. */
export function overlap<T>(d: usize, count: usize, n: i32): i32 {
  let shared = 0;
  for (let i = 0; i < n; i++, d += sizeof<T>(), count += sizeof<T>())
    if (load<T>(d) != 0 && load<T>(count) > 1) shared++;
  return shared;
}

/** d = 0 where key (f32, whatever T is) is 0. */
export function clearWhereZero<T>(key: usize, d: usize, n: i32): void {
  if (sizeof<T>() == 4) {
    const none = f32x4.splat(0);
    for (let i = 0; i < n; i += 4, key += 16, d += 16)
      v128.store(d, v128.andnot(v128.load(d), f32x4.eq(v128.load(key), none)));
  } else {
    for (let i = 0; i < n; i++, key += 4, d += sizeof<T>()) if (load<f32>(key) == 0) store<T>(d, 0 as T);
  }
}

/**
 * out = population variance over `count` vectors of type T, per element: in f64, rounded once to f32. `table` holds
 * the vectors' addresses as u32. Exactly 0 where all are equal.
 */
export function variance<T>(table: usize, count: i32, out: usize, n: i32): void {
  for (let i = 0; i < n; i++, out += 4) {
    let sum: f64 = 0;
    for (let k = 0; k < count; k++) sum += <f64>load<T>(load<usize>(table + (k << 2)) + <usize>i * sizeof<T>());
    const mean = sum / count;
    let squares: f64 = 0;
    for (let k = 0; k < count; k++) {
      const e = <f64>load<T>(load<usize>(table + (k << 2)) + <usize>i * sizeof<T>()) - mean;
      squares += e * e;
    }
    store<f32>(out, <f32>(squares / count));
  }
}
