export { BarChart, ScatterChart } from 'echarts/charts';
export { GridComponent, MarkLineComponent } from 'echarts/components';
export { init, use } from 'echarts/core';
export { SVGRenderer } from 'echarts/renderers';
