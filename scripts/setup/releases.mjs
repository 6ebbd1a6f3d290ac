// The OpenVINO releases that tests run on: they number element types differently (native/openvino/openvino_types.cc).
export const openvinoReleases = { current: '2026.4.1', older: '2024.6.0' };
