import { isKind, OPAQUE } from "./values.ts";
import type { PickleMachine } from "./machine.ts";

type Step = (machine: PickleMachine) => void;

const tuple =
  (length: number): Step =>
  ({ stack }) =>
    stack.pushObject(stack.take(length));

const text =
  (length: (machine: PickleMachine) => number): Step =>
  (machine) =>
    machine.stack.push(machine.bytes.text(length(machine)));

const blob =
  (length: (machine: PickleMachine) => number): Step =>
  (machine) => {
    machine.bytes.skip(length(machine));
    machine.stack.push(OPAQUE);
  };

const uint8 = ({ bytes }: PickleMachine) => bytes.uint8();
const uint32 = ({ bytes }: PickleMachine) => bytes.uint32();
const uint64 = ({ bytes }: PickleMachine) => bytes.uint64();

/**
 * The opcodes that Python's and torch's picklers write in protocols 2 to 5, by their character; the others are not
 * read: those of protocols 0 and 1 and of Python 2, which torch's zip files never had, extension codes, and buffers
 * outside the pickle.
 */
export const OPCODES: Readonly<Record<string, Step>> = {
  "\x80": (machine) => machine.setProtocol(machine.bytes.uint8()),
  // A frame says how much to read at once; all of it is here.
  "\x95": ({ bytes }) => void bytes.uint64(),
  ".": (machine) => machine.stop(),

  N: ({ stack }) => stack.push(null),
  "\x88": ({ stack }) => stack.push(true),
  "\x89": ({ stack }) => stack.push(false),
  J: ({ stack, bytes }) => stack.push(bytes.int32()),
  K: ({ stack, bytes }) => stack.push(bytes.uint8()),
  M: ({ stack, bytes }) => stack.push(bytes.uint16()),
  "\x8a": ({ stack, bytes }) => stack.push(bytes.integer(bytes.uint8()) ?? OPAQUE),
  G: ({ stack, bytes }) => stack.push(bytes.float64()),
  X: text(uint32),
  "\x8c": text(uint8),
  "\x8d": text(uint64),
  C: blob(uint8),
  B: blob(uint32),
  "\x8e": blob(uint64),
  "\x96": blob(uint64),

  "(": ({ stack }) => stack.mark(),
  "0": ({ stack }) => void stack.pop(),
  "1": ({ stack }) => void stack.takeMarked(),
  q: ({ stack, bytes }) => stack.memoize(bytes.uint8()),
  r: ({ stack, bytes }) => stack.memoize(bytes.uint32()),
  "\x94": ({ stack }) => stack.memoize(),
  h: ({ stack, bytes }) => stack.recall(bytes.uint8()),
  j: ({ stack, bytes }) => stack.recall(bytes.uint32()),

  ")": tuple(0),
  "\x85": tuple(1),
  "\x86": tuple(2),
  "\x87": tuple(3),
  t: ({ stack }) => stack.pushObject(stack.takeMarked()),
  "]": ({ stack }) => stack.pushObject([]),
  "}": ({ stack }) => stack.pushObject(new Map()),
  // A set, which never holds what is looked for.
  "\x8f": ({ stack }) => stack.push(OPAQUE),
  "\x91": ({ stack }) => {
    stack.takeMarked();
    stack.push(OPAQUE);
  },
  "\x90": ({ stack }) => void stack.takeMarked(),
  a: (machine) => machine.append(machine.stack.take(1)),
  e: (machine) => machine.append(machine.stack.takeMarked()),
  s: (machine) => machine.setItems(machine.stack.take(2)),
  u: (machine) => machine.setItems(machine.stack.takeMarked()),

  c: (machine) => machine.global(machine.bytes.line(), machine.bytes.line()),
  "\x93": (machine) => {
    const [module, name] = machine.stack.take(2);
    machine.global(module, name);
  },
  Q: (machine) => machine.storage(machine.stack.pop()),
  R: (machine) => machine.call(machine.stack.take(2)),
  "\x81": (machine) => machine.call(machine.stack.take(2)),
  // With keyword arguments, which say nothing about tensors.
  "\x92": (machine) => machine.call(machine.stack.take(3).slice(0, 2)),
  // Attributes, such as the versions that a state dict keeps of its modules: not asked for.
  b: (machine) => {
    const { stack } = machine;
    stack.pop();
    const target = stack.top();
    const carries = target instanceof Map || isKind(target, "tensor") || isKind(target, "opaque");
    if (!carries) machine.refuse("attributes are set on something that has none");
  },
};
