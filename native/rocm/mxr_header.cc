#include "mxr_header.h"

#include <filesystem>
#include <fstream>
#include <optional>

namespace accelnode::rocm {
namespace {

// As much of MessagePack as the header is written in. Whatever goes wrong leaves `failed`.
class Reader {
 public:
  explicit Reader(const std::string& path)
      : file_(std::filesystem::u8path(path), std::ios::binary) {}

  bool failed() const { return failed_ || !file_; }

  // How many pairs, or elements, come.
  size_t Map() { return Container(0x80, 0xde, 0xdf); }
  size_t Array() { return Container(0x90, 0xdc, 0xdd); }

  std::string Text() {
    const uint8_t tag = Byte();
    size_t length = 0;
    if (tag >= 0xa0 && tag <= 0xbf) {
      length = tag - 0xa0u;
    } else if (tag >= 0xd9 && tag <= 0xdb) {
      length = Number(size_t{1} << (tag - 0xd9));
    } else {
      failed_ = true;
    }
    if (length > kLongest) failed_ = true;
    std::string text(failed() ? 0 : length, '\0');
    file_.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
  }

  void SkipNumber() {
    const uint8_t tag = Byte();
    if (tag >= 0xcc && tag <= 0xd3) {
      Number(size_t{1} << (tag & 3));
    } else if (tag >= 0x80 && tag < 0xe0) {
      failed_ = true;
    }
  }

 private:
  static constexpr size_t kLongest = 1024;

  uint8_t Byte() { return static_cast<uint8_t>(file_.get()); }

  size_t Number(size_t bytes) {
    size_t number = 0;
    for (; bytes > 0; --bytes) number = number << 8 | Byte();
    return number;
  }

  size_t Container(uint8_t small, uint8_t with16, uint8_t with32) {
    const uint8_t tag = Byte();
    if ((tag & 0xf0) == small) return tag & 0x0f;
    if (tag == with16) return Number(2);
    if (tag == with32) return Number(4);
    failed_ = true;
    return 0;
  }

  std::ifstream file_;
  bool failed_ = false;
};

std::optional<MxrHeader> Read(const std::string& path) {
  Reader reader(path);
  MxrHeader header{"before 2.7", {}};  // which did not say
  bool has_targets = false;
  size_t fields = reader.Map();
  for (; fields > 0 && !has_targets && !reader.failed(); --fields) {
    const std::string field = reader.Text();
    if (field == "version") {
      reader.SkipNumber();
    } else if (field == "migraphx_version") {
      header.version = reader.Text();
    } else if (field == "target") {  // before 2.7: one, whose name is empty when there is none
      has_targets = true;
      const std::string name = reader.Text();
      if (!name.empty()) header.targets.push_back(name);
    } else if (field == "targets") {
      has_targets = true;
      for (size_t targets = reader.Array(); targets > 0 && !reader.failed(); --targets) {
        // Each is a map; its name comes first.
        if (reader.Map() != 1 || reader.Text() != "name") return std::nullopt;
        header.targets.push_back(reader.Text());
      }
    } else {
      return std::nullopt;
    }
  }
  if (!has_targets || reader.failed()) return std::nullopt;
  return header;
}

}  // namespace

MxrHeader ReadMxrHeader(const std::string& path) {
  if (std::optional<MxrHeader> header = Read(path)) return *std::move(header);
  throw Error(ErrorCode::MODEL_INVALID, path + " is no compiled model of MIGraphX.")
      .WithHint("The file is damaged, or something else: make it again from the ONNX model.");
}

}  // namespace accelnode::rocm
