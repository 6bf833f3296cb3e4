#include "ops/rowwise/cross_entropy.h"

#include <cmath>
#include <limits>

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/cross_entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector/element_rows-inl.h"
#include "ops/vector/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct RowTerms {
  float maximum, sum;
  double exponentials;  // sum of e^(z - maximum)
};

// The maximum and the sum of a row.
RowTerms scan_row(const float* z, int64_t count) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto maximum = hn::Set(d, -std::numeric_limits<float>::infinity()), sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(d, z + i);
    maximum = hn::Max(maximum, value);
    sum = hn::Add(sum, value);
  }
  RowTerms terms{hn::GetLane(hn::MaxOfLanes(d, maximum)), hn::GetLane(hn::SumOfLanes(d, sum)), 0};
  for (; i < count; ++i) {
    terms.maximum = std::fmax(terms.maximum, z[i]);
    terms.sum += z[i];
  }
  return terms;
}

// z becomes e^(z - maximum). Sums of a few thousand terms are added up in double.
void exponentiate_row(float* z, int64_t count, RowTerms& terms) {
  constexpr int64_t kChunk = 4096;
  const float maximum = terms.maximum;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t end = begin + kChunk < count ? begin + kChunk : count;
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    auto sum = hn::Zero(d);
    int64_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const auto e = vector_exp(d, hn::Sub(hn::LoadU(d, z + i), hn::Set(d, maximum)));
      hn::StoreU(e, d, z + i);
      sum = hn::Add(sum, e);
    }
    terms.exponentials += hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < end; ++i) terms.exponentials += z[i] = std::exp(z[i] - maximum);
  }
}

template <class E>
void gradient_row(const float* e, int64_t count, float factor, float constant, E* gradient) {
  for_each_vector(count, [=](auto d, int64_t i) HWY_ATTR {
    store_rounded(d, hn::MulAdd(hn::LoadU(d, e + i), hn::Set(d, factor), hn::Set(d, constant)), gradient + i);
  });
}

template <class E>
void row_loss(const CrossEntropyOptions& options, int32_t label, float scale, const MatView<float>& logits,
              int64_t r, E* gradient, CrossEntropySums& sums) {
  float* z = logits.row_data(r);
  if (options.logit_scale != 1) {
    const auto factor = static_cast<float>(options.logit_scale);
    for (int64_t i = 0; i < logits.cols; ++i) z[i] *= factor;
    scale *= factor;
  }
  const float label_logit = z[label];
  RowTerms terms = scan_row(z, logits.cols);
  exponentiate_row(z, logits.cols, terms);
  const double log_sum = terms.maximum + std::log(terms.exponentials), s = options.label_smoothing;
  const double classes = static_cast<double>(logits.cols), weight = 1 + 2 * options.z_loss * log_sum;
  sums.cross_entropy += (1 - s) * (log_sum - label_logit) + s * (log_sum - terms.sum / classes);
  sums.z_loss += options.z_loss * log_sum * log_sum;
  sums.correct += label_logit == terms.maximum;
  const auto factor = static_cast<float>(scale * weight / terms.exponentials);
  const auto constant = static_cast<float>(-scale * s / classes);
  const float at_label = z[label] * factor + constant - static_cast<float>(scale * (1 - s));
  gradient_row(z, logits.cols, factor, constant, gradient);
  store_rounded_one(at_label, gradient + label);
}

void loss_floats(const CrossEntropyOptions& options, int32_t label, float scale, const MatView<float>& logits,
                 int64_t r, float* gradient, CrossEntropySums& sums) {
  row_loss(options, label, scale, logits, r, gradient, sums);
}
void loss_halves(const CrossEntropyOptions& options, int32_t label, float scale, const MatView<float>& logits,
                 int64_t r, Bf16* gradient, CrossEntropySums& sums) {
  row_loss(options, label, scale, logits, r, gradient, sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {
namespace {

HWY_EXPORT(loss_floats);
HWY_EXPORT(loss_halves);

void one_row(const CrossEntropyOptions& options, int32_t label, float scale, const MatView<float>& logits,
             int64_t r, float* gradient, CrossEntropySums& sums) {
  HWY_DYNAMIC_DISPATCH(loss_floats)(options, label, scale, logits, r, gradient, sums);
}
void one_row(const CrossEntropyOptions& options, int32_t label, float scale, const MatView<float>& logits,
             int64_t r, Bf16* gradient, CrossEntropySums& sums) {
  HWY_DYNAMIC_DISPATCH(loss_halves)(options, label, scale, logits, r, gradient, sums);
}

}  // namespace

CrossEntropySums& CrossEntropySums::operator+=(const CrossEntropySums& other) {
  cross_entropy += other.cross_entropy;
  z_loss += other.z_loss;
  correct += other.correct;
  return *this;
}

template <class E>
CrossEntropySums cross_entropy(const CrossEntropyOptions& options, std::span<const int32_t> labels,
                               float scale, MatView<float> logits, MatView<E> gradient) {
  MB_CHECK(static_cast<int64_t>(labels.size()) == logits.rows && gradient.cols == logits.cols);
  CrossEntropySums sums;
  for (int64_t r = 0; r < logits.rows; ++r)
    one_row(options, labels[static_cast<size_t>(r)], scale, logits, r, gradient.row_data(r), sums);
  return sums;
}

template CrossEntropySums cross_entropy(const CrossEntropyOptions&, std::span<const int32_t>, float,
                                        MatView<float>, MatView<float>);
template CrossEntropySums cross_entropy(const CrossEntropyOptions&, std::span<const int32_t>, float,
                                        MatView<float>, MatView<Bf16>);

}  // namespace modernbert
#endif
