#include "training/distributed/communicator.h"

#include <string>

namespace modernbert {

Json broadcast(Communicator& processes, const Json& value) {
  std::string text = processes.is_first() ? value.dump() : "";
  uint64_t length = text.size();
  processes.broadcast(std::as_writable_bytes(std::span(&length, 1)));
  text.resize(length);
  processes.broadcast(std::as_writable_bytes(std::span(text)));
  return Json::parse(text);
}

}  // namespace modernbert
