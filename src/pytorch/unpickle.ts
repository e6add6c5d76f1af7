import type { Fail } from "../safetensors/failure.ts";
import { PickleMachine } from "./machine.ts";
import { OPCODES } from "./opcodes.ts";
import type { PickleValue } from "./values.ts";

/** Reads a pickle without running any of it; names of Python objects outside a fixed list are refused. */
export function unpickle(bytes: Uint8Array, fail: Fail): PickleValue {
  const machine = new PickleMachine(bytes, fail);
  while (machine.result === undefined) {
    const code = machine.bytes.uint8();
    const step = OPCODES[String.fromCharCode(code)];
    if (step === undefined)
      return machine.refuse(`opcode 0x${code.toString(16)} is none that torch.save writes`);
    step(machine);
  }
  return machine.result;
}
