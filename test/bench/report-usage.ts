// Loaded before the program under measurement (node --import): at its exit, writes what the whole process, worker
// threads included, has used to the file that the environment names.
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const path = process.env.STOCKPOT_BENCH_USAGE;
// Workers inherit --import; only the main thread's exit is the end of the process.
if (isMainThread && path !== undefined) {
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeFileSync(path, JSON.stringify({ userCPUTime, systemCPUTime, maxRSS }));
  });
}
