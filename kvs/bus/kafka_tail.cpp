#include "kvs/bus/kafka_tail.hpp"

#include <algorithm>
#include <utility>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/log.hpp"

namespace kvs {

namespace {

struct Place {
  std::int64_t next;
  std::optional<std::int64_t> last;
};

// Blocks. The log's ends come first: a consumer that is told to begin where there is nothing would stand still.
void begin(KafkaRun& run, const KafkaOptions& options, const KafkaTimings& timings, Place place,
           const std::shared_ptr<EventFd>& wake) {
  run.consumer = std::make_shared<KafkaConsumer>(options, wake);
  run.log = run.consumer->watermarks(timings.assign_timeout);
  run.landing = land(place.next, place.last, run.log);
  if (run.landing.kind == KafkaLanding::Kind::here) run.consumer->begin(run.landing.from);
  run.outcome = KafkaRun::Outcome::begun;
}

KafkaRun make_run(const KafkaOptions& options, const KafkaTimings& timings, Place place,
                  const std::shared_ptr<EventFd>& wake) {
  using Outcome = KafkaRun::Outcome;
  KafkaRun run;
  try {
    begin(run, options, timings, place, wake);
  } catch (const KafkaError& error) {
    run.outcome = error.kind() == KafkaError::Kind::no_topic ? Outcome::no_topic : Outcome::away;
    run.why = error.what();
  } catch (const std::exception& error) {
    run.outcome = Outcome::broken;
    run.why = error.what();
  }
  // A cluster without the topic may be another one.
  if (run.outcome == Outcome::begun || run.outcome == Outcome::no_topic) {
    run.cluster_id = run.consumer->cluster_id(timings.ask_timeout);
  }
  if (run.outcome != Outcome::begun) run.consumer.reset();
  return run;
}

}  // namespace

std::string topic_is_gone(const std::string& topic) {
  return "the topic " + topic +
         " is not there any more: somebody has deleted it; find out who and why, and bring the data back into a new "
         "topic from an instance that still has it";
}

void refuse_other_cluster(const std::string& known, const std::string& seen) {
  if (known.empty() || seen.empty() || known == seen) return;
  throw BusBroken("this is the Kafka cluster " + seen + ", and the data directory belongs to the cluster " + known +
                  ": point --kafka-brokers to that one, or give this instance an empty data directory");
}

KafkaTail::KafkaTail(const KafkaOptions& options, const KafkaTimings& timings, KafkaIntake& intake, KafkaWorker& worker,
                     std::shared_ptr<EventFd> wake)
    : options_(options),
      timings_(timings),
      intake_(intake),
      worker_(worker),
      wake_(std::move(wake)),
      backoff_(timings) {}

KafkaTail::~KafkaTail() { stop(); }

void KafkaTail::stop() {
  dispose(worker_, consumer_);
  state_ = State::idle;
  ++serial_;
}

void KafkaTail::restart(std::string why) {
  stop();
  answers_ = false;
  at_end_ = false;
  detail_ = std::move(why);
  begin_run();
}

void KafkaTail::begin_run() {
  state_ = State::assigning;
  fruitful_ = false;
  Place place{intake_.next_offset(), {}};
  if (intake_.last()) place.last = intake_.last()->offset;
  worker_.give([this, &options = options_, &timings = timings_, wake = wake_, serial = ++serial_,
                place]() -> KafkaWorker::Finish {
    auto run = std::make_shared<KafkaRun>(make_run(options, timings, place, wake));
    return [this, serial, run] {
      if (serial == serial_) {
        run_begun(std::move(*run));
      } else {
        dispose(worker_, run->consumer);
      }
    };
  });
}

void KafkaTail::run_begun(KafkaRun&& run) {
  if (run.outcome == KafkaRun::Outcome::broken) throw BusBroken(run.why);
  if (run.outcome == KafkaRun::Outcome::away) return retry(std::move(run.why));
  refuse_other_cluster(intake_.cluster_id(), run.cluster_id);
  if (run.outcome == KafkaRun::Outcome::no_topic) {
    return doubt(topic_is_gone(options_.topic));
  }
  consumer_ = std::move(run.consumer);
  log_ = run.log;
  if (run.landing.kind == KafkaLanding::Kind::trimmed) {
    throw BusTrimmed("the topic " + options_.topic + " begins at offset " + std::to_string(log_.begin) +
                     ", and this instance would go on at " + std::to_string(intake_.next_offset()) +
                     ": what is between has been deleted; start it with an empty data directory and --bootstrap-from "
                     "the URL of another instance");
  }
  if (run.landing.kind == KafkaLanding::Kind::cut) {
    return doubt(
        "the topic " + options_.topic + " ends at offset " + std::to_string(log_.end) +
        ", and this instance has read up to " + std::to_string(intake_.next_offset()) +
        ": it was deleted and made anew, or lost records that were acknowledged; find out which, and give this "
        "instance an empty data directory if the topic is right");
  }
  if (!run.cluster_id.empty()) intake_.set_cluster_id(run.cluster_id);
  if (!run.landing.compare) return now_reading();
  state_ = State::comparing;
  due_ = Clock::now() + timings_.assign_timeout;
}

void KafkaTail::now_reading() {
  state_ = State::reading;
  answers_ = true;
  detail_.clear();
  unanswered_since_.reset();
  doubt_since_.reset();
  ask_at_ = Clock::now() + timings_.ask_every;
  progress_ = -1;
}

void KafkaTail::retry(std::string why) {
  dispose(worker_, consumer_);
  state_ = State::waiting;
  due_ = Clock::now() + backoff_.next();
  say(why);
  detail_ = std::move(why);
}

// A broker that has just come up may not know everything yet: what it denies must stay denied.
void KafkaTail::doubt(std::string why) {
  auto now = Clock::now();
  if (!doubt_since_) doubt_since_ = now;
  if (now - *doubt_since_ >= timings_.doubt) throw BusBroken(why);
  retry(std::move(why));
}

const KafkaMessage* KafkaTail::next() {
  dry_ = false;
  if (state_ != State::comparing && state_ != State::reading) return nullptr;
  while (const KafkaMessage* message = consumer_->next()) {
    if (message->kind == KafkaMessage::Kind::error) {
      failed("reading the topic " + options_.topic + " failed: " + std::string(message->text));
      return nullptr;
    }
    bool end = message->kind == KafkaMessage::Kind::end;
    if (state_ == State::comparing && end) continue;  // a new leader may need a moment to know how much is safe
    came();
    if (state_ == State::comparing) {
      compare(*message);
    } else if (end) {
      intake_.skip_to(message->offset);
      at_end_ = true;
    } else if (message->offset >= intake_.next_offset()) {
      return message;
    }
  }
  dry_ = true;
  return nullptr;
}

// This run is of use.
void KafkaTail::came() {
  if (std::exchange(fruitful_, true)) return;
  backoff_.reset();
  said_.clear();
}

// Most often the next run finds out what it is. What it only meets again (reading is denied, say) is no reason to
// hurry.
void KafkaTail::failed(std::string why) {
  if (fruitful_) {
    say(why);
    restart(std::move(why));
  } else {
    retry(std::move(why));
  }
}

// Once, until something is read again.
void KafkaTail::say(const std::string& why) {
  if (why != said_) log::warn("the topic cannot be read; trying again", {{"topic", options_.topic}, {"why", why}});
  said_ = why;
}

void KafkaTail::compare(const KafkaMessage& message) {
  intake_.compare(message);
  now_reading();
}

KafkaTail::Clock::time_point KafkaTail::tick(Clock::time_point now) {
  if (state_ == State::waiting && now >= due_) begin_run();
  if (state_ == State::comparing && now >= due_) retry("the topic " + options_.topic + " gives no records");
  if (state_ == State::reading && stalled(now)) {
    log::warn("the log goes on, but nothing comes; reading anew", {{"topic", options_.topic}});
    restart("the topic " + options_.topic + " gives no records");
  }
  if (state_ == State::reading && !asking_ && now >= ask_due()) ask();
  if (state_ == State::waiting || state_ == State::comparing) return due_;
  return state_ == State::reading && !asking_ ? ask_due() : Clock::time_point::max();
}

// While there is more in the log and nothing of it here, soon: when enough records wait, the client library stops
// fetching, and looks again only after a second, unless it has something else to ask the partition's leader.
KafkaTail::Clock::time_point KafkaTail::ask_due() const {
  bool starved = dry_ && intake_.next_offset() < log_.end;
  return starved ? std::min(ask_at_, asked_at_ + timings_.retry_first) : ask_at_;
}

bool KafkaTail::stalled(Clock::time_point now) {
  if (progress_ != intake_.next_offset() || log_.end <= intake_.next_offset()) {
    progress_ = intake_.next_offset();
    progress_at_ = now;
  }
  return now - progress_at_ >= timings_.stalled;
}

void KafkaTail::ask() {
  asking_ = true;
  asked_at_ = Clock::now();
  auto position = intake_.next_offset();  // it moves on while the leader is asked
  worker_.give([this, timeout = timings_.ask_timeout, serial = serial_, consumer = consumer_, position,
                asked = asked_at_]() mutable -> KafkaWorker::Finish {
    KafkaWatermarks log;
    std::string why;
    bool no_topic = false;
    try {
      log = consumer->watermarks(timeout);
    } catch (const KafkaError& error) {
      no_topic = error.kind() == KafkaError::Kind::no_topic;
      why = error.what();
    }
    consumer.reset();  // perhaps the last one who had it
    return [this, serial, log, no_topic, why, position, asked] {
      asking_ = false;
      if (serial != serial_) return;
      ask_at_ = Clock::now() + timings_.ask_every;
      if (why.empty()) {
        answered(log, position);
      } else {
        not_answered(no_topic, why, asked);
      }
    };
  });
}

void KafkaTail::answered(const KafkaWatermarks& log, std::int64_t position) {
  log_ = log;
  unanswered_since_.reset();
  if (!answers_) return restart("the brokers are back; comparing the log");
  if (log.end < position || log.begin > intake_.next_offset()) {
    restart("the topic " + options_.topic + " does not hold the place this instance reads at");
  }
}

// A leader that has just moved is asked at its old place first: no reason to send writers away.
void KafkaTail::not_answered(bool no_topic, std::string why, Clock::time_point asked) {
  if (no_topic) return restart(std::move(why));
  auto now = Clock::now();
  if (!unanswered_since_) unanswered_since_ = asked;
  if (answers_ && now - *unanswered_since_ < timings_.ask_timeout) {
    ask_at_ = now + timings_.retry_first;
    return;
  }
  answers_ = false;
  detail_ = std::move(why);
}

std::optional<std::uint64_t> KafkaTail::lag() const {
  if (state_ == State::idle || log_.end == 0) return {};
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, log_.end - intake_.next_offset()));
}

}  // namespace kvs
