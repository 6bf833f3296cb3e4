// The trainable tensors of a model: their names, shapes and places in one block of floats. Values, gradients
// and optimiser moments all have the same layout.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/cost.h"
#include "model/weights.h"
#include "modernbert/config.h"
#include "tensor/matrix.h"

namespace modernbert {

struct ParameterInfo {
  std::string name;  // Hugging Face's, such as "model.layers.3.attn.Wqkv.weight"
  std::vector<int64_t> shape;
  int64_t offset = 0;  // in the block, floats
  int64_t size = 0;
  // Rows of the maps that lie one below the other in it: queries, keys, values; the halves of a GLU.
  std::vector<int64_t> maps;
  // Whether weight decay applies: not to vectors, not to biases.
  bool decays() const { return shape.size() > 1 && !name.ends_with(".bias"); }
};

// Immutable. A tied decoder is no parameter of its own. Every tensor starts at a cache line, except that
// BERT's queries, keys and values lie one after another: together they are the [3H,H] matrix of one product.
class ParameterLayout {
 public:
  ParameterLayout(const EncoderConfig& config, HeadKind head);
  std::span<const ParameterInfo> parameters() const { return parameters_; }
  int64_t size() const { return size_; }
  // Null where there is none of this name.
  const ParameterInfo* find(std::string_view name) const;

 private:
  std::vector<ParameterInfo> parameters_;
  std::unordered_map<std::string, size_t> index_;
  int64_t size_ = 0;
};

// Zero-initialised; gaps between tensors stay zero.
class ParameterBlock {
 public:
  explicit ParameterBlock(std::shared_ptr<const ParameterLayout> layout);
  std::span<float> values() { return {values_.data(), static_cast<size_t>(layout_->size())}; }
  std::span<const float> values() const { return {values_.data(), static_cast<size_t>(layout_->size())}; }
  std::span<float> of(const ParameterInfo& parameter) {
    return values().subspan(parameter.offset, parameter.size);
  }
  std::span<const float> of(const ParameterInfo& parameter) const {
    return values().subspan(parameter.offset, parameter.size);
  }
  const ParameterLayout& layout() const { return *layout_; }

 private:
  std::shared_ptr<const ParameterLayout> layout_;
  AlignedBuffer<float> values_;
};

// From any checkpoint of the layout's config, whatever prefix and old names it uses.
// Error (kNotFound, kInvalidFile) naming the tensor that is missing or of another shape.
void load_parameters(const Weights& weights, ParameterBlock& block);

}  // namespace modernbert
