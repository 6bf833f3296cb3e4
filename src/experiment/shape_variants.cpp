#include "experiment/shape_variants.h"

#include "core/fail.h"
#include "core/file.h"

namespace modernbert {

namespace fs = std::filesystem;

std::string shapes_experiment(const std::string& base, const std::vector<EncoderShape>& shapes) {
  std::string text = fmt::format("base: {}\nvariants:\n", base);
  for (const EncoderShape& shape : shapes) {
    text +=
        fmt::format("  - name: {0}x{1}x{2}\n    set: {{model: {{num_hidden_layers: {0}, hidden_size: {1}, ",
                    shape.layers, shape.hidden, shape.intermediate);
    text += fmt::format("intermediate_size: {}, num_attention_heads: {}}}}}\n", shape.intermediate,
                        shape.heads());
  }
  return text;
}

void write_shapes_experiment(const fs::path& path, const fs::path& base,
                             const std::vector<EncoderShape>& shapes) {
  if (shapes.empty()) fail(ErrorCode::kInvalidArgument, "{}: no shape to write", path.string());
  if (!fs::exists(base)) fail(ErrorCode::kNotFound, "{}: no such recipe", base.string());
  const fs::path folder = fs::absolute(path).parent_path();
  write_file_atomically(path, shapes_experiment(fs::proximate(fs::absolute(base), folder).string(), shapes));
}

}  // namespace modernbert
