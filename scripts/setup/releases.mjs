// The OpenVINO releases that tests run on: they number element types differently (native/openvino/openvino_types.cc).
export const openvinoReleases = { current: '2026.4.1', older: '2024.6.0' };

// Lean runtimes and cudart of both majors: the real libraries that can be opened without a GPU.
export const leanReleases = { current: '11.4.0.106', older: '10.16.1.11' };
export const cudaReleases = [
  ...Object.values(leanReleases).map((version) => ['tensorrt-lean', version]),
  ['cuda', '13.5.37'],
  ['cuda', '12.9.79'],
];
