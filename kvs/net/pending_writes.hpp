// The writes of one connection that are under way, and their answers in the order of the requests.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/net/reply.hpp"
#include "kvs/net/request_keys.hpp"
#include "kvs/net/write_answer.hpp"
#include "kvs/prefetch.hpp"
#include "kvs/store/view.hpp"

namespace kvs {

// Several writes of a pipeline are in the order at once; anything else waits until they are settled.
class PendingWrites final : public Settler {
 public:
  PendingWrites(Worker& worker, Wakeup& wakeup) : worker_(worker), wakeup_(wakeup) {}
  ~PendingWrites() { abandon(); }

  // Takes the manners if it is accepted. `key`: the request key, if it has one, which stays in use until the write is
  // answered.
  PublishResult submit(Command&& command, WriteForm form, Manners& manners, RequestKeys::Use key = {});

  bool empty() const { return writes_.empty(); }
  std::size_t size() const { return writes_.size(); }
  bool settled() const { return unsettled_ == 0; }
  // Gives up those that have no verdict yet: their outcome is unknown.
  void abandon();
  // Appends all answers, in order, and forgets the writes. Only when settled() or after abandon().
  // Whether the connection ends with the last of them.
  bool answer(std::string& out);

 private:
  struct Write {
    Ticket ticket;
    WriteForm form;
    bool settled = false;
    RecordRef record;  // for its key: all the rest of it belongs to the judge until the verdict is here
    Manners manners;
    RequestKeys::Use key;
    Counted in_flight;
    Verdict verdict;
  };
  void settle(std::uint32_t index, Verdict&& verdict) override;
  void fetch(std::uint32_t index) const override {
    prefetch(writes_.data() + index, sizeof(Write));
    prefetch(&wakeup_, sizeof(Wakeup));
  }
  void answer(const Write& write, std::string& out);
  void count(const Write& write, Clock::time_point now);

  Worker& worker_;
  Wakeup& wakeup_;
  std::vector<Write> writes_;
  std::size_t unsettled_ = 0;
};

// Why a command could not even be put into the order, and what that means for the request.
Problem publish_problem(PublishResult result, Worker& worker, std::string_view meaning = "nothing was written");

}  // namespace kvs
