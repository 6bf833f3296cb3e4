// Aligned columns for people. Widths count code points; the last column is not padded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/byte_writer.h"

namespace modernbert::cli {

enum class Align { kLeft, kRight };

class Table {
 public:
  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}
  void add_row(std::vector<std::string> cells);
  // Each line starts with `indent`.
  void print(ByteWriter& out, std::string_view indent = "") const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// A text on one line, cut to `width` code points with an ellipsis.
std::string shortened(std::string_view text, size_t width = 60);

}  // namespace modernbert::cli
