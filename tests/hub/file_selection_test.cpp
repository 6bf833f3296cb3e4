#include "hub/file_selection.h"

#include "hub/hub_fixture.h"

namespace modernbert::hub {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> select(std::vector<std::string> listing) {
  return select_files(listing, "org/model@main");
}

TEST(FileSelection, TakesWhatAModelNeedsWithWeightsLast) {
  EXPECT_THAT(select({".gitattributes", "README.md", "model.safetensors", "config.json", "logo.png",
                      "1_Pooling/config.json", "2_Dense/model.safetensors", "vocab.txt", "merges.txt",
                      "onnx/config.json", "openvino/openvino_model.xml", "pytorch_model.bin",
                      "checkpoint-500/model.safetensors", ".cache/x.json", "training_args.bin"}),
              ElementsAre("config.json", "1_Pooling/config.json", "vocab.txt", "merges.txt",
                          "model.safetensors", "2_Dense/model.safetensors"));
}

TEST(FileSelection, TakesShards) {
  EXPECT_THAT(select({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "model.safetensors.index.json"}),
              ElementsAre("config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                          "model-00002-of-00002.safetensors"));
}

TEST(FileSelection, ExplainsHowToConvertOtherWeights) {
  for (const char* weights : {"pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "model.onnx"}) {
    EXPECT_ERROR(
        select({"config.json", "tokenizer.json", weights, "2_Dense/model.safetensors"}),
        ErrorCode::kUnsupported,
        AllOf(HasSubstr(weights), HasSubstr("from_pretrained(\"org/model\")"), HasSubstr("save_pretrained")));
  }
}

TEST(FileSelection, AcceptsATokenizerAlone) {
  EXPECT_THAT(select({"tokenizer.json"}), ElementsAre("tokenizer.json"));
  EXPECT_THAT(select({"vocab.txt", "training_args.bin"}), ElementsAre("vocab.txt"));
}

TEST(FileSelection, RejectsARepositoryOfSomethingElse) {
  EXPECT_ERROR(select({"README.md", "data.json"}), ErrorCode::kUnsupported, HasSubstr("no *.safetensors"));
}

TEST(FileSelection, RejectsNamesThatLeaveTheFolder) {
  for (const std::string& name :
       {std::string("../config.json"), std::string("/etc/passwd.json"), std::string("a/../../b.json"),
        std::string("a\\b.json"), std::string(""), std::string("a//b.json"), std::string("./a.json"),
        std::string("a/"), std::string("a\nb.json"), std::string("a\0b.json", 8), std::string(300, 'a')}) {
    EXPECT_FALSE(is_safe_file_name(name));
    EXPECT_ERROR(select({"config.json", "model.safetensors", name}), ErrorCode::kInvalidFile,
                 HasSubstr("inside the repository"));
  }
  for (const char* name : {"a.json", "1_Pooling/config.json", "..a/b", "a b.txt"}) {
    EXPECT_TRUE(is_safe_file_name(name)) << name;
  }
}

}  // namespace
}  // namespace modernbert::hub
