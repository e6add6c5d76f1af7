/** Numbers as people read them. Sizes are decimal (1 kB = 1000 bytes), as `--out-shard-size 5GB` is. */

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Three significant digits: 325 B, 2.15 kB, 835 kB, 4.18 MB, 140 GB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded up to 1000 of its unit.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? "B"}`;
}

export function formatRate(bytes: number, seconds: number): string {
  return seconds > 0 ? `${formatBytes(bytes / seconds)}/s` : "";
}

/** 206,820 */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** 1 tensor, 2 tensors */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** 0.21 s, 12.3 s, 1 min 05 s, 2 h 03 min */
export function formatDuration(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
}

/** Billions and millions as model names write them: 1.10 B, 206.8 K; exact below a thousand. */
export function formatParameters(count: number): string {
  const units: [number, string][] = [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "K"],
  ];
  for (const [size, unit] of units) if (count >= size) return `${(count / size).toPrecision(3)}${unit}`;
  return String(count);
}
