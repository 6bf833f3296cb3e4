#include "modernbert/config.h"

namespace modernbert {

std::string_view to_string(BlockKind block) {
  switch (block) {
    case BlockKind::kPreNorm:
      return "prenorm";
    case BlockKind::kPostNorm:
      return "postnorm";
    case BlockKind::kParallel:
      return "parallel_prenorm";
  }
  return "?";
}

std::string_view to_string(MlpKind mlp) {
  return mlp == MlpKind::kGlu ? "glu" : "mlp";
}

std::string_view to_string(NormKind norm) {
  return norm == NormKind::kLayerNorm ? "layernorm" : "rmsnorm";
}

std::string_view to_string(ClassifierPooling pooling) {
  switch (pooling) {
    case ClassifierPooling::kCls:
      return "cls";
    case ClassifierPooling::kMean:
      return "mean";
    case ClassifierPooling::kMax:
      return "max";
  }
  return "?";
}

}  // namespace modernbert
