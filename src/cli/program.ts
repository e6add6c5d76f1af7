import { Command as Program, CommanderError, Option } from "commander";
import { UsageError } from "../index.ts";
import type { Command } from "./command.ts";
import { aliasCommand } from "./commands/alias.ts";
import { cacheCommand } from "./commands/cache.ts";
import { compareCommand } from "./commands/compare.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { mergeCommand } from "./commands/merge.ts";
import { methodsCommand } from "./commands/methods.ts";
import { planCommand } from "./commands/plan.ts";
import { pullCommand } from "./commands/pull.ts";
import { pushCommand } from "./commands/push.ts";
import { schemaCommand } from "./commands/schema.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT_STATUS_ROWS } from "./exit-status.ts";
import type { Io } from "./io.ts";
import { textWidth, wantsColour } from "./io.ts";
import { MERGEKIT_OPTIONS } from "./mergekit-options.ts";
import { docOf, negatedFlags } from "./option-row.ts";
import type { OptionRow } from "./option-row.ts";
import { COMMON_OPTIONS, optionRow } from "./options.ts";
import type { OptionName, OptionValues } from "./options.ts";
import { reportError } from "./report-error.ts";
import { createStyle } from "./style.ts";
import { renderTable } from "./table.ts";

export const COMMANDS: readonly Command[] = [
  mergeCommand,
  planCommand,
  compareCommand,
  evaluateCommand,
  inspectCommand,
  verifyCommand,
  pullCommand,
  pushCommand,
  cacheCommand,
  methodsCommand,
  schemaCommand,
  aliasCommand,
];

const MERGEKIT_HEADING = "Flags of mergekit's programs:";

/** Every flag of a command, its own and those that all commands have. */
const optionsOf = (command: Command): readonly OptionName[] => [...command.options, ...COMMON_OPTIONS];

export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  const colour = !argv.includes("--no-color");
  let status = 0;
  const program = createProgram(io, colour, (given) => (status = given));
  try {
    await program.parseAsync(argv, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // Without a command there is only the help, which commander has printed.
    if (error instanceof CommanderError && error.code === "commander.help")
      return new UsageError("USAGE", "").exitStatus;
    return reportError(error instanceof CommanderError ? usageError(error, argv) : error, io, {
      style: createStyle(wantsColour(io.stderr, io.environment, colour)),
      json: argv.includes("--json"),
      debug: argv.includes("--debug"),
    });
  }
}

/** Says in our form what commander says in its own: "error: unknown option '--x'\n(Did you mean --y?)". */
function usageError(error: CommanderError, argv: readonly string[]): UsageError {
  const [, message = "", suggestion] =
    /^(?:error: )?(.*?)\n?(\(Did you mean .*\))?$/s.exec(error.message) ?? [];
  const command = COMMANDS.find(({ name }) => name === argv[0]);
  const help = `"stockpot ${command === undefined ? "" : `${command.name} `}--help" explains.`;
  const hint = suggestion === undefined ? help : `${suggestion.slice(1, -1)} ${help}`;
  return new UsageError("USAGE", message.charAt(0).toUpperCase() + message.slice(1), { hint });
}

function createProgram(io: Io, colour: boolean, finish: (status: number) => void): Program {
  const program = new Program("stockpot");
  program
    .description(
      "Merges neural-network weights from a YAML recipe. Model Stock unless the recipe says otherwise.",
    )
    .option("-V, --version", "Print the version.")
    .helpOption("-h, --help", "Explain the program or a command.")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Reported by runProgram, together with all other errors.
      outputError: () => undefined,
      getOutHelpWidth: () => textWidth(io.stdout),
      getErrHelpWidth: () => textWidth(io.stderr),
      getOutHasColors: () => wantsColour(io.stdout, io.environment, colour),
      getErrHasColors: () => wantsColour(io.stderr, io.environment, colour),
    })
    .configureHelp({ styleTitle: createStyle(true).heading, styleOptionTerm: createStyle(true).name })
    .addHelpText("after", exitStatusHelp());
  for (const command of COMMANDS) addCommand(program, command, io, finish);
  return program;
}

function addCommand(program: Program, command: Command, io: Io, finish: (status: number) => void): void {
  const sub = program.command(command.name).summary(command.summary).description(command.description);
  for (const { name, doc } of command.arguments) sub.argument(name, doc);
  for (const name of optionsOf(command)) {
    for (const option of commanderOptions(optionRow(name, command.optionDocs))) sub.addOption(option);
  }
  const examples = command.examples.map(([line, purpose]) => [`stockpot ${line}`, purpose]);
  sub.addHelpText("after", ["", "Examples:", ...renderTable(examples, "ll")].join("\n"));
  sub.action(async () => {
    const options = sub.opts<OptionValues>();
    const context = {
      io,
      options,
      style: createStyle(wantsColour(io.stdout, io.environment, options.color)),
      errorStyle: createStyle(wantsColour(io.stderr, io.environment, options.color)),
    };
    finish(await command.run(context, ...sub.args));
  });
}

/** The flag, and its --no- form if it has one; those of mergekit stand apart in the help. */
function commanderOptions(row: OptionRow): Option[] {
  const { flags, parse, negated } = row;
  const option = new Option(flags, docOf(row));
  if (parse !== undefined) option.argParser(parse);
  const options = negated === undefined ? [option] : [option, new Option(negatedFlags(flags), negated)];
  const isMergekits = Object.values<OptionRow>(MERGEKIT_OPTIONS).includes(row);
  return isMergekits ? options.map((each) => each.helpGroup(MERGEKIT_HEADING)) : options;
}

function exitStatusHelp(): string {
  const rows = EXIT_STATUS_ROWS.map(({ status, meaning }) => [String(status), meaning]);
  return ["", "Exit status:", ...renderTable(rows, "rl")].join("\n");
}
