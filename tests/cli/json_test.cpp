// The JSON of every verb: its shape is part of the interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "program.h"
#include "tiny_model.h"

namespace modernbert::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

std::vector<std::string> keys(const json& object) {
  std::vector<std::string> names;
  for (const auto& entry : object.items()) names.push_back(entry.key());
  return names;  // sorted
}

// Runs a verb that must succeed.
std::vector<json> answers(const Arguments& arguments, const std::string& input = "") {
  const Result result = run_program(arguments, input);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return result.json_lines();
}

TEST(BenchJson, OneObjectPerWorkload) {
  const auto lines = answers({"bench", "--shape", nano(), "--workload", "2x16", "--workload", "one16",
                              "--dtype", "int8", "--threads", "1", "--seconds", "0", "--json", "--quiet"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["workload"], "2x16");
  EXPECT_EQ(lines[0]["tokens"], 32);
  EXPECT_EQ(lines[0]["dtype"], "int8");
  EXPECT_EQ(lines[0]["passes"], 3);
  for (const char* key :
       {"tokens_per_s", "gops", "peak_gops", "share_of_peak", "rss_mb", "load_s", "stream_ms"})
    EXPECT_GT(lines[0][key].get<double>(), 0) << key;
  EXPECT_NEAR(lines[0]["gops"].get<double>() / lines[0]["peak_gops"].get<double>(),
              lines[0]["share_of_peak"].get<double>(), 1e-6);
  for (const char* op : {"Wqkv", "attention", "attn.Wo", "mlp.Wi", "mlp.Wo"})
    EXPECT_GT(lines[0]["thread_seconds_by_op"][op]["gflop"].get<double>(), 0) << op;
}

TEST(BenchErrors, NameTheWorkload) {
  expect_failure(run_program({"bench", "--shape", nano(), "--workload", "many"}), "workload is \"many\"");
}

TEST(TokenizeJson, OneObjectPerText) {
  const auto lines = answers({"tokenize", "-m", nano(), "--json", "Hello World!", "é"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(keys(lines[0]), ElementsAre("ids", "offsets", "tokens"));
  EXPECT_EQ(lines[0]["tokens"], json::parse(R"(["[CLS]", "Hello", "ĠW", "or", "ld", "!", "[SEP]"])"));
  EXPECT_EQ(lines[0]["offsets"], json::parse("[[0,0],[0,5],[5,7],[7,9],[9,11],[11,12],[0,0]]"));
  EXPECT_EQ(lines[0]["ids"], json::parse("[1,5981,479,287,332,5,2]"));
  EXPECT_EQ(lines[1]["offsets"], json::parse("[[0,0],[0,1],[0,0]]"));
}

TEST(TokenizeJson, FlagsAddFields) {
  const auto lines = answers({"tokenize", "-m", nano(), "--json", "--type-ids", "--special-tokens-mask",
                              "--pair", "a", "b", "c", "d"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["tokens"], json::parse(R"(["[CLS]", "a", "[SEP]", "b", "[SEP]"])"));
  EXPECT_EQ(lines[0]["special_tokens_mask"], json::parse("[1,0,1,0,1]"));
  EXPECT_EQ(lines[0]["type_ids"].size(), 5u);
  EXPECT_EQ(lines[1]["tokens"][1], "c");
  const auto bare = answers({"tokenize", "-m", nano(), "--json", "--no-special-tokens", "a"});
  EXPECT_EQ(bare.at(0)["tokens"], json::parse(R"(["a"])"));
}

TEST(TokenizeJson, OverflowKeepsEveryWindow) {
  const auto lines = answers(
      {"tokenize", "-m", nano(), "--json", "--max-length", "5", "--overflow", "--stride", "1", "a b c d e"});
  EXPECT_EQ(lines.at(0)["tokens"], json::parse(R"(["[CLS]", "a", "Ġb", "Ġc", "[SEP]"])"));
  EXPECT_EQ(lines.at(0)["overflowing"].at(0)["tokens"],
            json::parse(R"(["[CLS]", "Ġc", "Ġd", "Ġe", "[SEP]"])"));
  EXPECT_EQ(lines.at(0)["overflowing"].size(), 1u);
}

TEST(TokenizeJson, DecodeReturnsTheText) {
  const std::string text = "x = [1, 2]  # naïve";
  const Result encoded = run_program({"tokenize", "-m", nano(), "--json", text});
  const auto decoded = answers(
      {"tokenize", "-m", nano(), "--decode", "--no-special-tokens", "--jsonl", "ids", "--json"}, encoded.out);
  EXPECT_EQ(decoded.at(0), json({{"text", text}}));
  EXPECT_EQ(run_program({"tokenize", "-m", nano(), "--decode", "1", "5981", "2"}).out, "[CLS]Hello[SEP]\n");
}

TEST(TokenizeJson, PairsFromTabsAndFields) {
  const auto tabs = answers({"tokenize", "-m", nano(), "--json", "--pair"}, "a\tb\n");
  EXPECT_EQ(tabs.at(0)["tokens"], json::parse(R"(["[CLS]", "a", "[SEP]", "b", "[SEP]"])"));
  const auto fields = answers({"tokenize", "-m", nano(), "--json", "--jsonl", "p", "--jsonl-pair", "q"},
                              "{\"p\": \"a\", \"q\": \"b\"}\n{\"p\": \"a\", \"q\": null}\n{\"p\": \"a\"}\n");
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0], tabs[0]);
  EXPECT_EQ(fields[1]["tokens"].size(), 3u);
  EXPECT_EQ(fields[2], fields[1]);
}

TEST(FillMaskJson, AListForOneMaskAndAListOfListsForSeveral) {
  const auto lines = answers({"fill-mask", "-m", nano(), "--dtype", "fp32", "--json", "--top-k", "2",
                              "import [MASK] as np", "def __init__([MASK], [MASK]):"});
  ASSERT_EQ(lines.size(), 2u);
  ASSERT_EQ(lines[0].size(), 2u);
  EXPECT_THAT(keys(lines[0][0]), ElementsAre("score", "sequence", "token", "token_str"));
  EXPECT_EQ(lines[0][0]["token_str"], " numpy");
  EXPECT_EQ(lines[0][0]["sequence"], "import numpy as np");
  EXPECT_NEAR(lines[0][0]["score"].get<double>(), 0.88908, 1e-4);  // by transformers in fp32
  ASSERT_EQ(lines[1].size(), 2u);
  ASSERT_EQ(lines[1][1].size(), 2u);
  EXPECT_EQ(lines[1][0][0]["token_str"], "self");
}

TEST(EmbedJson, OneVectorPerText) {
  const auto lines =
      answers({"embed", "-m", nano(), "--json", "--truncate-dim", "8", "--normalize", "a", "b"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(keys(lines[0]), ElementsAre("embedding"));
  double squares = 0;
  for (const double value : lines[0]["embedding"]) squares += value * value;
  EXPECT_EQ(lines[0]["embedding"].size(), 8u);
  EXPECT_NEAR(squares, 1.0, 1e-5);
}

TEST(EmbedJson, ColbertModelsGiveManyVectors) {
  const TemporaryFolder folder;
  write_tiny_colbert(folder.path());
  const auto documents = answers({"embed", "-m", folder.path(), "--json", "a b"});
  EXPECT_THAT(keys(documents.at(0)), ElementsAre("embeddings"));
  EXPECT_EQ(documents.at(0)["embeddings"].size(), 5u);  // [CLS] marker a b [SEP]
  EXPECT_EQ(documents.at(0)["embeddings"][0].size(), 4u);
  const auto queries = answers({"embed", "-m", folder.path(), "--json", "--prompt-name", "query", "a b"});
  EXPECT_EQ(queries.at(0)["embeddings"].size(), 8u);  // expanded to query_length
  expect_failure(run_program({"embed", "-m", folder.path(), "--output", folder.file("x.npy"), "a"}),
                 ".jsonl");
}

TEST(ClassifyJson, TheBestLabelOrAList) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForSequenceClassification", {"cold", "warm", "hot"}});
  const auto best = answers({"classify", "-m", folder.path(), "--json", "a", "b c"});
  ASSERT_EQ(best.size(), 2u);
  EXPECT_THAT(keys(best[0]), ElementsAre("label", "score"));
  const auto all = answers({"classify", "-m", folder.path(), "--json", "--top-k", "0", "a"}).at(0);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0], best[0]);
  EXPECT_GE(all[0]["score"], all[1]["score"]);
  EXPECT_NEAR(all[0]["score"].get<double>() + all[1]["score"].get<double>() + all[2]["score"].get<double>(),
              1, 1e-5);
  EXPECT_EQ(answers({"classify", "-m", folder.path(), "--json", "--top-k", "2", "a"}).at(0).size(), 2u);
}

TEST(ClassifyJson, PairsAndSinglesKeepTheirPlaces) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForSequenceClassification", {"no", "yes"}});
  const Arguments common = {"classify", "-m", folder.path(), "--dtype", "fp32", "--json"};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), common.begin(), common.end());
    return more;
  };
  const auto single = answers(with({"one two"})).at(0);
  const auto pair = answers(with({"--pair", "one two", "three"})).at(0);
  EXPECT_NE(single, pair);
  const std::string input =
      "{\"a\": \"one two\", \"b\": \"three\"}\n{\"a\": \"one two\"}\n{\"a\": \"one two\", \"b\": "
      "\"three\"}\n";
  EXPECT_THAT(answers(with({"--jsonl", "a", "--jsonl-pair", "b"}), input), ElementsAre(pair, single, pair));
}

TEST(NerJson, KeysDependOnTheAggregation) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForTokenClassification", {"B-PER", "I-PER"}});
  const std::string text = "Ada saw Bob";
  const auto tokens = answers({"ner", "-m", folder.path(), "--json", "--aggregation", "none", text}).at(0);
  ASSERT_FALSE(tokens.empty());
  EXPECT_THAT(keys(tokens[0]), ElementsAre("end", "entity", "index", "score", "start", "word"));
  EXPECT_EQ(tokens[0]["index"], 1);
  EXPECT_EQ(tokens[0]["start"], 0);
  const auto groups = answers({"ner", "-m", folder.path(), "--json", text}).at(0);
  ASSERT_FALSE(groups.empty());
  EXPECT_THAT(keys(groups[0]), ElementsAre("end", "entity_group", "score", "start", "word"));
  EXPECT_EQ(groups[0]["entity_group"], "PER");
  const auto none = answers({"ner", "-m", folder.path(), "--json", "--aggregation", "none", "--ignore-labels",
                             "B-PER,I-PER", text});
  EXPECT_EQ(none.at(0), json::array());
}

TEST(AnswerJson, AnObjectOrAList) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForQuestionAnswering", {"start", "end"}});
  const std::string context = "Ada wrote the first program.";
  const auto one =
      answers({"answer", "-m", folder.path(), "--json", "--question", "Who?", "--context", context}).at(0);
  EXPECT_THAT(keys(one), ElementsAre("answer", "end", "score", "start"));
  const auto begin = one["start"].get<size_t>(), end = one["end"].get<size_t>();
  EXPECT_EQ(context.substr(begin, end - begin), one["answer"]);
  EXPECT_EQ(answers({"answer", "-m", folder.path(), "--json", "--question", "Who?", context}).at(0), one);
  const std::string line = json({{"question", "Who?"}, {"context", context}}).dump() + "\n";
  EXPECT_EQ(answers({"answer", "-m", folder.path(), "--json"}, line).at(0), one);
  const auto three = answers({"answer", "-m", folder.path(), "--json", "--top-k", "3"}, line).at(0);
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0]["answer"], one["answer"]);
}

TEST(ChooseJson, BestAndScores) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForMultipleChoice", {"choice"}});
  const auto result = answers({"choose", "-m", folder.path(), "--json", "--prompt", "It rains", "so we stay",
                               "so", "and the sun"})
                          .at(0);
  EXPECT_THAT(keys(result), ElementsAre("best", "scores"));
  const auto scores = result["scores"].get<std::vector<double>>();
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_EQ(result["best"], std::max_element(scores.begin(), scores.end()) - scores.begin());
  const std::string line = R"({"prompt": "It rains", "choices": ["so we stay", "so", "and the sun"]})"
                           "\n";
  EXPECT_EQ(answers({"choose", "-m", folder.path(), "--json"}, line).at(0), result);
}

TEST(RerankJson, SortedWithIndices) {
  const TemporaryFolder folder;
  write_tiny_model(folder.path(), {"ModernBertForSequenceClassification", {"relevance"}});
  const Arguments arguments = {"rerank", "-m", folder.path(), "--json", "--query", "q"};
  std::string documents;
  for (int i = 0; i < 40; ++i) documents += "document number " + std::to_string(i * i) + "\n";
  const auto ranking = answers(arguments, documents).at(0);
  ASSERT_EQ(ranking.size(), 40u);
  EXPECT_THAT(keys(ranking[0]), ElementsAre("index", "score"));
  std::set<int> indices;
  for (size_t i = 0; i < ranking.size(); ++i) {
    indices.insert(ranking[i]["index"].get<int>());
    EXPECT_GE(ranking[i > 0 ? i - 1 : 0]["score"], ranking[i]["score"]);
  }
  EXPECT_EQ(indices.size(), 40u);
  Arguments best = arguments;
  best.insert(best.end(), {"--top-k", "2", "--text"});
  const auto two = answers(best, documents).at(0);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[1]["index"], ranking[1]["index"]);
  const int index = two[0]["index"].get<int>();
  EXPECT_EQ(two[0]["text"], "document number " + std::to_string(index * index));
}

TEST(InfoJson, CountsNano) {
  const auto info = answers({"info", "-m", nano(), "--json"}).at(0);
  EXPECT_EQ(info["parameters"]["total"], 6'631'936);
  EXPECT_EQ(info["weights"]["values"], 6'631'936);
  EXPECT_EQ(info["config"]["hidden_size"], 256);
  EXPECT_EQ(info["config"]["layer_windows"], json::parse("[null,64,64,null,64,64,null,64]"));
  EXPECT_EQ(info["forward"][0]["tokens"], 512);
  EXPECT_EQ(info["forward"][1]["tokens"], 8192);
}

TEST(VerifyJson, EndsWithASummaryAndFailsWhenACaseFails) {
  const TemporaryFolder folder;
  const Result result = run_program({"verify", "--json", folder.path()});
  EXPECT_EQ(result.exit_code, 1);
  const auto lines = result.json_lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["status"], "failed");
  EXPECT_EQ(lines[1], json({{"cases", 1}, {"failed", 1}, {"skipped", 0}}));
}

}  // namespace
}  // namespace modernbert::testing
