#include "verify/verify.h"

#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "core/fail.h"
#include "modernbert/model.h"
#include "verify/case_folder.h"
#include "verify/comparison.h"
#include "verify/folder_completion.h"
#include "verify/gradient_cases.h"
#include "verify/head_cases.h"
#include "verify/optimizer_cases.h"
#include "verify/recipe_cases.h"
#include "verify/text_cases.h"
#include "verify/trajectory_cases.h"

namespace modernbert {
namespace {

// Runs one case of a folder whose model is loaded.
using CaseRunner = std::function<void(const CaseSpec&, CaseReport&)>;

struct PreparedFolder {
  ComputeType dtype = ComputeType::kFp32;  // resolved
  CaseRunner run;
  CaseSpec (*read)(const CaseFolder&, size_t) = read_case;
};

struct Kind {
  std::string_view name;
  PreparedFolder (*prepare)(const CaseFolder&, const VerifyOptions&);
};

EncoderOptions encoder_options(const VerifyOptions& options) {
  return {.dtype = options.dtype, .backend = options.backend, .threads = options.threads};
}

// modernbert, bert: token ids in, outputs of a head out.
PreparedFolder prepare_heads(const CaseFolder& folder, const VerifyOptions& options) {
  const EncoderPtr encoder = LoadedEncoder::load(folder.path, encoder_options(options));
  return {encoder->dtype(), [&folder, encoder](const CaseSpec& spec, CaseReport& report) {
            run_head_case(folder, spec, encoder, report);
          }};
}

PreparedFolder prepare_recipe(const CaseFolder& folder, const VerifyOptions& options) {
  const auto model = std::make_shared<const RecipeModel>(load_recipe_model(folder, encoder_options(options)));
  return {model->encoder->dtype(), [&folder, model](const CaseSpec& spec, CaseReport& report) {
            run_recipe_case(folder, spec, *model, report);
          }};
}

void run_text_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model, CaseReport& report) {
  if (spec.head == "embedding") return run_embedding_case(folder, spec, model, report);
  if (spec.head == "cross_encoder") return run_rerank_case(folder, spec, model, report);
  if (spec.head == "colbert") return run_late_interaction_case(folder, spec, model, report);
  fail(ErrorCode::kInvalidFile, "{}: case {}: head is \"{}\", want embedding, cross_encoder or colbert",
       folder.source(), spec.name, spec.head);
}

PreparedFolder prepare_texts(const CaseFolder& folder, const VerifyOptions& options) {
  const auto completed = std::make_shared<const CompletedFolder>(folder);
  const LoadOptions load{.dtype = options.dtype, .backend = options.backend, .threads = options.threads};
  const Model model = Model::load(completed->path().string(), load);
  return {model.dtype(), [&folder, completed, model](const CaseSpec& spec, CaseReport& report) {
            run_text_case(folder, spec, model, report);
          }};
}

// Without a model.
template <void (*run)(const CaseFolder&, const CaseSpec&, CaseReport&)>
PreparedFolder prepare_plain(const CaseFolder& folder, const VerifyOptions&) {
  const auto runner = [&folder](const CaseSpec& spec, CaseReport& report) { run(folder, spec, report); };
  return {ComputeType::kFp32, runner, read_plain_case};
}

template <void (*run)(const CaseFolder&, const CaseSpec&, const GradientModel&, CaseReport&)>
PreparedFolder prepare_gradients(const CaseFolder& folder, const VerifyOptions& options) {
  const auto model =
      std::make_shared<const GradientModel>(load_gradient_model(folder.path, options.dtype, options.threads));
  const auto runner = [&folder, model](const CaseSpec& spec, CaseReport& report) {
    run(folder, spec, *model, report);
  };
  return {model->dtype, runner, read_plain_case};
}

// flexbert: cases of both sorts in one folder.
PreparedFolder prepare_flexbert(const CaseFolder& folder, const VerifyOptions& options) {
  const PreparedFolder heads = prepare_heads(folder, options);
  VerifyOptions same = options;
  same.dtype = heads.dtype;
  const PreparedFolder gradients = prepare_gradients<run_gradient_case>(folder, same);
  const auto runner = [heads, gradients](const CaseSpec& spec, CaseReport& report) {
    (is_gradient_case(spec) ? gradients : heads).run(spec, report);
  };
  return {heads.dtype, runner, read_flexbert_case};
}

constexpr std::array<Kind, 15> kKinds = {{{"modernbert", prepare_heads},
                                          {"bert", prepare_heads},
                                          {"flexbert", prepare_flexbert},
                                          {"modernbert_recipe", prepare_recipe},
                                          {"sentence_transformer", prepare_texts},
                                          {"cross_encoder", prepare_texts},
                                          {"cross_encoder_modules", prepare_texts},
                                          {"colbert", prepare_texts},
                                          {"gradients", prepare_gradients<run_gradient_case>},
                                          {"gradients_layouts", prepare_gradients<run_layout_case>},
                                          {"losses", prepare_plain<run_loss_case>},
                                          {"optimizers", prepare_plain<run_optimizer_case>},
                                          {"schedules", prepare_plain<run_schedule_case>},
                                          {"tiling", prepare_plain<run_tiling_case>},
                                          {"trajectories", prepare_gradients<run_trajectory_case>}}};

// Kinds of the same format that need parts which this version does not have.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kLaterKinds = {{
    {"modernbert_decoder", "causal decoders are not implemented"},
    {"metrics", "evaluation metrics are not implemented"},
    {"tables", "tables of functions are covered by unit tests, not by a model"},
}};

const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::string_view skip_reason(std::string_view kind) {
  for (const auto& [name, reason] : kLaterKinds) {
    if (name == kind) return reason;
  }
  return {};
}

// Counts results and hands them to the caller.
class Run {
 public:
  explicit Run(const VerifyOptions& options) : options_(options) {}

  void verify_path(const std::filesystem::path& path) {
    std::error_code ignored;  // what does not exist is reported as a folder without cases.json
    if (std::filesystem::is_regular_file(path, ignored)) {
      return report({.folder = path, .status = CaseStatus::kSkipped, .reason = "a file, want a folder"});
    }
    std::optional<CaseFolder> folder;
    const std::string error = error_of([&] { folder = read_case_list(path); });
    if (!error.empty()) return report({.folder = path, .status = CaseStatus::kFailed, .reason = error});
    verify_folder(*folder);
  }
  const VerifySummary& summary() const { return summary_; }

 private:
  // The text of what `action` throws, empty if it does not.
  template <class Action>
  static std::string error_of(const Action& action) {
    try {
      action();
      return {};
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  void report(const CaseResult& result) {
    ++summary_.cases;
    summary_.failed += result.status == CaseStatus::kFailed;
    summary_.skipped += result.status == CaseStatus::kSkipped;
    if (options_.on_case) options_.on_case(result);
  }

  void report_all(const CaseFolder& folder, CaseStatus status, const std::string& reason) {
    for (size_t i = 0; i < folder.cases.size(); ++i) {
      report(
          {.folder = folder.path, .name = case_name(folder.cases[i], i), .status = status, .reason = reason});
    }
    if (folder.cases.empty()) report({.folder = folder.path, .status = status, .reason = reason});
  }

  void verify_folder(CaseFolder& folder) {
    const Kind* kind = find_kind(folder.kind);
    if (kind == nullptr) {
      const std::string_view reason = skip_reason(folder.kind);
      if (!reason.empty()) return report_all(folder, CaseStatus::kSkipped, std::string(reason));
      return report_all(folder, CaseStatus::kFailed,
                        fmt::format("{}: kind is \"{}\", which is unknown", folder.source(), folder.kind));
    }
    if (folder.cases.empty()) return report_all(folder, CaseStatus::kFailed, "cases.json lists no case");
    PreparedFolder prepared;
    const std::string error = error_of([&] {
      open_case_tensors(folder);
      prepared = kind->prepare(folder, options_);
    });
    if (!error.empty()) return report_all(folder, CaseStatus::kFailed, error);
    for (size_t i = 0; i < folder.cases.size(); ++i) report(run_case(folder, i, prepared));
  }

  static CaseResult run_case(const CaseFolder& folder, size_t index, const PreparedFolder& prepared) {
    CaseResult result;
    const std::string error = error_of([&] {
      const CaseSpec spec = prepared.read(folder, index);
      CaseReport case_report(prepared.dtype);
      prepared.run(spec, case_report);
      result = case_report.result(folder, spec);
    });
    if (error.empty()) return result;
    return {.folder = folder.path,
            .name = case_name(folder.cases[index], index),
            .status = CaseStatus::kFailed,
            .reason = error};
  }

  const VerifyOptions& options_;
  VerifySummary summary_;
};

}  // namespace

VerifySummary verify(std::span<const std::filesystem::path> folders, const VerifyOptions& options) {
  Run run(options);
  for (const auto& folder : folders) run.verify_path(folder);
  return run.summary();
}

}  // namespace modernbert
