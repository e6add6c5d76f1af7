export type ScalarValue = null | boolean | number | string;

// The rules of YAML 1.1 as PyYAML applies them, which mergekit reads recipes with: a float needs a dot and, in an
// exponent, a sign (1e-5 is text); yes and no are booleans, y and n are text; 010 is octal; 1:30 is sexagesimal.
const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INTEGER = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function sexagesimal(digits: string): number {
  return digits.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}

function integer(digits: string): number {
  if (digits.startsWith("0b")) return parseInt(digits.slice(2), 2);
  if (digits.startsWith("0x")) return parseInt(digits.slice(2), 16);
  if (digits.includes(":")) return sexagesimal(digits);
  return digits.startsWith("0") ? parseInt(digits, 8) : Number(digits);
}

function float(digits: string): number {
  const word = digits.toLowerCase();
  if (word === ".inf") return Infinity;
  if (word === ".nan") return NaN;
  return digits.includes(":") ? sexagesimal(digits) : Number(digits);
}

function signed(text: string, read: (digits: string) => number): number {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  return text.startsWith("-") ? -read(digits) : read(digits);
}

/** The value of an unquoted scalar. */
export function resolvePlainScalar(text: string): ScalarValue {
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (INTEGER.test(text)) return signed(text, integer);
  if (FLOAT.test(text)) return signed(text, float);
  return text;
}

const PREFIX = "tag:yaml.org,2002:";

/** The value of a scalar with an explicit tag; undefined if the tag is unknown or the text does not fit it. */
export function resolveTaggedScalar(tag: string, text: string): ScalarValue | undefined {
  if (tag === "!" || tag === `${PREFIX}str`) return text;
  const value = resolvePlainScalar(text);
  if (tag === `${PREFIX}null`) return null;
  if (tag === `${PREFIX}bool`) return typeof value === "boolean" ? value : undefined;
  if (tag !== `${PREFIX}int` && tag !== `${PREFIX}float`) return undefined;
  const isFloat = tag === `${PREFIX}float`;
  if (typeof value === "number" && (isFloat || INTEGER.test(text))) return value;
  const number = isFloat && text.trim() !== "" ? signed(text, float) : NaN;
  return Number.isNaN(number) ? undefined : number;
}
