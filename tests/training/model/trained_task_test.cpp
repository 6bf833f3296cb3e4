#include "training/model/trained_task.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../../model/random_model.h"
#include "training/initialization.h"

namespace modernbert {
namespace {

class Pooled : public ::testing::TestWithParam<ClassifierPooling> {
 protected:
  EncoderConfig config() const {
    EncoderConfig config = testing::tiny_config("flex_partial_rotary");
    config.num_labels = 3;
    config.classifier_pooling = GetParam();
    return config;
  }
};

// The loss along the gradient itself: its slope is the gradient's squared norm.
TEST_P(Pooled, GradientIsTheSlopeOfTheLoss) {
  const TokenBatch batch = testing::random_batch(config(), {9, 1, 30});
  const TaskLabels labels{.classes = {2, 0, 1}, .targets = {}};
  const auto layout = std::make_shared<const ParameterLayout>(config(), HeadKind::kSequenceClassification);
  ParameterBlock values(layout), gradient(layout), unused(layout);
  initialize_parameters(config(), {}, 5, values);
  TrainingOptions options;
  options.dtype = ComputeType::kFp32;
  options.threads = 2;
  TrainedTask task(config(), HeadKind::kSequenceClassification, options);
  task.set_parameters(values);
  task.forward_backward(batch, labels, 1, 0, gradient);
  double squares = 0;
  for (const float g : gradient.values()) squares += static_cast<double>(g) * g;
  ASSERT_GT(squares, 0);
  const auto loss = [&](double step) {
    ParameterBlock moved(layout);
    for (size_t i = 0; i < moved.values().size(); ++i)
      moved.values()[i] = values.values()[i] + static_cast<float>(step * gradient.values()[i]);
    task.set_parameters(moved);
    return task.forward_backward(batch, labels, 1, 0, unused);
  };
  const double step = 3e-3 / std::sqrt(squares);
  EXPECT_NEAR((loss(step) - loss(-step)) / (2 * step), squares, 5e-3 * squares);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Pooled,
                         ::testing::Values(ClassifierPooling::kCls, ClassifierPooling::kMean,
                                           ClassifierPooling::kMax),
                         [](const auto& instance) { return std::string(to_string(instance.param)); });

}  // namespace
}  // namespace modernbert
