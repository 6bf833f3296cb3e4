#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/file.h"
#include "temporary_folder.h"
#include "training/report/event_file.h"
#include "training/report/html_report.h"
#include "training/report/metrics_file.h"
#include "training/report/step_line.h"

namespace modernbert::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StepMetrics step(int64_t number, double loss = 2.5) {
  StepMetrics m{.step = number, .total_steps = 12000};
  m.tokens = number * 100;
  m.loss = loss;
  m.gradient_norm = 0.5;
  m.rate = 8e-4;
  m.seconds = 1.52;
  m.tokens_per_s = 10400;
  m.share_of_peak = 0.713;
  return m;
}

TEST(StepLine, HasFixedColumns) {
  EXPECT_EQ(step_line(step(7)),
            "step     7/12000  loss  2.5000  norm      0.5  lr 8.00e-04     1.52 s   10.4k tok/s   71.3 %");
  EXPECT_EQ(step_line(step(7)).size(), step_line(step(11999, 11.25)).size());
}

TEST(StepLine, DurationsAndCounts) {
  EXPECT_EQ(duration_text(7.4), "7 s");
  EXPECT_EQ(duration_text(125), "2m 05s");
  EXPECT_EQ(duration_text(3600 + 23 * 60), "1h 23m");
  EXPECT_EQ(duration_text(76 * 3600), "3d 04h");
  EXPECT_EQ(count_text(1.719e12), "1.72T");
  EXPECT_EQ(count_text(20e6), "20.0M");
  EXPECT_EQ(count_text(512), "512");
}

TEST(OutlierMark, MarksSpikesAndWhatIsNotFinite) {
  OutlierMark mark;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(mark.next(3 + 0.05 * (i % 3)), ' ') << i;
  EXPECT_EQ(mark.next(4.5), '!');
  EXPECT_EQ(mark.next(NAN), '!');
}

TEST(MetricsFile, AResumedRunDropsWhatCameAfterItsCheckpoint) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  {
    MetricsFile file(path, 0);
    for (int64_t i = 1; i <= 5; ++i) file.on_step(step(i));
  }
  std::ofstream(path, std::ios::app) << "{\"kind\":\"step\",\"st";  // killed in the middle of a line
  {
    MetricsFile file(path, 3);
    file.on_step(step(4));
  }
  std::ifstream lines(path);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(Json::parse(line)["step"], ++number);
  EXPECT_EQ(number, 4);
}

// Bytes of tensorboard's own writer for the same event.
TEST(EventFile, RecordsAreTensorBoards) {
  const std::string bytes = scalar_event(1.5, 3, {{"loss", 0.25}});
  const std::string want("\x1a\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(bytes.substr(0, 8), want);
  EXPECT_EQ(bytes.substr(12, bytes.size() - 16),
            std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\x03\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e", 26));
}

TEST(HtmlReport, StandsAloneAndIsSafe) {
  const std::string metrics =
      to_json(step(1)).dump() + "\n" +
      R"({"kind":"evaluation","step":1,"tokens":1,"sentences":[{"sentence":"</script><b>[MASK]","masks":[]}]})" +
      "\nbroken line\n";
  const std::string page = html_report({"a <b> run", "x"}, metrics);
  EXPECT_THAT(page, HasSubstr("a &lt;b> run"));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>"));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(HtmlReport, LongRunsAreThinned) {
  std::string metrics;
  for (int64_t i = 1; i <= 20'000; ++i) metrics += to_json(step(i)).dump() + "\n";
  EXPECT_LT(html_report({"long", ""}, metrics).size(), 400'000u);
}

}  // namespace
}  // namespace modernbert::testing
