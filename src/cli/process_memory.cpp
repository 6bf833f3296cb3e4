#include "cli/process_memory.h"

#include <fstream>
#include <string>

namespace modernbert::cli {
namespace {

// A line of /proc/self/status, "VmRSS:   12345 kB", in bytes.
double status_field(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == name && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

double resident_bytes() {
  return status_field("VmRSS:");
}

double peak_resident_bytes() {
  return status_field("VmHWM:");
}

}  // namespace modernbert::cli
