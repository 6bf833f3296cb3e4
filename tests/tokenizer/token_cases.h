// Comparison of encodings with expected ones in JSON.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modernbert/tokenizer.h"

namespace modernbert::testing {

using Json = nlohmann::json;

inline std::vector<Json> read_json_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
}

inline Json spans_json(const std::vector<TextSpan>& spans) {
  Json list = Json::array();
  for (const TextSpan& span : spans) list.push_back({span.begin, span.end});
  return list;
}

// Compares the fields that `expected` has.
inline void expect_encoding(const Encoding& encoding, const Json& expected) {
  const Json found = {{"ids", encoding.ids},
                      {"tokens", encoding.tokens},
                      {"offsets", spans_json(encoding.offsets)},
                      {"type_ids", encoding.type_ids},
                      {"special", encoding.special_tokens_mask},
                      {"word_ids", encoding.word_ids},
                      {"sequence_ids", encoding.sequence_ids}};
  for (const auto& [field, value] : found.items()) {
    if (expected.contains(field)) {
      EXPECT_EQ(value, expected[field]) << field;
    }
  }
  if (!expected.contains("overflow")) return;
  ASSERT_EQ(encoding.overflowing.size(), expected["overflow"].size());
  for (size_t i = 0; i < encoding.overflowing.size(); ++i) {
    SCOPED_TRACE("window " + std::to_string(i + 1));
    expect_encoding(encoding.overflowing[i], expected["overflow"][i]);
  }
}

// byte_offsets name the same characters as offsets.
inline void expect_same_characters(const Encoding& encoding, std::string_view text) {
  std::vector<int32_t> chars_before = {0};
  for (const char byte : text) {
    chars_before.push_back(chars_before.back() + ((static_cast<unsigned char>(byte) & 0xC0) != 0x80));
  }
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto& [begin, end] = encoding.byte_offsets[i];
    ASSERT_LE(static_cast<size_t>(end), text.size());
    EXPECT_EQ(chars_before[static_cast<size_t>(begin)], encoding.offsets[i].begin) << "token " << i;
    EXPECT_EQ(chars_before[static_cast<size_t>(end)], encoding.offsets[i].end) << "token " << i;
  }
}

}  // namespace modernbert::testing
