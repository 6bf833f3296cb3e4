// Token classification with entity aggregation, as Hugging Face's token-classification pipeline.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"
#include "modernbert/prepared_texts.h"

namespace modernbert {

enum class Aggregation { kNone, kSimple, kFirst, kAverage, kMax };
Aggregation parse_aggregation(std::string_view name);

struct NerOptions {
  Aggregation aggregation = Aggregation::kSimple;
  std::vector<std::string> ignore_labels = {"O"};
  LongInputOptions long_input;  // kChunk: a token's answer comes from the window where it is most central
};

struct Entity {
  std::string label;  // "B-PER" without aggregation, "PER" with it
  float score = 0;
  int32_t index = 0;  // position of the token in the encoding; only without aggregation
  std::string word;   // without aggregation the token as the vocabulary has it ("##ing"), else decoded text
  TextSpan offsets;   // code points
  TextSpan byte_offsets;  // UTF-8 bytes
};

// Thread-safe.
class Ner {
 public:
  explicit Ner(Model model);
  std::vector<std::vector<Entity>> operator()(std::span<const std::string> texts,
                                              const NerOptions& options = {}) const;
  // The call in two steps, see prepared_texts.h.   threads: for tokenizing; 0 = the model's.
  PreparedTexts prepare(std::span<const std::string> texts, const NerOptions& options = {},
                        int threads = 0) const;
  std::vector<std::vector<Entity>> run(const PreparedTexts& prepared, const NerOptions& options = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
