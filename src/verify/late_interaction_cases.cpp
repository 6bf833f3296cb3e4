#include <string>
#include <vector>

#include "core/fail.h"
#include "modernbert/late_interaction.h"
#include "verify/case_texts.h"
#include "verify/text_cases.h"

namespace modernbert {
namespace {

using IdLists = std::vector<std::vector<int32_t>>;

struct Vectors {
  std::vector<MultiVector> queries;
  std::vector<MultiVector> documents;
};

std::vector<float> concatenate(const std::vector<MultiVector>& texts) {
  std::vector<float> values;
  for (const MultiVector& text : texts) values.insert(values.end(), text.values.begin(), text.values.end());
  return values;
}

// [queries, documents].
std::vector<float> maxsim_matrix(const Vectors& vectors) {
  std::vector<float> scores;
  for (const MultiVector& query : vectors.queries) {
    for (const MultiVector& document : vectors.documents) scores.push_back(maxsim(query, document));
  }
  return scores;
}

// The ids of the tokens that have a vector. Expansion tokens keep theirs although their mask is 0.
IdLists kept_query_ids(const JsonObject& json, const std::vector<int32_t>& counts) {
  IdLists ids = read_integer_lists(json, "query_input_ids");
  const IdLists masks = read_integer_lists(json, "query_attention_mask");
  if (ids.size() != counts.size() || masks.size() != ids.size())
    json.reject("query_input_ids", "one list per query");
  for (size_t q = 0; q < ids.size(); ++q) {
    if (masks[q].size() != ids[q].size()) json.reject("query_attention_mask", "as query_input_ids");
    if (static_cast<size_t>(counts[q]) == ids[q].size()) continue;
    std::vector<int32_t> real;
    for (size_t i = 0; i < ids[q].size(); ++i) {
      if (masks[q][i] != 0) real.push_back(ids[q][i]);
    }
    ids[q] = std::move(real);
  }
  return ids;
}

IdLists kept_document_ids(const JsonObject& json) {
  const IdLists ids = read_integer_lists(json, "document_input_ids");
  IdLists kept = read_integer_lists(json, "document_kept_positions");
  if (ids.size() != kept.size()) json.reject("document_kept_positions", "one list per document");
  for (size_t d = 0; d < ids.size(); ++d) {
    for (int32_t& position : kept[d]) {
      if (position < 0 || static_cast<size_t>(position) >= ids[d].size()) {
        json.reject("document_kept_positions", "positions of document_input_ids");
      }
      position = ids[d][position];
    }
  }
  return kept;
}

void compare_texts(const std::string& what, const std::vector<MultiVector>& actual,
                   const std::vector<int32_t>& counts, const IdLists& ids, CaseReport& report) {
  if (actual.size() != counts.size() || actual.size() != ids.size()) {
    return report.mismatch(fmt::format("{} {} texts, want {}", actual.size(), what, counts.size()));
  }
  for (size_t i = 0; i < actual.size(); ++i) {
    const std::string text = fmt::format("{} {}", what, i);
    if (actual[i].rows() != static_cast<size_t>(counts[i])) {
      report.mismatch(fmt::format("{} has {} vectors, want {}", text, actual[i].rows(), counts[i]));
    }
    compare_ids(text, actual[i].token_ids, ids[i], report);
  }
}

void compare_tokens(const JsonObject& json, const Vectors& vectors, CaseReport& report) {
  if (json.has("query_vector_counts")) {
    const auto counts = read_integers(json, "query_vector_counts");
    compare_texts("query", vectors.queries, counts, kept_query_ids(json, counts), report);
  }
  if (json.has("document_vector_counts")) {
    const auto counts = read_integers(json, "document_vector_counts");
    compare_texts("document", vectors.documents, counts, kept_document_ids(json), report);
  }
}

}  // namespace

void run_late_interaction_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                               CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const LateInteraction encode(model);
  const Vectors vectors{encode.encode_queries(read_texts(json, "queries")),
                        encode.encode_documents(read_texts(json, "documents"))};
  compare_tokens(json, vectors, report);
  for (const ExpectedOutput& output : spec.outputs) {
    const Tensor& expected = require_tensor(folder, spec, output.tensor);
    if (output.name == "query_vectors") {
      report.compare(output, concatenate(vectors.queries), expected);
    } else if (output.name == "document_vectors") {
      report.compare(output, concatenate(vectors.documents), expected);
    } else if (output.name == "maxsim") {
      report.compare(output, maxsim_matrix(vectors), expected);
    } else {
      fail(ErrorCode::kUnsupported, "{}: output {} of head colbert is not implemented", json.source(),
           output.name);
    }
  }
}

}  // namespace modernbert
