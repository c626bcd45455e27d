#include "kvs/cmd/serve_reload.hpp"

#include <algorithm>
#include <array>

namespace kvs {
namespace {

// What Serving::take_in() takes in.
constexpr std::array<std::string_view, 2> taken_in{"log-level", "cors-origin"};

bool is_taken_in(const Option& option) { return std::ranges::find(taken_in, option.name) != taken_in.end(); }

}  // namespace

Reloaded read_again(const Settings& running) {
  Settings fresh = running.read_again();
  Reloaded reloaded{serve_options(fresh), {}};
  for (const Option& option : all_options()) {
    if (!goes_with(option, Verb::serve) || is_taken_in(option)) continue;
    if (fresh.list(option.name) != running.list(option.name)) reloaded.waiting.emplace_back(option.name);
  }
  return reloaded;
}

}  // namespace kvs
