#include "test/bench/load/report.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace kvs::load {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    }
  }
  return out + '"';
}

}  // namespace

double cpu_seconds(int pid) {
  if (pid == 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(line.rfind(')') + 1));  // the name before it may hold spaces
  std::string skipped;
  double user = 0, system = 0;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Report& Report::add(const char* name, std::uint64_t value) {
  text_ += (text_.empty() ? "" : ",") + quoted(name) + ":" + std::to_string(value);
  return *this;
}

Report& Report::add(const char* name, double value) {
  char number[64];
  std::snprintf(number, sizeof number, "%.6g", value);
  text_ += (text_.empty() ? "" : ",") + quoted(name) + ":" + number;
  return *this;
}

Report& Report::add(const char* name, const std::string& text) {
  text_ += (text_.empty() ? "" : ",") + quoted(name) + ":" + quoted(text);
  return *this;
}

Report& Report::add_latency(const Histogram& latency) {
  return add("p50_us", latency.percentile(0.5)).add("p99_us", latency.percentile(0.99)).add("max_us", latency.max());
}

void Report::print() const {
  std::printf("{%s}\n", text_.c_str());
  std::fflush(stdout);
}

}  // namespace kvs::load
