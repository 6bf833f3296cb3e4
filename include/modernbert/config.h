// Every knob of an encoder. Field names are Hugging Face's where it has one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/activation.h"

namespace modernbert {

enum class NormPlacement { kPre, kPost };  // x += f(norm(x))  |  x = norm(x + f(x))
enum class MlpKind { kGlu, kMlp };         // Wo(act(u) * g), [u,g] = Wi x  |  Wo(act(Wi x))
enum class PositionKind { kRope, kAbsolute };
enum class ClassifierPooling { kCls, kMean };
enum class ProblemType { kUnset, kRegression, kSingleLabel, kMultiLabel };

// What differs from layer to layer.
struct LayerConfig {
  int32_t window = -1;        // keys with |i-j| <= window are visible; -1 = all
  double rope_theta = 10000;  // PositionKind::kRope only
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
  std::string model_type = "modernbert";  // "modernbert" or "bert": decides tensor names only
  std::vector<std::string> architectures;

  int32_t vocab_size = 50368;
  int32_t hidden_size = 768;
  int32_t intermediate_size = 1152;
  int32_t num_hidden_layers = 22;
  int32_t num_attention_heads = 12;
  Activation hidden_activation = Activation::kGelu;
  int32_t max_position_embeddings = 8192;  // rows of the table for kAbsolute; advisory for kRope
  int32_t type_vocab_size = 0;             // 0 = no token types

  NormPlacement norm_placement = NormPlacement::kPre;
  MlpKind mlp_kind = MlpKind::kGlu;
  PositionKind position_kind = PositionKind::kRope;
  bool skip_first_prenorm = true;  // layer 0 has no attention norm (the embedding norm came just before)
  bool final_norm = true;
  double norm_eps = 1e-5;
  bool norm_bias = false;
  bool attention_bias = false;      // Wqkv and Wo
  bool mlp_bias = false;            // Wi and Wo
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
};

// json: the text of a config.json. source: what error messages call it (a path).
// Errors: kInvalidFile, kUnsupported; each names the field, its value and the choices.
EncoderConfig parse_config(std::string_view json, const std::string& source);

}  // namespace modernbert
