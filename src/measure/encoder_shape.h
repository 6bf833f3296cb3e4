// The four numbers that make a ModernBERT encoder, and the matrix products they lead to.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

#include "modernbert/config.h"
#include "ops/linear/linear.h"

namespace modernbert {

struct EncoderShape {
  int32_t layers = 0;
  int32_t hidden = 0;
  int32_t intermediate = 0;

  // Even (rotary embeddings turn pairs), divides hidden and is the one nearest to 64.
  int32_t head_size() const;
  int32_t heads() const { return hidden / head_size(); }
  auto operator<=>(const EncoderShape&) const = default;
};

inline constexpr EncoderShape kBaseShape{22, 768, 1152}, kLargeShape{28, 1024, 2624};

// All else as in ModernBERT-base: every third layer global, GLU, the vocabulary tied.
EncoderConfig config_of(const EncoderShape& shape);

// Of the masked language model.
int64_t parameters_of(const EncoderShape& shape);

// y = x Wᵀ (or y += x Wᵀ) with W [out,in].
struct Product {
  std::string_view name;
  int64_t in = 0;
  int64_t out = 0;
  int64_t group = 1;  // columns that are packed together, as in make_linear
  bool adds = false;

  double flops(int64_t rows) const {
    return 2.0 * static_cast<double>(rows) * static_cast<double>(in) * static_cast<double>(out);
  }
};

// Of one layer: Wqkv, attn.Wo, mlp.Wi, mlp.Wo.
std::array<Product, 4> products_of(const EncoderShape& shape);

// Share of the multiply-adds that meet zeros: columns filled up to panels of 64 (group by group), depth to
// words of 32 bits.
double padding_waste(const Product& product, GemmType type);

}  // namespace modernbert
