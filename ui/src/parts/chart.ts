// ECharts with the parts that the pages use, and what all charts have in common.

import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { colour } from "../lib/colours.ts";

echarts.use([BarChart, LineChart, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

export type Option = echarts.EChartsCoreOption;
export { echarts };

/** Grid, legend and tooltip as all charts have them; `write` puts a value into words with its unit. */
export function frame(write: (value: number) => string): Option {
  const [text, dim, line, sheet] = [colour("text"), colour("dim"), colour("line"), colour("sheet")];
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
    grid: { left: 8, right: 16, top: 34, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { type: "scroll", top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: text } },
    tooltip: {
      trigger: "axis",
      // Markup from strings is not let in by the page's policy.
      renderMode: "richText",
      backgroundColor: sheet,
      borderColor: line,
      textStyle: { color: text, fontSize: 12 },
      axisPointer: { lineStyle: { color: dim } },
      valueFormatter: (value: unknown) => (typeof value === "number" ? write(value) : "–"),
    },
  };
}

/** An axis of values. */
export function valueAxis(write: (value: number) => string): Option {
  return {
    type: "value",
    axisLabel: { color: colour("dim"), formatter: write },
    splitLine: { lineStyle: { color: colour("line") } },
  };
}

/** An axis of time in UTC; `write` puts seconds into words. */
export function timeAxis(from_s: number, to_s: number, write: (at_s: number) => string): Option {
  return {
    type: "time",
    min: from_s * 1000,
    max: to_s * 1000,
    axisLabel: { color: colour("dim"), hideOverlap: true, formatter: (at_ms: number) => write(at_ms / 1000) },
    axisLine: { lineStyle: { color: colour("line") } },
    axisTick: { show: false },
    axisPointer: { label: { show: false } },
  };
}
