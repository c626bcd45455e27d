#include "kvs/cmd/freshness.hpp"

#include "kvs/limits.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr std::chrono::seconds for_the_refusal{1};  // of a server that has waited in vain

}  // namespace

Freshness::Freshness(const Settings& settings, bool past)
    : revision_(past ? settings.text("revision") : ""),
      min_revision_(settings.text("min-revision")),
      linearizable_(settings.on("linearizable")),
      wait_(std::min<std::chrono::milliseconds>(settings.duration("timeout"), most_read_wait)) {}

void Freshness::add_to(std::string& target) const {
  if (!revision_.empty()) add_parameter(target, "revision", revision_);
  if (!min_revision_.empty()) add_parameter(target, "min_revision", min_revision_);
  if (linearizable_) add_parameter(target, "linearizable", "1");
  if (waits()) add_parameter(target, "timeout", format_duration(wait_));
}

bool Freshness::waits() const { return !revision_.empty() || !min_revision_.empty() || linearizable_; }

void Freshness::give_time(Remote& remote) const {
  if (waits()) remote.wait_longer(for_the_refusal);
  const std::string& revision = min_revision_.empty() ? revision_ : min_revision_;
  if (!revision.empty()) remote.say_if_slow("revision " + revision + " (up to " + format_duration(wait_) + ")");
}

void Freshness::stay_at(const ClientAnswer& answer) {
  revision_ = answer.field("kvs-revision");
  min_revision_.clear();
  linearizable_ = false;
}

}  // namespace kvs
