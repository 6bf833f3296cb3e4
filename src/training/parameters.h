// Interim.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/cost.h"
#include "model/weights.h"
#include "modernbert/config.h"
#include "tensor/matrix.h"

namespace modernbert {

struct ParameterInfo {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0, size = 0;
  bool decays() const { return shape.size() > 1 && !name.ends_with(".bias"); }
};

class ParameterLayout {
 public:
  ParameterLayout(const EncoderConfig& config, HeadKind head);
  std::span<const ParameterInfo> parameters() const { return parameters_; }
  int64_t size() const { return size_; }
  const ParameterInfo* find(std::string_view name) const {
    for (const auto& p : parameters_)
      if (p.name == name) return &p;
    return nullptr;
  }

 private:
  void add(const std::string& name, std::vector<int64_t> shape);
  std::vector<ParameterInfo> parameters_;
  int64_t size_ = 0;
};

class ParameterBlock {
 public:
  explicit ParameterBlock(std::shared_ptr<const ParameterLayout> layout)
      : layout_(layout), values_(static_cast<size_t>(layout->size())) {
    std::fill_n(values_.data(), layout->size(), 0.0f);
  }
  std::span<float> values() { return {values_.data(), static_cast<size_t>(layout_->size())}; }
  std::span<const float> values() const { return {values_.data(), static_cast<size_t>(layout_->size())}; }
  std::span<float> of(const ParameterInfo& p) { return values().subspan(p.offset, p.size); }
  std::span<const float> of(const ParameterInfo& p) const { return values().subspan(p.offset, p.size); }
  const ParameterLayout& layout() const { return *layout_; }

 private:
  std::shared_ptr<const ParameterLayout> layout_;
  AlignedBuffer<float> values_;
};

void load_parameters(const Weights& weights, ParameterBlock& block);
void initialize_parameters(const EncoderConfig& config, uint64_t seed, ParameterBlock& block);

}  // namespace modernbert
