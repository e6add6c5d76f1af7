import type { ErrorCode, Problem } from "../errors.ts";

export const fault = (code: ErrorCode, message: string, hint: string): Problem => {
  return { code, severity: "error", message, hint };
};

export const doubt = (code: ErrorCode, message: string, hint: string): Problem => {
  return { code, severity: "warning", message, hint };
};
