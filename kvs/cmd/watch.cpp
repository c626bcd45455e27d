#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/watch_feed.hpp"

namespace kvs {

int watch(const Settings& settings) {
  Output output(settings);
  WatchFeed feed(settings, output);
  return follow(settings, feed);
}

}  // namespace kvs
