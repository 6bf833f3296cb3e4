// Folders of sentence-transformers: the committed golden, and parity with the reference data beside the
// checkout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "core/file.h"
#include "core/json.h"
#include "model_folders.h"
#include "modernbert/embed.h"
#include "modernbert/error.h"
#include "modernbert/late_interaction.h"
#include "modernbert/rerank.h"
#include "tensor/safetensors.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

EmbedOptions embed_options(const Json& json) {
  EmbedOptions options;
  if (json.contains("prompt_name")) options.prompt_name = json["prompt_name"].get<std::string>();
  if (json.contains("prompt")) options.prompt = json["prompt"].get<std::string>();
  options.truncate_dim = json.value("truncate_dim", 0);
  options.normalize = json.value("normalize_embeddings", false);
  return options;
}

void expect_near(std::span<const float> got, std::span<const float> want, float tolerance,
                 const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  float worst = 0;
  for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::fabs(got[i] - want[i]));
  EXPECT_LE(worst, tolerance) << what;
}

class PooledGolden : public ::testing::Test {
 protected:
  PooledGolden()
      : cases(read_json_file(folder() / "cases.json")),
        embed(testing::load_linked({folder(), folder().parent_path() / "tokenizer_bpe"})),
        texts(testing::strings_of(cases["texts"])) {}
  static fs::path folder() { return testing::source_dir() / "tests/tasks/goldens/sentence_pooled"; }

  std::vector<float> flat(const Json& rows) const {
    std::vector<float> values;
    for (const Json& row : rows) {
      for (const Json& value : row) values.push_back(value);
    }
    return values;
  }

  Json cases;
  Embed embed;
  std::vector<std::string> texts;
};

TEST_F(PooledGolden, EveryPoolingModeDenseResidualAndPrompts) {
  EXPECT_EQ(embed.dim(), 20);
  EXPECT_EQ(embed.similarity_function(), Similarity::kDot);
  for (const Json& run : cases["runs"]) {
    const Embeddings got = embed(texts, embed_options(run["options"]));
    expect_near(got.values, flat(run["embeddings"]), 2e-6f, run["options"].dump());
  }
}

TEST_F(PooledGolden, UnknownPromptNamesTheKnownOnes) {
  try {
    embed(texts, {.prompt_name = "nothing"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("passage"));
  }
}

TEST_F(PooledGolden, QuantizationAndSimilarity) {
  const Embeddings vectors = embed(texts);
  expect_near(similarity(vectors, vectors, embed.similarity_function()), flat(cases["similarity"]), 2e-6f,
              "similarity");
  // Bits and buckets are exact on the very numbers that the golden was made from.
  const Embeddings given{embed.dim(), flat(cases["runs"][0]["embeddings"])};
  for (const auto& [name, want] : cases["quantized"].items()) {
    const QuantizedEmbeddings got = quantize(given, parse_embedding_precision(name));
    const bool is_signed = name == "int8" || name == "binary";
    std::vector<uint8_t> bytes;
    for (const Json& row : want) {
      for (const Json& value : row)
        bytes.push_back(static_cast<uint8_t>(is_signed ? value.get<int>() & 0xFF : value.get<int>()));
    }
    EXPECT_EQ(got.values, bytes) << name;
  }
}

TEST(SentenceFolder, UnknownModuleIsNamed) {
  const auto folder = testing::source_dir() / "tests/tasks/goldens/sentence_pooled";
  const auto own = fs::temp_directory_path() / "modernbert_unknown_module";
  fs::create_directories(own);
  write_file_atomically(own / "modules.json",
                        R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                            {"path": "1_CNN", "type": "sentence_transformers.models.CNN"}])");
  const Model model = testing::load_linked({own, folder, folder.parent_path() / "tokenizer_bpe"});
  try {
    Embed embed(model);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("sentence_transformers.models.CNN"));
  }
  fs::remove_all(own);
}

// It would load as a plain BERT and give vectors that mean nothing.
TEST(SentenceFolder, StanfordsColbertIsRefused) {
  const auto goldens = testing::source_dir() / "tests/tasks/goldens";
  const auto own = fs::temp_directory_path() / "modernbert_hf_colbert";
  fs::create_directories(own);
  Json config = read_json_file(goldens / "bert_ner" / "config.json");
  config["architectures"] = {"HF_ColBERT"};
  write_file_atomically(own / "config.json", config.dump());
  write_file_atomically(own / "artifact.metadata", "{}");
  const Model model = testing::load_linked({own, goldens / "bert_ner", goldens / "tokenizer_wordpiece"});
  const auto expect_refused = [](const auto& make) {
    try {
      make();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("config.json: architectures is HF_ColBERT"));
      EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
    }
  };
  expect_refused([&] { const Embed task(model); });
  expect_refused([&] { const Rerank task(model); });
  expect_refused([&] { const LateInteraction task(model); });
  fs::remove_all(own);
}

// The layout that sentence-transformers' multi-vector encoder writes: prompts, query expansion and a mask
// module.
class MultiVectorGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(MultiVectorGolden, QueriesAndDocuments) {
  const auto goldens = testing::source_dir() / "tests/tasks/goldens";
  const Json cases = read_json_file(goldens / GetParam() / "cases.json");
  const Model model =
      testing::load_linked({goldens / GetParam(), goldens / "tokenizer_bpe", goldens / "sentence_pooled"});
  ASSERT_TRUE(LateInteraction::describes(model));
  const LateInteraction encoder(model);
  EXPECT_EQ(encoder.dim(), 6);
  const auto check = [](const std::vector<MultiVector>& got, const Json& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      std::vector<float> values;
      for (const Json& row : want[i]) {
        for (const Json& value : row) values.push_back(value);
      }
      expect_near(got[i].values, values, 2e-5f, "text " + std::to_string(i));
    }
  };
  check(encoder.encode_queries(testing::strings_of(cases["queries"])), cases["query_vectors"]);
  check(encoder.encode_documents(testing::strings_of(cases["documents"])), cases["document_vectors"]);
}

INSTANTIATE_TEST_SUITE_P(Folders, MultiVectorGolden,
                         ::testing::Values("multi_vector_min", "multi_vector_fixed"));

TEST(MultiVector, ChunkedDocumentsKeepEveryTokenOnce) {
  const auto goldens = testing::source_dir() / "tests/tasks/goldens";
  const LateInteraction encoder(testing::load_linked(
      {goldens / "multi_vector_fixed", goldens / "tokenizer_bpe", goldens / "sentence_pooled"}));
  std::string text;
  for (int i = 0; i < 30; ++i) text += "Station " + std::to_string(i) + " lies north. ";
  const Model model = testing::load_linked({goldens / "modernbert_choice", goldens / "tokenizer_bpe"});
  std::vector<int32_t> ids = model.tokenizer().encode(text).ids;
  std::erase(ids, *model.tokenizer().token_to_id("."));  // on the skiplist
  const auto documents = encoder.encode_documents(std::vector<std::string>{text}, LongInput::kChunk);
  EXPECT_EQ(documents[0].token_ids, ids);
  EXPECT_THROW(encoder.encode_queries(std::vector<std::string>{text}, LongInput::kChunk), Error);
  EXPECT_THROW(encoder.encode_queries(std::vector<std::string>{text}, LongInput::kError), Error);
}

// A folder of the reference data, completed as its cases.json says.
class Reference : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path root() const { return testing::shared_dir() / "reference/sentence_transformers"; }
  fs::path folder() const { return root() / GetParam(); }

  Model load() const {
    std::vector<fs::path> folders = {folder()};
    const Json complete = read_json_file(folder() / "cases.json")["complete_with"];
    if (complete.is_string()) folders.push_back(folder() / complete.get<std::string>());
    if (complete.is_array()) {
      for (const Json& entry : complete) {
        const std::string name = entry.get<std::string>();
        const bool tokenizer_only = name.find(' ') != std::string::npos;
        folders.push_back(tokenizer_only ? tokenizer_files(folder() / name.substr(0, name.find(' ')))
                                         : folder() / name);
      }
    }
    return testing::load_linked(folders);
  }

  std::vector<float> expected(const Json& a_case, const std::string& output) const {
    const auto file = SafetensorsFile::open(folder() / "cases.safetensors");
    return file.require(a_case["outputs"][output]["tensor"].get<std::string>()).to_floats();
  }
  float tolerance(const Json& a_case, const std::string& output) const {
    return a_case["outputs"][output]["tolerance_fp32_max_abs"];
  }
  Json cases() const { return read_json_file(folder() / "cases.json")["cases"]; }

 private:
  mutable std::optional<testing::LinkedFolder> tokenizer_;
  mutable fs::path tokenizer_path_;

  // A folder with only the tokenizer's files of `from`.
  fs::path tokenizer_files(const fs::path& from) const {
    tokenizer_.emplace(std::vector<fs::path>{from});
    for (const auto& entry : fs::directory_iterator(tokenizer_->path())) {
      const std::string name = entry.path().filename();
      if (name.find("token") == std::string::npos) fs::remove(entry.path());
    }
    return tokenizer_->path();
  }
};

class EmbeddingReference : public Reference {};

TEST_P(EmbeddingReference, Matches) {
  MB_SKIP_UNLESS_EXISTS(folder());
  const Embed embed(load());
  for (const Json& a_case : cases()) {
    const Embeddings got = embed(testing::strings_of(a_case["texts"]), embed_options(a_case["options"]));
    expect_near(got.values, expected(a_case, "embeddings"), tolerance(a_case, "embeddings"), a_case["name"]);
    if (!a_case["outputs"].contains("similarity")) continue;
    // The first four texts against all.
    const Embeddings first{got.dim, {got.values.begin(), got.values.begin() + 4 * got.dim}};
    expect_near(similarity(first, got, embed.similarity_function()), expected(a_case, "similarity"),
                tolerance(a_case, "similarity"), "similarity");
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, EmbeddingReference,
                         ::testing::Values("base", "cls", "cls_max_mean_concatenated",
                                           "dense_gelu_layernorm_dense", "dense_identity_no_bias",
                                           "dense_residual", "dense_tanh", "lasttoken_normalized",
                                           "lower_case_max_length_24", "max", "mean_sqrt_len",
                                           "mean_without_prompt", "weightedmean"));

class CrossEncoderReference : public Reference {};

TEST_P(CrossEncoderReference, Matches) {
  MB_SKIP_UNLESS_EXISTS(folder());
  const Rerank rerank(load());
  for (const Json& a_case : cases()) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const Json& pair : a_case["pairs"]) pairs.emplace_back(pair[0], pair[1]);
    RerankOptions options;
    options.long_input.max_length = a_case["max_length"];
    expect_near(rerank.scores(pairs, options), expected(a_case, "scores"), tolerance(a_case, "scores"),
                "scores");
    if (!a_case["outputs"].contains("logits")) continue;
    options.raw_scores = true;
    expect_near(rerank.scores(pairs, options), expected(a_case, "logits"), tolerance(a_case, "logits"),
                "logits");
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, CrossEncoderReference,
                         ::testing::Values("cross_encoder", "cross_encoder_identity",
                                           "cross_encoder_legacy_activation_key", "cross_encoder_modules"));

class ColbertReference : public Reference {};

TEST_P(ColbertReference, Matches) {
  MB_SKIP_UNLESS_EXISTS(folder());
  const Model model = load();
  ASSERT_TRUE(LateInteraction::describes(model));
  const LateInteraction colbert(model);
  const Json a_case = cases()[0];
  const auto queries = colbert.encode_queries(testing::strings_of(a_case["queries"]));
  const auto documents = colbert.encode_documents(testing::strings_of(a_case["documents"]));
  const auto check = [&](const std::vector<MultiVector>& vectors, const std::string& side) {
    std::vector<float> all;
    for (size_t i = 0; i < vectors.size(); ++i) {
      EXPECT_EQ(vectors[i].rows(), a_case[side + "_vector_counts"][i]) << side << " " << i;
      EXPECT_EQ(vectors[i].token_ids.size(), vectors[i].rows());
      all.insert(all.end(), vectors[i].values.begin(), vectors[i].values.end());
    }
    expect_near(all, expected(a_case, side + "_vectors"), tolerance(a_case, side + "_vectors"), side);
  };
  check(queries, "query");
  check(documents, "document");
  std::vector<float> scores;
  for (const MultiVector& query : queries) {
    for (const MultiVector& document : documents) scores.push_back(maxsim(query, document));
  }
  expect_near(scores, expected(a_case, "maxsim"), tolerance(a_case, "maxsim"), "maxsim");

  const auto documents_text = testing::strings_of(a_case["documents"]);
  const std::string query = a_case["queries"][0];
  for (const RankedDocument& ranked : Rerank(model)(query, documents_text)) {
    EXPECT_NEAR(ranked.score, scores[ranked.index], 1e-5f);
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, ColbertReference,
                         ::testing::Values("colbert", "colbert_attend_expansion", "colbert_no_expansion"));

}  // namespace
}  // namespace modernbert
