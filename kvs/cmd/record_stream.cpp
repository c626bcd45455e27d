#include "kvs/cmd/record_stream.hpp"

namespace kvs {

void Lines::add(std::string_view piece) {
  for (std::size_t end; (end = piece.find('\n')) != std::string_view::npos; piece.remove_prefix(end + 1)) {
    std::string_view line = piece.substr(0, end);
    ++count_;
    if (begun_.empty()) {
      if (!line.empty()) take_(line);
    } else {
      begun_ += line;
      take_(begun_);
      begun_.clear();
    }
  }
  begun_ += piece;
}

void Lines::finish() {
  std::string last;
  last.swap(begun_);
  if (last.empty()) return;
  ++count_;
  take_(last);
}

ClientAnswer stream_records(Remote& remote, const std::string& target, const TakeLine& take) {
  Lines lines(take);
  ClientAnswer answer =
      remote.fetch({.method = "GET", .target = target, .fields = {{"Accept", "application/x-ndjson"}}, .body = {}},
                   [&](std::string_view piece) { lines.add(piece); });
  if (answer.status != 200) throw failure_from(answer);
  lines.finish();
  return answer;
}

}  // namespace kvs
