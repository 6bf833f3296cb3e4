#include "verify/case_folder.h"

#include <cmath>
#include <utility>

#include "core/fail.h"

namespace modernbert {
namespace {

OutputLayout read_layout(const JsonObject& json) {
  const std::string name = json.string("layout", "");
  if (name.empty() || name == "sequence") return OutputLayout::kWhole;
  if (name == "labelled tokens only, in packed order") return OutputLayout::kLabelled;
  if (name == "packed") return OutputLayout::kPacked;
  if (name == "rows") return OutputLayout::kRows;
  if (name == "layers x probe") return OutputLayout::kPerLayer;
  json.reject("layout", "packed, rows or \"layers x probe\"");
}

ExpectedOutput read_output(const CaseFolder& folder, const JsonObject& outputs, const std::string& name) {
  const JsonObject json = outputs.require_object(name);
  ExpectedOutput output;
  output.name = name;
  output.tensor = json.string("tensor", "");
  output.layout = read_layout(json);
  output.fp32_tolerance = json.number("tolerance_fp32_max_abs", -1);
  if (!std::isfinite(output.fp32_tolerance) || output.fp32_tolerance < 0) {
    json.reject("tolerance_fp32_max_abs", "a number of at least 0");
  }
  output.bf16 = bf16_errors(outputs, name, folder.cases);
  return output;
}

// What the framework computes from padded rows too; the case then holds what real tokens give beside it.
bool counts_padding(const JsonObject& outputs, const std::string& name) {
  const auto json = outputs.object(name);
  return json && json->has("reference_quirk") && outputs.has(name + "_pooling_real_tokens_only");
}

}  // namespace

CaseFolder read_case_list(const std::filesystem::path& path) {
  CaseFolder folder;
  folder.path = path;
  if (!std::filesystem::exists(folder.source())) {
    fail(ErrorCode::kNotFound, "{}: no cases.json in this folder", path.string());
  }
  folder.json = read_json_file(folder.source());
  const JsonObject json(folder.json, folder.source());
  folder.kind = json.string("kind", "");
  if (folder.kind.empty()) json.reject("kind", "the name of a kind of cases");
  const Json* cases = json.find("cases");
  if (cases == nullptr || !(cases->is_array() || cases->is_object())) json.reject("cases", "a list of cases");
  for (const Json& value : *cases) folder.cases.push_back(value);
  return folder;
}

void open_case_tensors(CaseFolder& folder) {
  const auto path = folder.path / "cases.safetensors";
  if (!std::filesystem::exists(path)) return;
  const auto file = std::make_shared<const SafetensorsFile>(SafetensorsFile::open(path));
  folder.tensors = file->tensors();
  folder.owner = file;
}

std::string case_name(const Json& value, size_t index) {
  const auto name = value.is_object() ? value.find("name") : value.end();
  return name != value.end() && name->is_string() ? name->get<std::string>() : fmt::format("case {}", index);
}

CaseSpec read_plain_case(const CaseFolder& folder, size_t index) {
  CaseSpec spec;
  spec.json = folder.cases.at(index);
  spec.name = case_name(spec.json, index);
  return spec;
}

CaseSpec read_case(const CaseFolder& folder, size_t index) {
  CaseSpec spec = read_plain_case(folder, index);
  const std::string source = folder.source() + ": " + spec.name;
  const JsonObject json(spec.json, source);
  spec.head = usual_head(json.string("head", ""));
  if (const auto inputs = json.object("inputs")) {
    for (const auto& [role, tensor] : inputs->json().items()) spec.inputs[role] = inputs->string(role, "");
  }
  const auto outputs = json.object("outputs");
  if (!outputs || outputs->json().empty()) json.reject("outputs", "at least one expected output");
  for (const auto& [name, value] : outputs->json().items()) {
    if (!counts_padding(*outputs, name)) spec.outputs.push_back(read_output(folder, *outputs, name));
  }
  return spec;
}

bool is_gradient_case(const CaseSpec& spec) {
  return JsonObject(spec.json, spec.name).string("kind", "") == "gradients";
}

CaseSpec read_flexbert_case(const CaseFolder& folder, size_t index) {
  CaseSpec plain = read_plain_case(folder, index);
  return is_gradient_case(plain) ? plain : read_case(folder, index);
}

std::string usual_head(const std::string& name) {
  if (name == "mlm") return "masked_lm";
  if (name == "seqcls") return "sequence_classification";
  if (name == "tokcls") return "token_classification";
  return name == "qa" ? "question_answering" : name;
}

const Tensor& require_tensor(const CaseFolder& folder, const CaseSpec& spec, std::string_view tensor) {
  const auto it = folder.tensors.find(tensor);
  if (it == folder.tensors.end()) {
    fail(ErrorCode::kInvalidFile, "{}: case {} names tensor \"{}\", which cases.safetensors does not hold",
         folder.source(), spec.name, tensor);
  }
  return it->second;
}

const Tensor* find_input(const CaseFolder& folder, const CaseSpec& spec, const std::string& role) {
  const auto it = spec.inputs.find(role);
  return it == spec.inputs.end() ? nullptr : &require_tensor(folder, spec, it->second);
}

const Tensor& require_input(const CaseFolder& folder, const CaseSpec& spec, const std::string& role) {
  const Tensor* tensor = find_input(folder, spec, role);
  if (tensor == nullptr) {
    fail(ErrorCode::kInvalidFile, "{}: case {} has no input {}", folder.source(), spec.name, role);
  }
  return *tensor;
}

}  // namespace modernbert
