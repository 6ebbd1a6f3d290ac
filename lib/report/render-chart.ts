/** SVG by ECharts, without a browser. */

/** An option of ECharts. Its types are of no use outside, and the library is loaded late. */
export type ChartOption = Record<string, unknown>;

export interface ChartSize {
  width: number;
  height: number;
}

/** Draws a chart. */
export type RenderChart = (option: ChartOption, size: ChartSize, label: string) => string;

/** Loads what the reports' charts need of ECharts, and nothing else of it. */
export async function loadRenderer(): Promise<RenderChart> {
  const echarts = await import('../third-party/echarts.js');
  const { BarChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer } = echarts;
  echarts.use([BarChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);
  let drawn = 0;
  return (option, size, label) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
    try {
      chart.setOption(option);
      return forPage(chart.renderToSVGString(), ++drawn, label);
    } finally {
      chart.dispose(); // else the process would not end
    }
  };
}

/**
 * Several drawings on a page must not share identifiers; what a mouse would change needs rules that a page without scripts
 * has no use for; and the drawing is one picture with a name.
 */
function forPage(svg: string, number: number, label: string): string {
  return svg
    .replaceAll(/<style\s*>[^]*?<\/style>/g, '')
    .replaceAll(/ class="zr\d+-cls-\d+"/g, '')
    .replaceAll(/ ecmeta_\w+="[^"]*"/g, '')
    .replaceAll(/zr\d+-/g, `chart${number}-`)
    .replace(/^<svg width="\d+" height="\d+"/, `<svg role="img" aria-label="${escapeHtml(label)}"`);
}

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character]!);
}
