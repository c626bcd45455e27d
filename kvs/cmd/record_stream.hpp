// The listing of a server, record by record: GET /v1/kv as NDJSON, at constant memory.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kvs/cmd/remote.hpp"

namespace kvs {

// `line` is one record without its newline, valid during the call.
using TakeLine = std::function<void(std::string_view line)>;

// `target` is /v1/kv with its parameters. Gives the answer without its body. Throws Failure if it is no 200.
ClientAnswer stream_records(Remote& remote, const std::string& target, const TakeLine& take);

// Cuts bytes that come in pieces into lines. A last line without a newline counts at finish().
class Lines {
 public:
  explicit Lines(TakeLine take) : take_(std::move(take)) {}
  void add(std::string_view piece);
  void finish();

  // Lines that have ended, the one that is taken included, and empty ones, which nobody takes.
  std::uint64_t count() const { return count_; }
  // Bytes of the line that has not ended yet.
  std::size_t begun() const { return begun_.size(); }

 private:
  TakeLine take_;
  std::uint64_t count_ = 0;
  std::string begun_;
};

}  // namespace kvs
