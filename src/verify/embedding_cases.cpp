#include <array>
#include <cmath>
#include <string>

#include "core/fail.h"
#include "modernbert/embed.h"
#include "tasks/model_impl.h"
#include "tasks/sentence_transformers/folder.h"
#include "verify/case_texts.h"
#include "verify/text_cases.h"

namespace modernbert {
namespace {

struct NamedSimilarity {
  const char* name;
  Similarity function;
};
constexpr std::array<NamedSimilarity, 4> kSimilarities = {{{"cosine", Similarity::kCosine},
                                                           {"dot", Similarity::kDot},
                                                           {"euclidean", Similarity::kEuclidean},
                                                           {"manhattan", Similarity::kManhattan}}};

EmbedOptions read_embed_options(const JsonObject& json) {
  EmbedOptions options;
  const auto object = json.object("options");
  if (!object) return options;
  for (const auto& [name, value] : object->json().items()) {
    if (name == "prompt_name") {
      options.prompt_name = object->string(name, "");
    } else if (name == "prompt") {
      options.prompt = object->string(name, "");
    } else if (name == "truncate_dim") {
      options.truncate_dim = static_cast<int>(object->integer(name, 0, 1, 1 << 20));
    } else if (name == "normalize_embeddings") {
      options.normalize = object->boolean(name, false);
    } else {
      object->reject(name, "prompt_name, prompt, truncate_dim or normalize_embeddings only");
    }
  }
  return options;
}

void compare_tokens(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                    const std::vector<std::string>& texts, const std::string& prompt, CaseReport& report) {
  const auto expected = expected_ids(folder, spec);
  if (expected.empty()) return;
  if (expected.size() != texts.size()) {
    return report.mismatch(fmt::format("input_ids of {} texts, want {}", expected.size(), texts.size()));
  }
  const bool lower = read_transformer_settings(model.impl().encoder_folder).do_lower_case;
  const Tokenizer tokenizer = lower ? model.tokenizer().with_lowercase() : model.tokenizer();
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto encoding = tokenizer.encode(prompt + texts[i], {.max_length = model.max_length()});
    compare_ids(fmt::format("text {}", i), encoding.ids, expected[i], report);
  }
}

// How far a similarity may move when every value of both embeddings moves by at most e: first-order bounds
// from the norms of the rows.
double similarity_bar(Similarity function, const Embeddings& embeddings, double e) {
  const double dim = embeddings.dim;
  double largest_l1 = 0;
  double smallest_l2 = INFINITY;
  for (size_t i = 0; i < embeddings.rows(); ++i) {
    double l1 = 0;
    double squares = 0;
    for (const double x : embeddings.row(i)) {
      l1 += std::abs(x);
      squares += x * x;
    }
    largest_l1 = std::max(largest_l1, l1);
    smallest_l2 = std::min(smallest_l2, std::sqrt(squares));
  }
  switch (function) {
    case Similarity::kCosine:
      return 2 * std::sqrt(dim) * e / smallest_l2;
    case Similarity::kDot:
      return 2 * largest_l1 * e;
    case Similarity::kEuclidean:
      return 2 * std::sqrt(dim) * e;
    case Similarity::kManhattan:
      return 2 * dim * e;
  }
  return 0;
}

// Matrices of the first rows against all.
void compare_similarities(const CaseFolder& folder, const CaseSpec& spec, const Embeddings& embeddings,
                          double element_bar, CaseReport& report) {
  const auto matrices = JsonObject(spec.json, folder.source()).object("similarity");
  if (!matrices) return;
  for (const auto& [name, function] : kSimilarities) {
    if (!matrices->has(name)) continue;
    const Tensor& expected = require_tensor(folder, spec, matrices->string(name, ""));
    const int64_t rows = expected.shape.empty() ? 0 : expected.shape[0];
    if (rows < 1 || rows > static_cast<int64_t>(embeddings.rows())) {
      fail(ErrorCode::kInvalidFile, "{}: similarity {} is {}, want [rows,{}]", folder.source(), name,
           expected.shape_text(), embeddings.rows());
    }
    const auto count = static_cast<size_t>(rows * embeddings.dim);
    const Embeddings first{embeddings.dim, {embeddings.values.begin(), embeddings.values.begin() + count}};
    report.compare(fmt::format("similarity.{}", name), similarity(first, embeddings, function),
                   expected.to_floats(), {.max_abs = similarity_bar(function, embeddings, element_bar)});
  }
}

}  // namespace

void run_embedding_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                        CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const auto texts = read_texts(json, "texts");
  compare_tokens(folder, spec, model, texts, json.string("prompt_text", ""), report);
  const Embeddings embeddings = Embed(model)(texts, read_embed_options(json));
  for (const ExpectedOutput& output : spec.outputs) {
    if (output.name != "embeddings") {
      fail(ErrorCode::kUnsupported, "{}: output {} of head embedding is not implemented", json.source(),
           output.name);
    }
    const Tensor& expected = require_tensor(folder, spec, output.tensor);
    report.compare(output, embeddings.values, expected);
    compare_similarities(folder, spec, embeddings, bars_of(output, report.dtype()).max_abs, report);
  }
}

}  // namespace modernbert
