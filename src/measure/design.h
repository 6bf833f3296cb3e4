// Encoder shapes that suit this machine: proposals for a budget, and why sizes are good or bad here.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/design_budget.h"
#include "measure/product_speed.h"
#include "measure/shape_prediction.h"

namespace modernbert {

struct DesignRequest {
  int64_t parameters = 0;      // exactly one of the two budgets is set
  double latency_seconds = 0;  // of one text
  int64_t length = 512;        // tokens of that text
  LayerRange layers;
  size_t top = 10;
};

struct Proposal {
  EncoderShape shape;
  int64_t parameters = 0;
  Prediction prediction;
};

// Best first: the most tokens/s for a parameter budget; the most parameters for a latency budget.
// At most request.top; empty where no shape fits.   progress: called with (shapes done, of how many).
std::vector<Proposal> propose(const DesignRequest& request,
                              const std::function<Prediction(const EncoderShape&)>& predict_shape,
                              const std::function<void(size_t, size_t)>& progress = {});

// One product of a layer on this machine.
struct ProductEfficiency {
  Product product;
  double share_of_peak = 0;
  double padding = 0;  // padding_waste
};

// A pair of sizes; the depth plays no part.
struct SizeEfficiency {
  EncoderShape shape;
  std::array<ProductEfficiency, 4> products;
  double share_of_peak = 0;  // of the four together

  double padding() const;  // of the four together
};

// ModernBERT-base's and -large's sizes, each with neighbours, awkward ones among them.
std::vector<EncoderShape> explained_shapes();

SizeEfficiency measure_sizes(const EncoderShape& shape, int64_t length, double gemm_peak_gflops,
                             GemmType type, const ProductSeconds& product_seconds);

// What speaks for or against the sizes, from their arithmetic alone.
std::vector<std::string> size_remarks(const EncoderShape& shape);

}  // namespace modernbert
