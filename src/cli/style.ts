import picocolors from "picocolors";

type Paint = (text: string) => string;

/** What a colour means; every printing function takes this instead of colours. */
export interface Style {
  readonly heading: Paint;
  readonly name: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly warning: Paint;
  readonly error: Paint;
}

export function createStyle(colour: boolean): Style {
  const c = picocolors.createColors(colour);
  return { heading: c.bold, name: c.cyan, dim: c.dim, good: c.green, warning: c.yellow, error: c.red };
}
