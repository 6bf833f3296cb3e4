// JSON for standard output: fields in the order they are set, numbers in the fewest digits that read back as
// the same float32, NaN and infinity as null.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cli/byte_writer.h"
#include "modernbert/tokenizer.h"

namespace modernbert::cli {

using OutJson =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, int64_t, uint64_t, float>;

// One value on one line. Text that is not valid UTF-8 (never from valid input) gets U+FFFD.
void write_json_line(ByteWriter& out, const OutJson& value);

// [[begin,end],…]
OutJson to_json(const std::vector<TextSpan>& spans);

}  // namespace modernbert::cli
