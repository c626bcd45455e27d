#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/watch_feed.hpp"

namespace kvs {

int watch(const Settings& settings) {
  Output output(settings);
  WatchFeed feed(settings, output);
  int code = follow(settings, feed);
  if (code == exit_code::timed_out && !settings.on("quiet"))
    report(Failure(code, "the watch ended after " + settings.text("timeout") + ", as --timeout says",
                   feed.how_to_go_on()));
  return code;
}

}  // namespace kvs
