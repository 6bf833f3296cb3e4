// A tiny data set and a recipe that trains on it in seconds.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "program.h"
#include "shared_files.h"

namespace modernbert::testing {

class Pretrain : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.file("text.txt")) << read_bytes(source_dir() / "docs" / "cli.md");
    const auto made = run_program({"train-tokenizer", "--vocab-size", "400", "-o", data("tokenizer"),
                                   folder_.file("text.txt"), "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto tokenized =
        run_program({"tokenize-corpus", "--tokenizer", data("tokenizer"), "-o", data("corpus"), "--format",
                     "paragraphs", "--held-out", "0.1", folder_.file("text.txt"), "--quiet"});
    ASSERT_EQ(tokenized.exit_code, 0) << tokenized.err;
    std::ofstream(folder_.file("recipe.yaml")) << recipe();
  }
  std::string data(const std::string& name) const { return folder_.file(name); }
  std::string recipe() const {
    return "name: tiny\ndata:\n  sources: {path: " + data("corpus") + "}\n  sequence_length: 32\n" +
           "model: {hidden_size: 64, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 1, "
           "local_attention: 16}\n"
           "batch: {sequences: 4, micro_batch: 2}\nschedule: {tokens: 1k}\n"
           "evaluation: {batches: 1, sentences: [\"a [MASK]\"]}\ncheckpoint: {every: 2}\n";
  }
  Arguments pretrain(Arguments more = {}) const {
    Arguments all = {"pretrain", folder_.file("recipe.yaml"), "--output", data("run")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
};

}  // namespace modernbert::testing
