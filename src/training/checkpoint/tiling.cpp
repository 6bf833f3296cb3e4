#include "training/checkpoint/tiling.h"

#include <fmt/format.h>

#include <cmath>

#include "core/check.h"
#include "core/fail.h"

namespace modernbert {
namespace {

int64_t wrapped(int64_t index, int64_t offset, int64_t size) {
  return ((index - offset) % size + size) % size;
}

MatView<const float> matrix_of(const ParameterInfo& info, const ParameterBlock& block) {
  const int64_t rows = info.shape.size() > 1 ? info.shape[0] : 1;
  return {block.of(info).data(), rows, info.size / rows};
}

MatView<float> matrix_of(const ParameterInfo& info, ParameterBlock& block) {
  const int64_t rows = info.shape.size() > 1 ? info.shape[0] : 1;
  return {block.of(info).data(), rows, info.size / rows};
}

// Rows of a matrix, or of a vector, which is one row here.
template <class View>
View map_of(const View& x, bool is_vector, int64_t first, int64_t rows) {
  return is_vector ? x.slice_cols(first, rows) : x.slice_rows(first, rows);
}

// Each map that the tensor holds is tiled on its own.
void tile_parameter(const ParameterInfo& from, MatView<const float> x, const ParameterInfo& to,
                    MatView<float> y) {
  const bool is_vector = to.shape.size() == 1;
  int64_t from_row = 0, to_row = 0;
  for (size_t map = 0; map < to.maps.size(); ++map) {
    tile_from_middle(map_of(x, is_vector, from_row, from.maps[map]),
                     map_of(y, is_vector, to_row, to.maps[map]));
    from_row += from.maps[map];
    to_row += to.maps[map];
  }
}

// The name of the tensor that `name` is filled from.
std::string source_name(const std::string& name, const std::vector<int32_t>& layers) {
  constexpr std::string_view kStem = "model.layers.";
  if (!name.starts_with(kStem)) return name;
  const size_t end = name.find('.', kStem.size());
  const int layer = std::stoi(name.substr(kStem.size(), end - kStem.size()));
  return fmt::format("{}{}{}", kStem, layers[static_cast<size_t>(layer)], name.substr(end));
}

void check_sizes(const EncoderConfig& from, const EncoderConfig& to) {
  const auto refuse = [](const char* field, int64_t small, int64_t large, const char* want) {
    fail(ErrorCode::kInvalidArgument, "model.tile_from: {} is {} there and {} here, want {}", field, small,
         large, want);
  };
  if (from.vocab_size != to.vocab_size) refuse("vocab_size", from.vocab_size, to.vocab_size, "the same");
  if (from.hidden_size > to.hidden_size)
    refuse("hidden_size", from.hidden_size, to.hidden_size, "at least as much");
  if (from.intermediate_size > to.intermediate_size)
    refuse("intermediate_size", from.intermediate_size, to.intermediate_size, "at least as much");
  if (from.num_hidden_layers > to.num_hidden_layers)
    refuse("num_hidden_layers", from.num_hidden_layers, to.num_hidden_layers, "at least as many");
}

}  // namespace

void tile_from_middle(MatView<const float> x, MatView<float> y) {
  MB_CHECK(x.rows > 0 && x.cols > 0 && x.rows <= y.rows && x.cols <= y.cols);
  const int64_t row_offset = (y.rows - x.rows) / 2, col_offset = (y.cols - x.cols) / 2;
  for (int64_t r = 0; r < y.rows; ++r) {
    const float* from = x.row_data(wrapped(r, row_offset, x.rows));
    float* to = y.row_data(r);
    for (int64_t c = 0; c < y.cols; ++c) to[c] = from[wrapped(c, col_offset, x.cols)];
  }
}

std::vector<int32_t> tiled_layers(int32_t small, int32_t large) {
  std::vector<int32_t> layers;
  for (int32_t i = 0; i < large; ++i) {
    // nearbyint rounds halves to even in the default mode, as Python's round does.
    const double exact = static_cast<double>(i) * small / large;
    layers.push_back(std::min(small - 1, static_cast<int32_t>(std::nearbyint(exact))));
  }
  return layers;
}

void tile_parameters(const EncoderConfig& from_config, const ParameterBlock& from,
                     const EncoderConfig& to_config, ParameterBlock& to) {
  check_sizes(from_config, to_config);
  const auto layers = tiled_layers(from_config.num_hidden_layers, to_config.num_hidden_layers);
  for (const ParameterInfo& info : to.layout().parameters()) {
    // The original leaves the final norm at ones; so do we.
    if (info.name.starts_with("model.final_norm")) continue;
    const ParameterInfo* source = from.layout().find(source_name(info.name, layers));
    if (source == nullptr) continue;
    if (source->maps.size() != info.maps.size())
      fail(ErrorCode::kInvalidArgument, "model.tile_from: {} holds {} maps there and {} here, want as many",
           info.name, source->maps.size(), info.maps.size());
    tile_parameter(*source, matrix_of(*source, from), info, matrix_of(info, to));
  }
}

}  // namespace modernbert
