// A watch sent as the body of an HTTP answer: server-sent events or NDJSON.
#pragma once
#include "kvs/net/watch_connection.hpp"

namespace kvs {

// What the client sends meanwhile is read and ignored: nothing can be asked for behind a body that does not end.
class StreamedWatch final : public WatchConnection {
 public:
  StreamedWatch(Worker& worker, Channel channel, WatchRequest request);

 private:
  Clock::time_point next_deadline() const override { return Clock::time_point::max(); }
  void speak_up(std::string&) override {}
  bool take_input(std::string_view) override { return true; }
  void say_goodbye(std::string& out) override;
  bool expects_answer() const override { return true; }
};

}  // namespace kvs
