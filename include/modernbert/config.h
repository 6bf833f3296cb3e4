// Every knob of an encoder. Field names are Hugging Face's where it has one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/activation.h"

namespace modernbert {

// How a layer puts its attention and its MLP around the residual stream x:
//   kPreNorm    x += attention(norm(x)), then x += mlp(norm(x))
//   kPostNorm   x = norm(x + attention(x)), then x = norm(x + mlp(x))
//   kParallel   x += attention(h) + mlp(h) with h = norm(x)
enum class BlockKind { kPreNorm, kPostNorm, kParallel };
enum class NormKind { kLayerNorm, kRmsNorm };
enum class MlpKind { kGlu, kMlp };  // Wo(act(u) * g), [u,g] = Wi x  |  Wo(act(Wi x))
enum class ClassifierPooling { kCls, kMean, kMax };
enum class ProblemType { kUnset, kRegression, kSingleLabel, kMultiLabel };

// Under FlexBERT's names: "prenorm", "glu", "layernorm", "cls", …
std::string_view to_string(BlockKind block);
std::string_view to_string(MlpKind mlp);
std::string_view to_string(NormKind norm);
std::string_view to_string(ClassifierPooling pooling);

// What may differ from layer to layer.
struct LayerConfig {
  int32_t window = -1;        // keys with |i-j| <= window are visible; -1 = all
  double rope_theta = 10000;  // base of the rotary positions
  int32_t rope_dim = -1;      // numbers of each head that are rotated, from its first on; 0 = none, -1 = all
  BlockKind block = BlockKind::kPreNorm;
  MlpKind mlp = MlpKind::kGlu;
};

// dense -> activation -> norm in front of a decoder or classifier; each part may be missing.
struct PredictionHeadConfig {
  bool dense = true;
  bool dense_bias = false;
  Activation activation = Activation::kGelu;
  bool norm = true;
  bool norm_bias = false;
};

struct EncoderConfig {
  std::string model_type = "modernbert";  // "modernbert", "bert" or "flex_bert": decides tensor names only
  std::vector<std::string> architectures;

  int32_t vocab_size = 50368;
  int32_t hidden_size = 768;
  int32_t intermediate_size = 1152;
  int32_t num_hidden_layers = 22;
  int32_t num_attention_heads = 12;
  Activation hidden_activation = Activation::kGelu;
  int32_t max_position_embeddings = 8192;  // rows of the table of absolute positions; else advisory
  int32_t type_vocab_size = 0;             // 0 = no token types

  bool absolute_positions = false;  // a learned row for each position is added to the token's
  bool rope_interleaved = false;    // rotated pairs are (0,1), (2,3), … instead of (0,n/2), (1,n/2+1), …
  bool embedding_norm = true;
  bool skip_first_prenorm = true;  // layer 0 has no attention norm (the embedding norm came just before)
  bool final_norm = true;
  NormKind norm_kind = NormKind::kLayerNorm;
  double norm_eps = 1e-5;
  bool norm_weight = true;
  bool norm_bias = false;
  bool attn_qkv_bias = false;
  bool attn_out_bias = false;
  bool mlp_in_bias = false;
  bool mlp_out_bias = false;
  std::vector<LayerConfig> layers;  // num_hidden_layers entries

  PredictionHeadConfig mlm_head;
  bool decoder_bias = true;
  bool tie_word_embeddings = true;
  PredictionHeadConfig sequence_head;  // sequence classification and multiple choice, on pooled rows
  PredictionHeadConfig token_head;     // token classification and question answering, on every row
  ClassifierPooling classifier_pooling = ClassifierPooling::kCls;

  int32_t num_labels = 2;
  std::vector<std::string> id2label;  // num_labels names, "LABEL_i" where the file has none
  ProblemType problem_type = ProblemType::kUnset;

  int32_t pad_token_id = 50283;
  int32_t bos_token_id = 50281;
  int32_t eos_token_id = 50282;
  int32_t cls_token_id = 50281;
  int32_t sep_token_id = 50282;

  int32_t head_dim() const { return hidden_size / num_attention_heads; }
  int32_t rope_dim(const LayerConfig& layer) const {
    return layer.rope_dim < 0 ? head_dim() : layer.rope_dim;
  }
  // Whether the layer has a norm of its own in front of its attention (a parallel layer: of all of it).
  bool has_attn_norm(size_t layer) const {
    return layers[layer].block == BlockKind::kPostNorm || layer > 0 || !skip_first_prenorm;
  }
};

// json: the text of a config.json. source: what error messages call it (a path).
// Errors: kInvalidFile, kUnsupported; each names the field, its value and the choices.
EncoderConfig parse_config(std::string_view json, const std::string& source);

}  // namespace modernbert
