// What one thread holds for clients that are slow to take large answers or to send large bodies, within a bound.
#pragma once
#include <boost/intrusive/list.hpp>
#include <cstddef>

#include "kvs/net/seldom.hpp"

namespace kvs {

class Connection;

// Each connection may hold `free_share` bytes, which the number of connections bounds. What goes beyond counts, and
// when there is more of it than `most`, those that have made no progress for longest are aborted, until it fits: a
// client that moves on outlives those that only keep memory busy. One thread.
class SlowClients {
 public:
  static constexpr std::size_t free_share = 64 * 1024;

  explicit SlowClients(std::size_t most) : most_(most) {}

  // One connection's part. Nothing is held by a new one; destroying it releases what is.
  class Part : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Part(SlowClients& all, Connection& client) : all_(all), client_(client) {}
    ~Part() { release(); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    // It has just made progress, and so many bytes are held for it now. May abort other connections, never this one.
    void hold(std::size_t bytes);
    void release();

   private:
    friend class SlowClients;
    SlowClients& all_;
    Connection& client_;
    std::size_t beyond_ = 0;  // its free share
  };

 private:
  void cut_until_it_fits(const Part& spared);

  const std::size_t most_;
  std::size_t sum_ = 0;
  boost::intrusive::list<Part, boost::intrusive::constant_time_size<false>> parts_;  // longest without progress first
  Seldom to_say_{std::chrono::seconds(10)};
};

}  // namespace kvs
