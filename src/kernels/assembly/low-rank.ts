// What a LoRA adapter adds to rows of a weight matrix.

/**
 * target[r * stride + j] += scale * sum over k of left[r * rank + k] * right(k, column + j), all f32, the sum first, from
 * k = 0 on; n elements of each row, not one more. Right is stored in blocks of eight columns, each with its rank rows of
 * eight: element (k, j) at (j / 8) * rank * 8 + k * 8 + j % 8, so that it is gone through from one end to the other.
 */
export function addLowRank(
  left: usize, right: usize, rank: i32, column: i32, target: usize, stride: i32, rows: i32, scale: f32, n: i32,
): void {
  const leftStep = <usize>rank << 2;
  const targetStep = <usize>stride << 2;
  const head = min((8 - (column & 7)) & 7, n);
  const tail = head + ((n - head) & ~7);
  let row = 0;
  for (; row < rows; row++) {
    const l = left + <usize>row * leftStep;
    const t = target + <usize>row * targetStep;
    addElements(l, right, rank, column, t, scale, 0, head);
    addElements(l, right, rank, column, t, scale, tail, n);
  }
  const blockBytes = leftStep << 3;
  const first = right + <usize>((column + head) >> 3) * blockBytes;
  const begin = target + (<usize>head << 2);
  const blocks = (tail - head) >> 3;
  for (row = 0; row + 4 <= rows; row += 4)
    addToFourRows(left + <usize>row * leftStep, first, rank, begin + <usize>row * targetStep, targetStep, scale, blocks);
  for (; row < rows; row++)
    addToRow(left + <usize>row * leftStep, first, rank, begin + <usize>row * targetStep, scale, blocks);
}

function addElements(
  left: usize, right: usize, rank: i32, column: i32, target: usize, scale: f32, from: i32, to: i32,
): void {
  for (let j = from; j < to; j++) {
    const c = column + j;
    let at = right + ((<usize>(c >> 3) * <usize>rank << 5) + (<usize>(c & 7) << 2));
    let sum: f32 = 0;
    for (let k = 0; k < rank; k++, at += 32) sum += load<f32>(left + (<usize>k << 2)) * load<f32>(at);
    const place = target + (<usize>j << 2);
    store<f32>(place, load<f32>(place) + scale * sum);
  }
}

function addToRow(left: usize, right: usize, rank: i32, target: usize, scale: f32, blocks: i32): void {
  const factor = f32x4.splat(scale);
  let at = right;
  for (let block = 0; block < blocks; block++, target += 32) {
    let low = f32x4.splat(0);
    let high = low;
    for (let k = 0; k < rank; k++, at += 32) {
      const l = v128.load32_splat(left + (<usize>k << 2));
      low = f32x4.add(low, f32x4.mul(l, v128.load(at)));
      high = f32x4.add(high, f32x4.mul(l, v128.load(at, 16)));
    }
    addTo(target, factor, low, high);
  }
}

/** The same right elements for four rows, while they are in registers. */
function addToFourRows(
  left: usize, right: usize, rank: i32, target: usize, targetStep: usize, scale: f32, blocks: i32,
): void {
  const factor = f32x4.splat(scale);
  const step = <usize>rank << 2;
  const left1 = left + step;
  const left2 = left1 + step;
  const left3 = left2 + step;
  let at = right;
  for (let block = 0; block < blocks; block++, target += 32) {
    let low0 = f32x4.splat(0);
    let high0 = low0;
    let low1 = low0;
    let high1 = low0;
    let low2 = low0;
    let high2 = low0;
    let low3 = low0;
    let high3 = low0;
    for (let k: usize = 0; k < step; k += 4, at += 32) {
      const a = v128.load(at);
      const b = v128.load(at, 16);
      let l = v128.load32_splat(left + k);
      low0 = f32x4.add(low0, f32x4.mul(l, a));
      high0 = f32x4.add(high0, f32x4.mul(l, b));
      l = v128.load32_splat(left1 + k);
      low1 = f32x4.add(low1, f32x4.mul(l, a));
      high1 = f32x4.add(high1, f32x4.mul(l, b));
      l = v128.load32_splat(left2 + k);
      low2 = f32x4.add(low2, f32x4.mul(l, a));
      high2 = f32x4.add(high2, f32x4.mul(l, b));
      l = v128.load32_splat(left3 + k);
      low3 = f32x4.add(low3, f32x4.mul(l, a));
      high3 = f32x4.add(high3, f32x4.mul(l, b));
    }
    addTo(target, factor, low0, high0);
    addTo(target + targetStep, factor, low1, high1);
    addTo(target + targetStep * 2, factor, low2, high2);
    addTo(target + targetStep * 3, factor, low3, high3);
  }
}

// @ts-ignore: decorator
@inline
function addTo(target: usize, factor: v128, low: v128, high: v128): void {
  v128.store(target, f32x4.add(v128.load(target), f32x4.mul(factor, low)));
  v128.store(target, f32x4.add(v128.load(target, 16), f32x4.mul(factor, high)), 16);
}
