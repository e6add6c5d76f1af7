import type { MergePlan } from "../plan/types.ts";
import { pagesOf } from "../report/pages.ts";
import type { CompareReport } from "../report/report-types.ts";
import {
  listOutput,
  makeDirectory,
  refuseContent,
  refuseInputs,
  removeDirectories,
} from "../sink/directory.ts";
import { Staging } from "../sink/staging.ts";

/** The output folder of a comparison. */
interface ReportOutput {
  /** Writes every page of the report; all appear, or none. */
  readonly commit: (report: CompareReport) => Promise<void>;
  /** Removes what was written of the report, and the folders that were made for it if nothing else is in them. */
  readonly abort: () => Promise<void>;
}

/** Opens the output folder: refuses one that holds something, unless `force`, or one with an input in it. */
export async function openReport(out: string, plan: MergePlan, force: boolean): Promise<ReportOutput> {
  await refuseInputs(out, plan);
  refuseContent(out, (await listOutput(out)) ?? [], force);
  const made = await makeDirectory(out);
  const staging = new Staging(out);
  return {
    commit: async (report) => {
      const pages = pagesOf(report);
      for (const [name, text] of pages) await staging.write(name, text);
      for (const name of pages.keys()) await staging.place(name);
      await staging.complete();
    },
    abort: async () => {
      await staging.discard();
      await removeDirectories(made);
    },
  };
}
