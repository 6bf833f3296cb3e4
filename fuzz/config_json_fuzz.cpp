// A config.json of any bytes: a configuration that is accepted is consistent.
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "modernbert/config.h"
#include "modernbert/error.h"

namespace {

void check_consistent(const modernbert::EncoderConfig& config) {
  MB_CHECK(config.hidden_size > 0 && config.num_attention_heads > 0 && config.vocab_size > 0);
  MB_CHECK(config.head_dim() * config.num_attention_heads == config.hidden_size);
  MB_CHECK(config.layers.size() == static_cast<size_t>(config.num_hidden_layers));
  MB_CHECK(config.id2label.size() == static_cast<size_t>(config.num_labels));
  for (const auto& layer : config.layers) MB_CHECK(layer.window >= -1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    check_consistent(modernbert::parse_config({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const modernbert::Error& error) {
    MB_CHECK(error.code() != modernbert::ErrorCode::kInternal);
  }
  return 0;
}
