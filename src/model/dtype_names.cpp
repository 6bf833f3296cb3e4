#include <array>

#include "core/names.h"
#include "modernbert/dtype.h"

namespace modernbert {
namespace {

constexpr std::array kComputeTypes = {
    NamedValue<ComputeType>{"auto", ComputeType::kAuto}, NamedValue<ComputeType>{"fp32", ComputeType::kFp32},
    NamedValue<ComputeType>{"bf16", ComputeType::kBf16}, NamedValue<ComputeType>{"int8", ComputeType::kInt8}};
constexpr std::array kBackends = {NamedValue<Backend>{"cpu", Backend::kCpu},
                                  NamedValue<Backend>{"ref", Backend::kRef}};

// A caller's value, not a file's.
template <class Enum>
Enum parse_argument(std::string_view name, std::span<const NamedValue<Enum>> choices,
                    const std::string& field) {
  try {
    return parse_name<Enum>(name, choices, field);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, error.what());
  }
}

}  // namespace

ComputeType parse_compute_type(std::string_view name) {
  return parse_argument<ComputeType>(name, kComputeTypes, "dtype");
}
std::string_view to_string(ComputeType type) {
  return name_of<ComputeType>(type, kComputeTypes);
}
Backend parse_backend(std::string_view name) {
  return parse_argument<Backend>(name, kBackends, "backend");
}
std::string_view to_string(Backend backend) {
  return name_of<Backend>(backend, kBackends);
}

}  // namespace modernbert
