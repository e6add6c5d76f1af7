import type { ErrorCode, Position, Problem } from "../errors.ts";
import { frameAt } from "../recipe/frame.ts";
import type { Recipe } from "../recipe/types.ts";

interface Finding extends Omit<Problem, "message" | "frame"> {
  /** The whole message, given the things that it is about as a list in words. */
  readonly sentence: (subjects: string, count: number) => string;
}

/** Names shown of a longer list. */
const NAMES_SHOWN = 3;

/** "a", "b", "c" and 9 more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${rest} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1) ?? ""}`;
}

/** What planning has to say. Whatever holds for many tensors alike becomes one problem that names a few of them. */
export class Findings {
  readonly #groups = new Map<string, { finding: Finding; subjects: Set<string> }>();
  readonly #recipe: Recipe;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
  }

  /** Findings of one key are told together, in the words of the first. */
  add(key: string, subject: string, finding: Finding): void {
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { finding, subjects: new Set([subject]) });
    else group.subjects.add(subject);
  }

  hasErrorOf(code: ErrorCode): boolean {
    return [...this.#groups.values()].some(
      ({ finding }) => finding.code === code && finding.severity === "error",
    );
  }

  /** In the order in which they were first found. */
  list(): Problem[] {
    return [...this.#groups.values()].map(({ finding: { sentence, ...rest }, subjects }) => ({
      ...rest,
      message: sentence(listed([...subjects]), subjects.size),
      ...this.#frame(rest.position),
    }));
  }

  #frame(position: Position | undefined): { frame?: string } {
    return position === undefined
      ? {}
      : { frame: frameAt(this.#recipe.text, position.line, position.column) };
  }
}
