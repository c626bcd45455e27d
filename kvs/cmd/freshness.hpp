// How new, or how old, what is read must be: --revision, --min-revision and --linearizable.
#pragma once
#include <algorithm>
#include <chrono>
#include <string>

#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

class Freshness {
 public:
  // `past`: the command takes --revision.
  explicit Freshness(const Settings& settings, bool past = true);

  void add_to(std::string& target) const;
  // The server may wait for as long as --timeout before it refuses.
  void give_time(Remote& remote) const;
  // What follows is to be of the revision that the first answer was of.
  void stay_at(const ClientAnswer& answer);

 private:
  bool waits() const;

  std::string revision_, min_revision_;
  bool linearizable_;
  std::chrono::milliseconds wait_;
};

}  // namespace kvs
