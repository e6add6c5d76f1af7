import type { Fail } from "../safetensors/failure.ts";
import { PickleMachine } from "./machine.ts";
import { OPCODES } from "./opcodes.ts";
import type { PickleValue } from "./values.ts";

/** A tensor takes about fifty: 200,000 tensors in one file. */
const MAX_STEPS = 10_000_000;

/** Reads a pickle without running any of it; names of Python objects outside a fixed list are refused. */
export function unpickle(bytes: Uint8Array, fail: Fail): PickleValue {
  const machine = new PickleMachine(bytes, fail);
  for (let steps = 0; machine.result === undefined; steps++) {
    if (steps > MAX_STEPS) {
      const what = `its pickle has more than ${MAX_STEPS} steps, more than any checkpoint needs`;
      throw fail("FORMAT_PICKLE_LIMIT", what);
    }
    const code = machine.bytes.uint8();
    const step = OPCODES[String.fromCharCode(code)];
    if (step === undefined)
      return machine.refuse(`opcode 0x${code.toString(16)} is none that torch.save writes`);
    step(machine);
  }
  return machine.result;
}
