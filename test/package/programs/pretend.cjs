// Preloaded: makes this process look as if it ran elsewhere. PRETEND_PLATFORM, PRETEND_ARCH; PRETEND_GLIBC, none for musl.
const { PRETEND_PLATFORM: platform, PRETEND_ARCH: arch, PRETEND_GLIBC: glibc } = process.env;
if (platform !== undefined) Object.defineProperty(process, 'platform', { value: platform });
if (arch !== undefined) Object.defineProperty(process, 'arch', { value: arch });
if (glibc !== undefined) {
  const header = glibc === 'none' ? {} : { glibcVersionRuntime: glibc };
  process.report.getReport = () => ({ header });
}
