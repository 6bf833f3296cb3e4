// Where embeddings go: JSON lines, an .npy file, a table for people.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cli/byte_writer.h"
#include "modernbert/embed.h"

namespace modernbert::cli {

// [rows, columns], row-major; floats for kFloat32, else bytes (int8 and binary: two's complement).
struct EmbeddingRows {
  EmbeddingPrecision precision = EmbeddingPrecision::kFloat32;
  int32_t columns = 0;
  std::span<const float> floats;
  std::span<const uint8_t> bytes;
};

// Not thread-safe.
class EmbeddingSink {
 public:
  virtual ~EmbeddingSink() = default;
  virtual void write(const EmbeddingRows& rows) = 0;
  // Nothing is in its place before this. columns, precision: of every row, also where there was none.
  virtual void finish(EmbeddingPrecision precision, int32_t columns) = 0;
};

// One {"embedding":[…]} a line.   out: outlives the sink.
std::unique_ptr<EmbeddingSink> make_json_sink(ByteWriter& out);
std::unique_ptr<EmbeddingSink> make_table_sink(ByteWriter& out);
// By the path's ending, .npy or .jsonl.
std::unique_ptr<EmbeddingSink> make_file_sink(const std::string& path);

}  // namespace modernbert::cli
