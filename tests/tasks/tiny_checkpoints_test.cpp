// Small checkpoints with what real ones have: a tensor that no layer uses, a head without its dense part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/file.h"
#include "model_folders.h"
#include "modernbert/modernbert.h"
#include "tensor/safetensors.h"

namespace modernbert::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

fs::path tiny(const std::string& name) {
  return shared_dir() / "data" / "checkpoints" / name;
}

// The last hidden states of a text where every value of one tensor (fp32 or bf16) is replaced by other bytes.
std::vector<float> hidden_with_damaged(const fs::path& folder, const std::string& tensor) {
  std::string bytes = read_file(folder / "model.safetensors");
  const TensorMap tensors = parse_safetensors(std::as_bytes(std::span(bytes)), "model.safetensors");
  if (!tensor.empty()) {
    const Tensor& found = tensors.at(tensor);
    const auto offset = reinterpret_cast<const char*>(found.data) - bytes.data();
    const size_t size = static_cast<size_t>(found.elements()) * size_of(found.dtype);
    std::memset(bytes.data() + offset, 0x41, size);  // 0x41414141 = 12.08, 0x4141 = 12.06
  }
  const LinkedFolder copy({folder});
  fs::remove(copy.path() / "model.safetensors");
  write_file_atomically(copy.path() / "model.safetensors", bytes);
  const std::vector<std::string> texts = {"A text of some tokens."};
  return load_fp32(copy.path()).hidden_states(texts).values;
}

TEST(TinyCheckpoints, AStrayNormOfTheFirstLayerIsIgnored) {
  MB_SKIP_UNLESS_EXISTS(tiny("tiny_modernbert"));
  const std::vector<float> expected = hidden_with_damaged(tiny("tiny_modernbert"), "");
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(hidden_with_damaged(tiny("tiny_modernbert"), "model.layers.0.attn_norm.weight"), expected);
  // The tensor behind it is not.
  EXPECT_NE(hidden_with_damaged(tiny("tiny_modernbert"), "model.layers.0.attn.Wqkv.weight"), expected);
}

TEST(TinyCheckpoints, AnNerModelWithoutItsHeadIsRefused) {
  MB_SKIP_UNLESS_EXISTS(tiny("tiny_modernbert_ner"));
  try {
    const Ner ner(load_fp32(tiny("tiny_modernbert_ner")));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(
        error.what(),
        AllOf(HasSubstr("no tensor head.dense.weight: the checkpoint lacks the token-classification head"),
              HasSubstr("config.json says ModernBertForTokenClassification")));
  }
}

TEST(TinyCheckpoints, TheClassifierClassifies) {
  MB_SKIP_UNLESS_EXISTS(tiny("tiny_modernbert_classifier"));
  const Classify classify(load_fp32(tiny("tiny_modernbert_classifier")));
  const auto labels = classify(std::vector<std::string>{"A text."}).at(0);
  float sum = 0;
  for (const LabelScore& label : labels) sum += label.score;
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST(TinyCheckpoints, AnEncoderAloneEmbeds) {
  for (const char* name : {"tiny_modernbert", "tiny_bert"}) {
    MB_SKIP_UNLESS_EXISTS(tiny(name));
    const Model model = load_fp32(tiny(name));
    EXPECT_EQ(Embed(model)(std::vector<std::string>{"A text."}).dim, model.config().hidden_size);
    EXPECT_THROW(FillMask{model}, Error);
  }
}

}  // namespace
}  // namespace modernbert::testing
