// Reading cases.json: what a folder's cases are given and what is expected of them. Inputs and expected
// values are named tensors of cases.safetensors.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tensor/safetensors.h"
#include "verify/reference_errors.h"

namespace modernbert {

// Which rows of an output the expected tensor holds.
enum class OutputLayout {
  kWhole,     // one row per sequence, or as the head defines
  kPacked,    // every real token, in order
  kLabelled,  // those real tokens that have a label
  kRows,      // the (sequence, column) pairs of the input `rows`
  kPerLayer   // [layers, P, H]: every layer at the pairs of the input `probe`
};

struct ExpectedOutput {
  std::string name;
  std::string tensor;
  OutputLayout layout = OutputLayout::kWhole;
  double fp32_tolerance = 0;
  std::optional<ReferenceErrors> bf16;  // the figures for bf16 results, if any run was made
};

struct CaseSpec {
  std::string name;
  std::string head;
  std::map<std::string, std::string> inputs;  // role -> tensor
  std::vector<ExpectedOutput> outputs;
  Json json;  // the whole case, for what only some heads have (texts, options, …)
};

struct CaseFolder {
  std::filesystem::path path;
  std::string kind;
  Json json;
  std::vector<Json> cases;  // not yet read: one broken case does not stop the others
  TensorMap tensors;
  std::shared_ptr<const void> owner;  // keeps the mapping of `tensors` alive

  std::string source() const { return (path / "cases.json").string(); }
};

// cases.json alone, without tensors. Errors: kNotFound, kInvalidFile.
CaseFolder read_case_list(const std::filesystem::path& folder);
// Opens cases.safetensors; a folder without one has no tensors.
void open_case_tensors(CaseFolder& folder);

// "name" of the case, else its number.
std::string case_name(const Json& value, size_t index);
// A case of a model: it must have outputs.
CaseSpec read_case(const CaseFolder& folder, size_t index);
// A case of another form: its name and its JSON.
CaseSpec read_plain_case(const CaseFolder& folder, size_t index);
// Folders of FlexBERT hold both, the latter with kind "gradients".
bool is_gradient_case(const CaseSpec& spec);
CaseSpec read_flexbert_case(const CaseFolder& folder, size_t index);
// The usual name of a head: some folders have short ones (mlm, seqcls).
std::string usual_head(const std::string& name);

// Error (kInvalidFile) naming the case and the tensor.
const Tensor& require_tensor(const CaseFolder& folder, const CaseSpec& spec, std::string_view tensor);
// The tensor of a role, or null where the case does not give that input to the model.
const Tensor* find_input(const CaseFolder& folder, const CaseSpec& spec, const std::string& role);
const Tensor& require_input(const CaseFolder& folder, const CaseSpec& spec, const std::string& role);

}  // namespace modernbert
