// What a LoRA adapter adds to one row of a weight matrix.

/**
 * target[j] += scale * sum over k of left[k] * right[k * stride + j], all f32: the sum first, from k = 0 on. n elements,
 * not one more.
 */
export function addLowRank(
  left: usize, right: usize, stride: i32, rank: i32, target: usize, scale: f32, n: i32,
): void {
  const step = <usize>stride << 2;
  const factor = f32x4.splat(scale);
  let j = 0;
  for (; j + 8 <= n; j += 8, right += 32, target += 32) {
    let low = f32x4.splat(0);
    let high = low;
    let at = right;
    for (let k = 0; k < rank; k++, at += step) {
      const l = v128.load32_splat(left + (<usize>k << 2));
      low = f32x4.add(low, f32x4.mul(l, v128.load(at)));
      high = f32x4.add(high, f32x4.mul(l, v128.load(at, 16)));
    }
    v128.store(target, f32x4.add(v128.load(target), f32x4.mul(factor, low)));
    v128.store(target, f32x4.add(v128.load(target, 16), f32x4.mul(factor, high)), 16);
  }
  for (; j < n; j++, right += 4, target += 4) {
    let sum: f32 = 0;
    let at = right;
    for (let k = 0; k < rank; k++, at += step) sum += load<f32>(left + (<usize>k << 2)) * load<f32>(at);
    store<f32>(target, load<f32>(target) + scale * sum);
  }
}
