#include "measure/encoder_shape.h"

#include <cstdlib>

#include "model/cost.h"
#include "ops/panel/panel_kernel.h"

namespace modernbert {
namespace {

constexpr int32_t kBestHeadSize = 64;
constexpr int64_t kGateGroup = 64;  // as the encoder packs mlp.Wi: 32 values with their 32 gates

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// As pack_weight lays them out.
int64_t packed_columns(const Product& product) {
  const int64_t group =
      product.group < kPanelColumns ? kPanelColumns / product.group * product.group : product.group;
  return round_up(product.out, group) / group * round_up(group, kPanelColumns);
}

int64_t values_per_word(GemmType type) {
  return type == GemmType::kBf16 ? 2 : type == GemmType::kInt8 ? 4 : 1;
}

}  // namespace

int32_t EncoderShape::head_size() const {
  int32_t best = hidden;
  for (int32_t size = 2; size <= hidden; size += 2) {
    if (hidden % size == 0 && std::abs(size - kBestHeadSize) < std::abs(best - kBestHeadSize)) best = size;
  }
  return best;
}

EncoderConfig config_of(const EncoderShape& shape) {
  EncoderConfig config = parse_config(
      R"({"model_type": "modernbert", "architectures": ["ModernBertForMaskedLM"]})", "encoder shape");
  config.hidden_size = shape.hidden;
  config.intermediate_size = shape.intermediate;
  config.num_attention_heads = shape.heads();
  config.num_hidden_layers = shape.layers;
  // Layers 0 and 1 are one global and one local; the pattern is continued for any depth.
  const LayerConfig global = config.layers[0], local = config.layers[1];
  config.layers.clear();
  for (int32_t i = 0; i < shape.layers; ++i) config.layers.push_back(i % 3 == 0 ? global : local);
  return config;
}

int64_t parameters_of(const EncoderShape& shape) {
  return count_parameters(config_of(shape), HeadKind::kMaskedLm).total();
}

std::array<Product, 4> products_of(const EncoderShape& shape) {
  const int64_t hidden = shape.hidden, inner = shape.intermediate;
  return {{{"Wqkv", hidden, 3 * hidden, shape.head_size(), false},
           {"attn.Wo", hidden, hidden, 1, true},
           {"mlp.Wi", hidden, 2 * inner, kGateGroup, false},
           {"mlp.Wo", inner, hidden, 1, true}}};
}

double padding_waste(const Product& product, GemmType type) {
  const auto useful = static_cast<double>(product.in * product.out);
  const auto packed =
      static_cast<double>(round_up(product.in, values_per_word(type)) * packed_columns(product));
  return 1 - useful / packed;
}

}  // namespace modernbert
