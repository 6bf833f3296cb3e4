// Measuring outputs against expected values, and the report of one case that grows from it.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "modernbert/dtype.h"
#include "verify/case_folder.h"
#include "verify/verify.h"

namespace modernbert {

struct Bars {
  double max_abs = std::numeric_limits<double>::infinity();
  double mean_abs = std::numeric_limits<double>::infinity();
};

// The bars of an output in this compute type (see verify.h). No bf16 figures: no bars.
Bars bars_of(const ExpectedOutput& output, ComputeType dtype);

struct Difference {
  double max_abs = 0;  // NaN or infinity anywhere in `actual` makes both infinite
  double mean_abs = 0;
};
Difference difference(std::span<const float> actual, std::span<const float> expected);

class CaseReport {
 public:
  explicit CaseReport(ComputeType dtype) : dtype_(dtype) {}
  ComputeType dtype() const { return dtype_; }

  // actual: all values of the output in row-major order. A count that differs from the tensor's is a
  // mismatch.
  void compare(const ExpectedOutput& output, std::span<const float> actual, const Tensor& expected);
  void compare(const std::string& name, std::span<const float> actual, std::span<const float> expected,
               const Bars& bars);
  // An error that the caller measured.
  void add(const std::string& name, const Difference& error, const Bars& bars);
  // Something that must be exact is not; the first one becomes the reason.
  void mismatch(const std::string& text);

  CaseResult result(const CaseFolder& folder, const CaseSpec& spec) const;

 private:
  ComputeType dtype_;
  CaseResult worst_;
  bool compared_ = false;
  std::string mismatch_;
};

}  // namespace modernbert
