import { angles } from "./angles.ts";
import { greedyTrace } from "./greedy-trace.ts";
import { ratioHistogram } from "./ratio-histogram.ts";
import type { CompareReport } from "./report-types.ts";
import { scatter } from "./scatter.ts";
import { splitBars } from "./split-bars.ts";
import { standalone } from "./svg.ts";
import type { Figure } from "./svg.ts";
import { triangleFigure } from "./triangle-figure.ts";

/** The figures of a report, by the section of the page they belong to. */
export interface ReportFigures {
  readonly scores: readonly Figure[];
  readonly splits: readonly Figure[];
  readonly greedy: readonly Figure[];
  readonly geometry: readonly Figure[];
  readonly triangles: readonly Figure[];
}

const present = (...figures: readonly (Figure | undefined)[]) => figures.filter((each) => each !== undefined);

export function figuresOf(report: CompareReport): ReportFigures {
  const { diagnosis, greedy } = report;
  const names = diagnosis?.models.map(({ name }) => name) ?? [];
  return {
    scores: present(scatter(report)),
    splits: splitBars(report),
    greedy: greedy === undefined ? [] : [greedyTrace(greedy)],
    geometry: diagnosis === undefined ? [] : present(angles(diagnosis), ratioHistogram(diagnosis)),
    triangles: diagnosis?.triangles.map((triangle) => triangleFigure(triangle, names)) ?? [],
  };
}

/** Every figure as an SVG document, by file name. */
export function figureFiles(report: CompareReport): ReadonlyMap<string, string> {
  const figures = Object.values(figuresOf(report)) as readonly (readonly Figure[])[];
  return new Map(figures.flat().map((figure) => [`${figure.name}.svg`, standalone(figure)]));
}
