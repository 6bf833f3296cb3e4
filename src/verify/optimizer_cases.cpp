#include "verify/optimizer_cases.h"

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "training/checkpoint/tiling.h"
#include "training/optimizer/optimizer.h"
#include "training/optimizer/schedule.h"
#include "verify/training_settings.h"

namespace modernbert {
namespace {

// The tensors of a case, one after another in a block.
class CaseBlock {
 public:
  CaseBlock(const CaseFolder& folder, const CaseSpec& spec, const JsonObject& initial)
      : folder_(folder), spec_(spec) {
    for (const auto& [name, ignored] : initial.json().items()) {
      const Tensor& tensor = require_tensor(folder, spec, initial.string(name, ""));
      const bool decays = tensor.shape.size() > 1 && !name.ends_with(".bias");
      names_.push_back(name);
      tensors_.push_back({.offset = size_, .size = tensor.elements(), .decays = decays});
      size_ += tensor.elements();
    }
  }

  const std::vector<OptimizedTensor>& tensors() const { return tensors_; }

  // The values of all tensors, whose names are those of the object.
  std::vector<float> read(const JsonObject& names) const {
    std::vector<float> block(static_cast<size_t>(size_));
    for (size_t i = 0; i < names_.size(); ++i) {
      const Tensor& tensor = require_tensor(folder_, spec_, names.string(names_[i], ""));
      if (tensor.elements() != tensors_[i].size)
        fail(ErrorCode::kInvalidFile, "{}: {} is {}, want {} elements", tensor.source, names_[i],
             tensor.shape_text(), tensors_[i].size);
      std::ranges::copy(tensor.to_floats(), block.begin() + tensors_[i].offset);
    }
    return block;
  }

 private:
  const CaseFolder& folder_;
  const CaseSpec& spec_;
  std::vector<std::string> names_;
  std::vector<OptimizedTensor> tensors_;
  int64_t size_ = 0;
};

const Json::array_t& list_of_size(const JsonObject& json, const std::string& name, size_t size) {
  const std::string want = fmt::format("a list of {} entries", size);
  const Json::array_t& list = json.require_list(name, want);
  if (list.size() != size) json.reject(name, want);
  return list;
}

}  // namespace

void run_optimizer_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const CaseBlock block(folder, spec, json.require_object("initial"));
  const std::vector<double> rates = read_numbers(json, "lr_per_step");
  const Json::array_t& gradients = list_of_size(json, "gradients", rates.size());
  const Json::array_t& after = list_of_size(json, "after_step", rates.size());
  const double bar = json.number("tolerance_max_abs", -1);
  Optimizer optimizer(read_optimizer(json.require_object("optimizer")), block.tensors(), 1);
  std::vector<float> values = block.read(json.require_object("initial"));
  for (size_t i = 0; i < rates.size(); ++i) {
    optimizer.step(values, block.read(JsonObject(gradients[i], json.source() + ": gradients")), rates[i], 1);
    report.compare(fmt::format("after step {}", i), values,
                   block.read(JsonObject(after[i], json.source() + ": after_step")), {.max_abs = bar});
  }
}

void run_schedule_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  Schedule schedule;
  schedule.kind = parse_schedule(json.string("kind", ""), json.source() + ": kind");
  schedule.warmup = json.number("warmup", 0);
  schedule.total = json.number("total", 0);
  schedule.decay = json.number("decay", 0);
  schedule.final_share = json.number("alpha_f", 0);
  const Json* points = json.find("multiplier_at");
  if (points == nullptr || !points->is_array()) json.reject("multiplier_at", "a list of [x, multiplier]");
  const double bar = JsonObject(folder.json, folder.source()).number("tolerance", 0);
  Difference worst;
  for (const Json& point : *points) {
    const auto pair = point.get<std::pair<double, double>>();
    const double error = std::abs(schedule.multiplier(pair.first) - pair.second);
    worst.max_abs = std::max(worst.max_abs, error);
    worst.mean_abs += error / static_cast<double>(points->size());
  }
  report.add(std::string(to_string(schedule.kind)), worst, {.max_abs = bar});
}

void run_tiling_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report) {
  const JsonObject json(spec.json, folder.source() + ": " + spec.name);
  const Tensor& source = require_tensor(folder, spec, json.string("source", ""));
  const Tensor& result = require_tensor(folder, spec, json.string("result", ""));
  const auto rows = [](const Tensor& tensor) { return tensor.shape.size() == 2 ? tensor.shape[0] : 1; };
  const std::vector<float> x = source.to_floats();
  std::vector<float> y(static_cast<size_t>(result.elements()));
  const MatView<const float> from(x.data(), rows(source), source.elements() / rows(source));
  const MatView<float> to(y.data(), rows(result), result.elements() / rows(result));
  if (from.rows > to.rows || from.cols > to.cols)
    json.reject("result", "a tensor of at least the source's size");
  tile_from_middle(from, to);
  report.compare("result", y, result.to_floats(), {.max_abs = json.number("tolerance", 0)});
}

}  // namespace modernbert
