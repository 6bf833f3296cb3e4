#include "measure/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ops/attention/attention_panel.h"
#include "ops/panel/panel_kernel.h"

namespace modernbert {
namespace {

using PredictShape = std::function<Prediction(const EncoderShape&)>;

Proposal proposal_of(const EncoderShape& shape, const PredictShape& predict_shape) {
  return {shape, parameters_of(shape), predict_shape(shape)};
}

// The deepest encoder of this width that is fast enough.
std::optional<Proposal> deepest_within(double seconds, const Width& width,
                                       const PredictShape& predict_shape) {
  for (int32_t layers = width.layers.most; layers >= width.layers.least; --layers) {
    const Proposal proposal = proposal_of(width.with_layers(layers), predict_shape);
    if (proposal.prediction.seconds <= seconds) return proposal;
  }
  return std::nullopt;
}

std::vector<Proposal> fastest_of_size(const DesignRequest& request, const PredictShape& predict_shape,
                                      const std::function<void(size_t, size_t)>& progress) {
  std::vector<Proposal> proposals;
  const std::vector<EncoderShape> shapes = shapes_with_parameters(request.parameters, request.layers);
  for (const EncoderShape& shape : shapes) {
    if (progress) progress(proposals.size(), shapes.size());
    proposals.push_back(proposal_of(shape, predict_shape));
  }
  std::ranges::sort(proposals, {}, [](const Proposal& p) { return p.prediction.seconds; });
  return proposals;
}

std::vector<Proposal> largest_in_time(const DesignRequest& request, const PredictShape& predict_shape,
                                      const std::function<void(size_t, size_t)>& progress) {
  std::vector<Proposal> proposals;
  const std::vector<Width> all = widths(request.layers);
  for (size_t i = 0; i < all.size(); ++i) {
    if (progress) progress(i, all.size());
    if (auto proposal = deepest_within(request.latency_seconds, all[i], predict_shape))
      proposals.push_back(*proposal);
  }
  std::ranges::sort(proposals, std::greater<>(), [](const Proposal& p) { return p.parameters; });
  return proposals;
}

}  // namespace

double SizeEfficiency::padding() const {
  double useful = 0, all = 0;
  for (const ProductEfficiency& product : products) {
    const double flops = product.product.flops(1);
    useful += flops;
    all += flops / (1 - product.padding);
  }
  return 1 - useful / all;
}

std::vector<Proposal> propose(const DesignRequest& request, const PredictShape& predict_shape,
                              const std::function<void(size_t, size_t)>& progress) {
  std::vector<Proposal> proposals = request.parameters > 0
                                        ? fastest_of_size(request, predict_shape, progress)
                                        : largest_in_time(request, predict_shape, progress);
  if (proposals.size() > request.top) proposals.resize(request.top);
  return proposals;
}

std::vector<EncoderShape> explained_shapes() {
  std::vector<EncoderShape> shapes;
  const auto add = [&shapes](int32_t layers, int32_t hidden, int32_t intermediate) {
    shapes.push_back({layers, hidden, intermediate});
  };
  for (const auto& [hidden, intermediate] :
       {std::pair{768, 1152}, {760, 1152}, {768, 1088}, {768, 1150}, {800, 1200}, {832, 1280}})
    add(kBaseShape.layers, hidden, intermediate);
  for (const auto& [hidden, intermediate] :
       {std::pair{1024, 2624}, {1000, 2600}, {1024, 2560}, {1024, 2730}, {1088, 2624}})
    add(kLargeShape.layers, hidden, intermediate);
  return shapes;
}

SizeEfficiency measure_sizes(const EncoderShape& shape, int64_t length, double gemm_peak_gflops,
                             GemmType type, const ProductSeconds& product_seconds) {
  SizeEfficiency sizes{shape, {}, 0};
  const std::array<Product, 4> products = products_of(shape);
  double flops = 0, seconds = 0;
  for (size_t i = 0; i < products.size(); ++i) {
    const double product_flops = products[i].flops(length), product_time = product_seconds(products[i]);
    sizes.products[i] = {products[i], 1e-9 * product_flops / product_time / gemm_peak_gflops,
                         padding_waste(products[i], type)};
    flops += product_flops;
    seconds += product_time;
  }
  sizes.share_of_peak = 1e-9 * flops / seconds / gemm_peak_gflops;
  return sizes;
}

std::vector<std::string> size_remarks(const EncoderShape& shape) {
  constexpr int64_t kGateHalf = kPanelColumns / 2;
  std::vector<std::string> remarks;
  if (shape.head_size() != kPanelHeadDim)
    remarks.push_back(fmt::format("heads of {}: no fast attention", shape.head_size()));
  if (shape.hidden % kPanelColumns != 0)
    remarks.push_back(fmt::format("{} % {}: both Wo add in a second pass", shape.hidden, kPanelColumns));
  if (shape.intermediate % kGateHalf != 0)
    remarks.push_back(fmt::format("{} % {}: Wi's last panel is part zeros", shape.intermediate, kGateHalf));
  if (remarks.empty()) remarks.push_back("whole panels and heads");
  return remarks;
}

}  // namespace modernbert
