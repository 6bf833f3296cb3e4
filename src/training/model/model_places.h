// Where the parameters of each part of a model lie in a block, whatever its family calls them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "training/parameters.h"

namespace modernbert {

inline constexpr int64_t kNowhere = -1;

// Offsets in a block; kNowhere: the part has none.
struct NormPlaces {
  bool exists = false;
  int64_t weight = kNowhere, bias = kNowhere;
};
struct LinearPlaces {
  int64_t out = 0, in = 0;
  int64_t weight = kNowhere, bias = kNowhere;
};
struct LayerPlaces {
  NormPlaces attn_norm;
  LinearPlaces qkv, attn_out;
  NormPlaces mlp_norm;
  int64_t mlp_slope = kNowhere;  // of a PReLU
  LinearPlaces mlp_in, mlp_out;  // the rows of mlp_in may lie behind those of qkv, in one parameter
  // Of the layer's first tensor: BERT's norm stands behind the product, ModernBERT's in front of it.
  int64_t begin() const {
    return attn_norm.weight == kNowhere ? qkv.weight : std::min(attn_norm.weight, qkv.weight);
  }
};
struct ModelPlaces {
  ModelPlaces(const EncoderConfig& config, HeadKind head, const ParameterLayout& layout);
  int64_t tokens = kNowhere, positions = kNowhere, types = kNowhere;
  NormPlaces embedding_norm;
  std::vector<LayerPlaces> layers;
  NormPlaces final_norm;
  LinearPlaces dense;  // of the prediction head
  int64_t head_slope = kNowhere;
  NormPlaces head_norm;
  LinearPlaces projection;  // decoder or classifier; a tied decoder lies where the token embeddings do
};

}  // namespace modernbert
