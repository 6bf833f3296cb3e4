#include "tiny_model.h"

#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "program.h"

namespace modernbert::testing {
namespace {

constexpr int64_t kVocab = 8192, kHidden = 16, kInner = 8;

struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;
};

std::vector<NamedShape> encoder_tensors() {
  return {{"model.embeddings.tok_embeddings.weight", {kVocab, kHidden}},
          {"model.embeddings.norm.weight", {kHidden}},
          {"model.layers.0.attn.Wqkv.weight", {3 * kHidden, kHidden}},
          {"model.layers.0.attn.Wo.weight", {kHidden, kHidden}},
          {"model.layers.0.mlp_norm.weight", {kHidden}},
          {"model.layers.0.mlp.Wi.weight", {2 * kInner, kHidden}},
          {"model.layers.0.mlp.Wo.weight", {kHidden, kInner}},
          {"model.final_norm.weight", {kHidden}}};
}

std::vector<NamedShape> head_tensors(int64_t outputs) {
  return {{"head.dense.weight", {kHidden, kHidden}},
          {"head.norm.weight", {kHidden}},
          {"classifier.weight", {outputs, kHidden}},
          {"classifier.bias", {outputs}}};
}

// F32 values from -1 to 1, the same in every run.
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedShape>& tensors) {
  std::minstd_rand random(7);
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const NamedShape& tensor : tensors) {
    int64_t count = 1;
    for (const int64_t size : tensor.shape) count *= size;
    const size_t begin = data.size();
    for (int64_t i = 0; i < count; ++i) {
      const float value = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
      data.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  write_bytes(path, file + text + data);
}

void write_config(const std::filesystem::path& folder, const TinyModel& model) {
  nlohmann::json config = {{"model_type", "modernbert"},  {"architectures", {model.architecture}},
                           {"vocab_size", kVocab},        {"hidden_size", kHidden},
                           {"intermediate_size", kInner}, {"num_hidden_layers", 1},
                           {"num_attention_heads", 2},    {"max_position_embeddings", 512}};
  for (size_t i = 0; i < model.labels.size(); ++i) {
    config["id2label"][std::to_string(i)] = model.labels[i];
    config["label2id"][model.labels[i]] = i;
  }
  write_bytes(folder / "config.json", config.dump());
}

void link_tokenizer(const std::filesystem::path& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    std::filesystem::create_symlink(std::filesystem::path(nano()) / name, folder / name);
  }
}

}  // namespace

void write_tiny_model(const std::filesystem::path& folder, const TinyModel& model) {
  link_tokenizer(folder);
  write_config(folder, model);
  std::vector<NamedShape> tensors = encoder_tensors();
  if (model.architecture != "ModernBertModel") {
    const bool choice = model.architecture.ends_with("MultipleChoice");
    for (NamedShape& tensor : head_tensors(choice ? 1 : static_cast<int64_t>(model.labels.size()))) {
      tensors.push_back(std::move(tensor));
    }
  }
  write_safetensors(folder / "model.safetensors", tensors);
}

void write_tiny_colbert(const std::filesystem::path& folder) {
  write_tiny_model(folder, {"ModernBertModel", {}});
  std::filesystem::create_directory(folder / "1_Dense");
  write_bytes(folder / "modules.json",
              R"([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                  {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"}])");
  write_bytes(folder / "config_sentence_transformers.json",
              R"({"query_prefix": "[UNK]", "document_prefix": "[PAD]", "query_length": 8,
                  "document_length": 32, "do_query_expansion": true, "skiplist_words": ["."]})");
  write_bytes(folder / "1_Dense" / "config.json",
              R"({"in_features": 16, "out_features": 4, "bias": false,
                  "activation_function": "torch.nn.modules.linear.Identity"})");
  write_safetensors(folder / "1_Dense" / "model.safetensors", {{"linear.weight", {4, kHidden}}});
}

}  // namespace modernbert::testing
