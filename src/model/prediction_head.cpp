#include "model/prediction_head.h"

#include <algorithm>
#include <utility>

namespace modernbert {

PredictionHead::PredictionHead(const LoadedEncoder& encoder, const PredictionHeadConfig& config,
                               PredictionHeadParams params)
    : threads_(encoder.threads()),
      activation_(config.activation, params.slope),
      norm_(std::move(params.norm)) {
  if (params.dense)
    dense_ = encoder.make_head_linear(std::as_const(params.dense->weight).view(), params.dense->bias);
}

Matrix PredictionHead::apply(MatView<const float> x) const {
  Matrix y(x.rows, x.cols);
  if (dense_) {
    apply_linear(*dense_, x, y.view(), threads_);
  } else {
    for (int64_t r = 0; r < x.rows; ++r) std::ranges::copy(x.row(r), y.row(r).begin());
  }
  for (int64_t r = 0; r < y.rows(); ++r) apply_activation(activation_, y.row(r), y.row(r));
  if (norm_) normalize(norm_->rows(), y.view(), y.view());
  return y;
}

}  // namespace modernbert
