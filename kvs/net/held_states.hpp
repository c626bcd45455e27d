// Which states the slow clients of one thread are told, and keep in memory by that.
#pragma once
#include <boost/intrusive/set.hpp>
#include <cstdint>

#include "kvs/net/seldom.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

class Connection;

// States of one order share what did not change between them. So what they all keep is counted once: by each of them
// what was replaced until the next newer one that is held, and what is its own (StateWeight). When that is more than
// `least`, and more than the newest state takes itself, the connections that hold the oldest are cut, until it fits. A
// key that is written again and again counts each time there, and is kept once: so nobody is cut unless all old states
// in the process do keep as much. One thread.
class HeldStates {
 public:
  explicit HeldStates(std::uint64_t least) : least_(least) {}

  using Hook = boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  // One connection's part. Nothing is held by a new one; destroying it releases what is.
  class Part : public Hook {
   public:
    Part(HeldStates& all, Connection& client) : all_(all), client_(client) {}
    ~Part() { release(); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    // It waits for its client with this state in hands. May cut other connections, never this one.
    void hold(const State& state, const State& newest);
    void release();

    bool operator<(const Part& other) const { return weight_.replaced < other.weight_.replaced; }

   private:
    friend class HeldStates;
    HeldStates& all_;
    Connection& client_;
    StateWeight weight_;
  };

 private:
  using Parts = boost::intrusive::multiset<Part, boost::intrusive::constant_time_size<false>>;

  std::uint64_t kept_until_next(Parts::const_iterator part) const;
  std::uint64_t kept(const State& newest) const;
  void cut_until_it_fits(const Part& spared, const State& newest);

  const std::uint64_t least_;
  Parts parts_;            // oldest first
  std::uint64_t own_ = 0;  // of all
  std::uint64_t sum_ = 0;  // of what all but the last keep
  Seldom to_say_{std::chrono::seconds(10)};
};

}  // namespace kvs
