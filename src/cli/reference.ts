import type { Command } from "./command.ts";
import { EXIT_STATUS_ROWS } from "./exit-status.ts";
import { COMMON_OPTIONS, OPTIONS } from "./options.ts";
import type { OptionName } from "./options.ts";
import { COMMANDS } from "./program.ts";

/** docs/cli.md: what `--help` says, on one page. */
export function renderReference(): string {
  const sections = [
    "# Command line",
    "Made from the tables that `--help` prints; `npm run gen` writes this page.",
    ...COMMANDS.map(renderCommand),
    "## Flags of all commands",
    renderOptions(COMMON_OPTIONS),
    "## Exit status",
    "| status | meaning |\n| ---: | --- |",
  ];
  const rows = EXIT_STATUS_ROWS.map(({ status, meaning }) => `| ${String(status)} | ${meaning} |`);
  return `${sections.join("\n\n")}\n${rows.join("\n")}\n`;
}

function renderCommand(command: Command): string {
  const names = command.arguments.map(({ name }) => name);
  const parts = [`## stockpot ${[command.name, ...names].join(" ")}`, command.description];
  if (command.arguments.length > 0) {
    parts.push(command.arguments.map(({ name, doc }) => `- \`${name}\`: ${doc}`).join("\n"));
  }
  if (command.options.length > 0) parts.push(renderOptions(command.options));
  const examples = command.examples.map(([line, purpose]) => `# ${purpose}\nstockpot ${line}`);
  parts.push(`\`\`\`sh\n${examples.join("\n\n")}\n\`\`\``);
  return parts.join("\n\n");
}

function renderOptions(names: readonly OptionName[]): string {
  const rows = names.map((name) => `| \`${OPTIONS[name].flags}\` | ${OPTIONS[name].doc} |`);
  return ["| flag | meaning |", "| --- | --- |", ...rows].join("\n");
}
