// How fast an encoder of a given shape would be, from the measured speeds of its parts.
#pragma once

#include <functional>

#include "measure/encoder_shape.h"
#include "measure/forward_speed.h"
#include "measure/peaks.h"

namespace modernbert {

// What predictions rest on besides the products: attention and passes over rows as this machine runs them.
struct MachineSpeed {
  Peaks peaks;
  double full_attention = 0;  // share of the attention peak, by visible keys only
  double local_attention = 0;
  // Norms, activations, rotation, conversion and waiting, for each value of the residual stream and of the
  // MLP's inner rows that a layer passes over.
  double seconds_per_value = 0;
  double read_gbytes_per_s = 0;
};

// Seconds that a product takes for all rows of the text.
using ProductSeconds = std::function<double(const Product&)>;

// One forward pass over one text.
struct Prediction {
  double gemm_seconds = 0;
  double attention_seconds = 0;
  double row_seconds = 0;
  double stream_seconds = 0;  // reading the packed weights once: no pass is faster
  double seconds = 0;
  double share_of_peak = 0;
};

Prediction predict(const EncoderShape& shape, int64_t length, const MachineSpeed& machine, GemmType type,
                   const ProductSeconds& product_seconds);

// The same options with the type and the number of threads that an encoder makes of them.
EncoderOptions resolve_options(const EncoderOptions& options);

// Runs two small encoders, one with global and one with local attention only (some seconds).
// options: from resolve_options.
MachineSpeed measure_machine(const EncoderOptions& options, int64_t length,
                             const ProductSeconds& product_seconds);

// An encoder of this shape with random weights on one text; see measure_forward.
ForwardSpeed measure_shape(const EncoderShape& shape, int64_t length, const EncoderOptions& options,
                           double min_seconds);

}  // namespace modernbert
