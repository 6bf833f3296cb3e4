#include "cli/json_output.h"

namespace modernbert::cli {

void write_json_line(ByteWriter& out, const OutJson& value) {
  out.write(value.dump(-1, ' ', false, OutJson::error_handler_t::replace));
  out.write("\n");
}

OutJson to_json(const std::vector<TextSpan>& spans) {
  OutJson list = OutJson::array();
  for (const TextSpan& span : spans) list.push_back({span.begin, span.end});
  return list;
}

}  // namespace modernbert::cli
