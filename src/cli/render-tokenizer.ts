import type { MergePlan, TokenCount } from "../index.ts";
import { formatCount, plural } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** Tokens named in a line; the rest is counted. */
const MOST_EXAMPLES = 3;

/** What becomes of tokens and chat template, where the recipe says something about them; else nothing. */
export function renderTokenizer({ tokenizer, chatTemplate }: MergePlan, style: Style): string[] {
  const template =
    chatTemplate === undefined
      ? []
      : [
          `  The chat template is ${chatTemplate.models.length === 0 ? "the recipe's" : `that of ${chatTemplate.models.join(", ")}`}.`,
        ];
  if (tokenizer === undefined) return template.length === 0 ? [] : [style.heading("Tokens"), ...template];
  const { donor, tokens, rows, added, removed, models } = tokenizer.summary;
  const changes = [
    ["added", added],
    ["left out", removed],
    ["never encoded", tokenizer.unreachable],
  ] as const;
  const head = ["model", "moved", "dropped", "from elsewhere", "averaged", "zeros"];
  const counts = models.map(({ model, moved, dropped, copied, averaged, zeroed }): Cell[] => [
    model,
    ...[moved, dropped, copied, averaged, zeroed].map(({ count }) => formatCount(count)),
  ]);
  return [
    style.heading(`Tokens: ${formatCount(tokens)} in ${plural(rows, "row")}, from the tokenizer of ${donor}`),
    ...renderTable(
      changes
        .filter(([, { count }]) => count > 0)
        .map(([what, count]): Cell[] => [
          [what, style.dim],
          formatCount(count.count),
          [examplesOf(count), style.dim],
        ]),
      "lrl",
    ),
    ...renderTable([head.map((name): Cell => [name, style.dim]), ...counts], "lrrrrr"),
    ...template,
  ];
}

function examplesOf({ count, examples }: TokenCount): string {
  const shown = examples.slice(0, MOST_EXAMPLES).map((token) => JSON.stringify(token));
  return count > shown.length ? `${shown.join(", ")}, ...` : shown.join(", ");
}
