// The one exception type of the library. Thrown at boundaries (files, arguments, network), never by kernels.
#pragma once

#include <stdexcept>
#include <string>

namespace modernbert {

enum class ErrorCode {
  kInvalidArgument,  // a caller's value: an option, a text, a length
  kNotFound,         // a file, a tensor, a model, a label that is not there
  kInvalidFile,      // foreign bytes that contradict their format or each other
  kUnsupported,      // well-formed, but something this version does not implement
  kIo,               // the operating system refused: permission, disk full, closed pipe
  kNetwork,          // a download failed
  kInternal,         // a broken invariant of ours
};

// One line that says what, where, found and expected, for example
// `model.safetensors: layers.3.attn.Wqkv.weight is [2304,767], want [2304,768]`.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace modernbert
