type Value = number | boolean | string;
type Gradient = Value | readonly Value[];
interface Conditional {
  readonly filter?: string | null;
  readonly value: Gradient;
}
/** A parameter as a recipe states it: a value, a gradient over the layers, or values under filters of tensor names. */
type Setting = Gradient | readonly Conditional[];
export type Settings = Readonly<Record<string, Setting>>;

/** The setting's value for a tensor at position t (0 to 1) in its slice; undefined if no filter matches. */
function evaluate(setting: Setting, tensor: string, t: number): Value | undefined {
  if (!isConditional(setting)) return interpolate(setting, t);
  const match = setting.find(
    ({ filter }) => filter === undefined || filter === null || filter === "*" || tensor.includes(filter),
  );
  return match === undefined ? undefined : interpolate(match.value, t);
}

function isConditional(setting: Setting): setting is readonly Conditional[] {
  return Array.isArray(setting) && typeof setting[0] === "object";
}

function interpolate(gradient: Gradient, t: number): Value {
  if (typeof gradient !== "object") return gradient;
  const position = t * (gradient.length - 1);
  const left = Math.floor(position);
  const from = Number(gradient[left]);
  const to = Number(gradient[Math.min(left + 1, gradient.length - 1)]);
  return from + (to - from) * (position - left);
}

/** The first of the levels that has a value for the parameter. */
export function firstOf(
  levels: readonly (Settings | undefined)[],
  parameter: string,
  tensor: string,
  t: number,
): Value | undefined {
  for (const level of levels) {
    const setting = level?.[parameter];
    const value = setting === undefined ? undefined : evaluate(setting, tensor, t);
    if (value !== undefined) return value;
  }
  return undefined;
}
