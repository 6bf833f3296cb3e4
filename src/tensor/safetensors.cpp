#include "tensor/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/fail.h"
#include "core/json.h"

namespace modernbert {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kMaxRank = 8;

struct ByteRange {
  uint64_t begin;
  uint64_t end;
  const std::string* name;
};

// Element count of a shape, or an error where it exceeds what a file can hold.
uint64_t checked_elements(const std::vector<int64_t>& shape, const std::string& where) {
  uint64_t count = 1;
  for (const int64_t size : shape) {
    if (size != 0 && count > std::numeric_limits<uint64_t>::max() / 16 / static_cast<uint64_t>(size)) {
      fail(ErrorCode::kInvalidFile, "{}: shape has too many elements", where);
    }
    count *= static_cast<uint64_t>(size);
  }
  return count;
}

std::vector<int64_t> read_shape(const Json& value, const std::string& where) {
  if (!value.is_array() || value.size() > kMaxRank) {
    fail(ErrorCode::kInvalidFile, "{}: shape is {}, want a list of at most {} sizes", where, brief(value),
         kMaxRank);
  }
  std::vector<int64_t> shape;
  for (const Json& size : value) {
    if (!size.is_number_unsigned() || size.get<uint64_t>() > (uint64_t{1} << 48)) {
      fail(ErrorCode::kInvalidFile, "{}: shape is {}, want non-negative integers", where, brief(value));
    }
    shape.push_back(size.get<int64_t>());
  }
  return shape;
}

std::pair<uint64_t, uint64_t> read_offsets(const Json& value, uint64_t data_bytes, const std::string& where) {
  const bool well_formed =
      value.is_array() && value.size() == 2 && value[0].is_number_unsigned() && value[1].is_number_unsigned();
  if (!well_formed) {
    fail(ErrorCode::kInvalidFile, "{}: data_offsets is {}, want [begin, end]", where, brief(value));
  }
  const auto begin = value[0].get<uint64_t>();
  const auto end = value[1].get<uint64_t>();
  if (begin > end || end > data_bytes) {
    fail(ErrorCode::kInvalidFile, "{}: data_offsets is [{},{}], want a range inside the {} bytes of data",
         where, begin, end, data_bytes);
  }
  return {begin, end};
}

Json parse_header(std::span<const std::byte> bytes, uint64_t& header_bytes, const std::string& source) {
  if (bytes.size() < sizeof header_bytes) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes, too short for a safetensors header", source, bytes.size());
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  const uint64_t available = bytes.size() - sizeof header_bytes;
  if (header_bytes > kMaxHeaderBytes || header_bytes > available) {
    fail(ErrorCode::kInvalidFile, "{}: header of {} bytes, want at most {} (the file may be truncated)",
         source, header_bytes, std::min(available, kMaxHeaderBytes));
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof header_bytes;
  Json header = parse_json({text, header_bytes}, source, RepeatedKeys::kReject);
  if (!header.is_object()) fail(ErrorCode::kInvalidFile, "{}: header is not a JSON object", source);
  return header;
}

void reject_overlaps(std::vector<ByteRange> ranges, const std::string& source) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      fail(ErrorCode::kInvalidFile, "{}: {} and {} overlap", source, *ranges[i - 1].name, *ranges[i].name);
    }
  }
}

Tensor read_entry(const Json& entry, std::span<const std::byte> data, const std::string& source,
                  const std::string& name, std::vector<ByteRange>& ranges) {
  const std::string where = source + ": " + name;
  const JsonObject fields(entry, where);
  Tensor tensor;
  tensor.source = source;
  const auto dtype = parse_dtype(fields.string("dtype", ""));
  if (!dtype) fields.reject("dtype", "F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL");
  tensor.dtype = *dtype;
  if (!fields.has("shape")) fields.reject("shape", "a list of sizes");
  if (!fields.has("data_offsets")) fields.reject("data_offsets", "[begin, end]");
  tensor.shape = read_shape(*fields.find("shape"), where);
  const auto [begin, end] = read_offsets(*fields.find("data_offsets"), data.size(), where);
  const uint64_t want = checked_elements(tensor.shape, where) * size_of(*dtype);
  if (end - begin != want) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes of data, want {} for {} {}", where, end - begin, want,
         to_string(*dtype), tensor.shape_text());
  }
  tensor.data = data.data() + begin;
  if (begin != end) ranges.push_back({begin, end, &name});
  return tensor;
}

}  // namespace

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::string Tensor::shape_text() const {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

std::vector<float> Tensor::to_floats() const {
  if (!is_floating(dtype))
    fail(ErrorCode::kInvalidFile, "{}: a tensor is {}, want F64, F32, F16 or BF16", source, to_string(dtype));
  std::vector<float> values(static_cast<size_t>(elements()));
  convert_to_float(dtype, data, values.size(), values.data());
  return values;
}

std::vector<int32_t> Tensor::to_ints() const {
  std::vector<int32_t> values(static_cast<size_t>(elements()));
  if (dtype == DType::kI32) {
    std::memcpy(values.data(), data, values.size() * sizeof(int32_t));
    return values;
  }
  if (dtype != DType::kI64)
    fail(ErrorCode::kInvalidFile, "{}: a tensor is {}, want I32 or I64", source, to_string(dtype));
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t value = 0;
    std::memcpy(&value, data + i * sizeof value, sizeof value);
    if (!std::in_range<int32_t>(value))
      fail(ErrorCode::kInvalidFile, "{}: integer {} does not fit 32 bits", source, value);
    values[i] = static_cast<int32_t>(value);
  }
  return values;
}

TensorMap parse_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  uint64_t header_bytes = 0;
  const Json header = parse_header(bytes, header_bytes, source);
  const auto data = bytes.subspan(sizeof header_bytes + header_bytes);
  TensorMap tensors;
  std::vector<ByteRange> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto it = tensors.emplace(name, Tensor{}).first;
    it->second = read_entry(entry, data, source, it->first, ranges);
  }
  reject_overlaps(std::move(ranges), source);
  return tensors;
}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile file;
  file.file_ = MappedFile::open(path);
  file.tensors_ = parse_safetensors(file.file_.bytes(), path.string());
  return file;
}

const Tensor& SafetensorsFile::require(std::string_view name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end()) fail(ErrorCode::kNotFound, "{}: no tensor {}", file_.path().string(), name);
  return it->second;
}

}  // namespace modernbert
