// How long the state's operations take and how much memory a key takes, at several sizes.
// Usage: state_bench [KEYS…]   (default: 1000 100000 1000000). Every size runs in a process of its own, so that one's
// free memory is not another's.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kvs/store/state.hpp"

using namespace kvs;

namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t value_size = 100;
const std::string value(value_size, 'v');

std::string key(std::size_t i) {
  char text[32];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "key:%012zu", i))};
}

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Processor time, so that what else runs on the machine counts as little as possible.
template <typename Work>
double nanoseconds_each(std::size_t times, Work work) {
  const auto begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) * (1e9 / CLOCKS_PER_SEC) / static_cast<double>(times);
}

// Keys made before the clock runs: their digits cost more than a lookup.
std::vector<std::string> random_keys(std::size_t count, std::size_t below) {
  std::mt19937_64 random(1);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(key(random() % below));
  return keys;
}

std::vector<std::uint32_t> shuffled(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(2));
  return order;
}

State commit(StateEditor& editor) { return editor.commit(Revision{1}, LogTime{}); }

State insert_all(const std::vector<std::uint32_t>& order) {
  StateEditor editor{State{}};
  State state;
  for (std::size_t i = 0; i < order.size(); ++i) {
    editor.put(Record::make(key(order[i]), value));
    if (i % batch == batch - 1) state = commit(editor);
  }
  return commit(editor);
}

State build_all(std::size_t count) {
  StateBuilder builder;
  for (std::size_t i = 0; i < count; ++i) builder.add(Record::make(key(i), value));
  return builder.finish(Revision{1}, LogTime{});
}

// Of many short runs the time that a quarter of them stay below: what else runs on the machine only ever adds.
template <typename Work>
double typical_nanoseconds(const std::vector<std::string>& keys, Work work) {
  constexpr std::size_t run = 100 * batch;
  std::vector<double> runs;
  for (std::size_t first = 0; first + run <= keys.size(); first += run) {
    runs.push_back(nanoseconds_each(run, [&] { work(std::span(keys).subspan(first, run)); }));
  }
  std::ranges::sort(runs);
  return runs[runs.size() / 4];
}

void measure_access(const char* how, State state, std::size_t count) {
  const auto keys = random_keys(1'000'000, count);
  std::size_t found = 0;
  const auto look_up = [&](auto some) {
    for (const auto& k : some) found += state.find(k)->value().size();
  };
  look_up(std::span(keys));
  const double find = typical_nanoseconds(keys, look_up);
  StateEditor editor(state);
  const double set = typical_nanoseconds(keys, [&](auto some) {
    for (std::size_t i = 0; i < some.size(); ++i) {
      editor.put(Record::make(some[i], value));
      if (i % batch == batch - 1) state = commit(editor);  // drops the version before it, as a server does
    }
  });
  const double walk = nanoseconds_each(count, [&] {
    for (auto cursor = state.begin(); cursor.get() != nullptr; cursor.next()) found += cursor.get()->value().size();
  });
  std::printf("  %-18s find %6.0f ns   set (batches of %zu) %6.0f ns   walk %4.0f ns a key   (%zu)\n", how, find, batch,
              set, walk, found % 10);
}

void measure(const char* how, std::size_t count, bool by_builder, bool sorted) {
  std::fflush(stdout);
  if (const pid_t child = ::fork(); child != 0) {
    ::waitpid(child, nullptr, 0);
    return;
  }
  std::vector<std::uint32_t> order;
  if (!by_builder) order = shuffled(count);
  if (sorted) std::sort(order.begin(), order.end());
  const std::size_t before = resident_bytes();
  State state;
  const double each = nanoseconds_each(count, [&] { state = by_builder ? build_all(count) : insert_all(order); });
  const double resident = static_cast<double>(resident_bytes() - before) / static_cast<double>(count);
  std::printf("  %-18s made in %5.0f ns a key, %5.1f bytes a key beyond key and value\n", how, each,
              resident - static_cast<double>(key(0).size() + value_size));
  measure_access(how, state, count);
  std::fflush(stdout);
  const double drop = nanoseconds_each(count, [&] { state = State{}; });
  std::printf("  %-18s dropped in %4.0f ns a key\n", how, drop);
  std::fflush(stdout);
  ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {1'000, 100'000, 1'000'000};
  for (const std::size_t count : sizes) {
    std::printf("%zu keys of %zu bytes, values of %zu\n", count, key(0).size(), value_size);
    measure("random inserts", count, false, false);
    measure("rising inserts", count, false, true);
    measure("builder", count, true, false);
  }
}
