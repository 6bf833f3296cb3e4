#include "cli/table.h"

#include <algorithm>

#include "cli/failure.h"
#include "core/utf8.h"

namespace modernbert::cli {

void Table::add_row(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

void Table::print(ByteWriter& out, std::string_view indent) const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], count_code_points(row[c]));
  }
  for (const auto& row : rows_) {
    std::string line(indent);
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - count_code_points(row[c]), ' ');
      const bool last = c + 1 == row.size();
      if (columns_[c] == Align::kRight) line += padding;
      line += row[c];
      if (columns_[c] == Align::kLeft && !last) line += padding;
      if (!last) line += "  ";
    }
    out.write(line + "\n");
  }
}

std::string shortened(std::string_view text, size_t width) {
  const std::string line = on_one_line(text);
  size_t end = 0;
  for (size_t count = 0; end < line.size(); ++count) {
    if (count == width) return line.substr(0, end) + "…";
    next_code_point(line, end);
  }
  return line;
}

}  // namespace modernbert::cli
