#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { processIo } from "./io.ts";
import { run } from "./run.ts";

process.exitCode = await run(process.argv.slice(2), processIo(fileURLToPath(import.meta.url)));
