#include "test/bench/load/requester.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "test/bench/load/clock.hpp"

namespace kvs::load {

Requester::Requester(std::uint16_t port, Poller& poller, const Dialect& dialect, Tally& tally, unsigned depth)
    : socket_(port), dialect_(dialect), tally_(tally), depth_(depth) {
  poller.add(socket_.fd(), *this);
}

void Requester::next() {
  if (tally_.paced) return tally_.idle.push_back(this);
  if (requests_ != 0 || tally_.paused || tally_.left == 0) return;
  send(std::min<std::uint64_t>(depth_, tally_.left), now_ns());
}

void Requester::send_at(std::int64_t due) { send(1, due); }

void Requester::send(std::size_t requests, std::int64_t due) {
  requests_ = requests;
  awaited_ = dialect_.answers_a_batch ? 1 : requests_;
  tally_.left -= requests_;
  tally_.in_flight += requests_;
  dialect_.append(out_, tally_.keys, requests_);
  sent_at_ = due;
  flush();
}

void Requester::ready() {
  if (!out_.empty()) flush();
  receive();
}

void Requester::flush() {
  while (!out_.empty()) {
    const auto sent = socket_.write(out_);
    if (sent == 0) return;  // ready() is called when there is room
    out_.erase(0, sent);
  }
}

void Requester::receive() {
  static std::array<char, 256 * 1024> buffer;
  for (;;) {
    const auto kept = in_.size();
    std::memcpy(buffer.data(), in_.data(), kept);
    const auto got = socket_.read(buffer.data() + kept, buffer.size() - kept);
    if (got == 0) return;
    const std::string_view text(buffer.data(), kept + got);
    const auto answers = dialect_.reader->read(text);
    in_.assign(text.substr(answers.used));
    take(answers);
    if (text.size() < buffer.size()) return;  // a short read took all there was
  }
}

void Requester::take(const Answers& answers) {
  if (answers.refused != 0 && tally_.refusal.empty()) tally_.refusal = answers.refusal;
  tally_.refused += answers.refused;
  if (answers.count > awaited_) throw std::runtime_error("more answers than requests");
  awaited_ -= answers.count;
  if (awaited_ != 0 || answers.count == 0) return;
  tally_.latency.add(now_ns() - sent_at_);
  tally_.answered += requests_;
  tally_.in_flight -= requests_;
  requests_ = 0;
  next();
}

}  // namespace kvs::load
