#include "kvs/bus/kafka_bus.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "kvs/log.hpp"
#include "kvs/random_id.hpp"

namespace kvs {

namespace {

constexpr std::size_t skipped_at_once = 8192;  // records read in vain before others get their turn

KafkaOptions checked(KafkaOptions options) {
  check_kafka_config(options);
  if (!is_instance_name(options.instance)) {
    throw KafkaConfigError("the instance name must be 1 to " + std::to_string(max_instance_name_size) +
                           " visible ASCII characters (--instance)");
  }
  return options;
}

std::size_t max_foreign_value(const KafkaOptions& options) {
  return options.max_command_bytes - std::min(options.max_command_bytes, KafkaOptions::command_overhead);
}

}  // namespace

KafkaTopicCare kafka_topic_care(const KafkaOptions& options) {
  // Made when it is first asked for, on the worker's thread.
  auto topic = std::make_shared<std::optional<KafkaTopic>>();
  auto made = [options, topic]() -> KafkaTopic& { return *topic ? **topic : topic->emplace(options); };
  auto prepare = [made, name = options.topic](KafkaTopic::Timeout timeout, const std::optional<std::string>& read_in) {
    if (read_in) {
      TopicDescription seen = made().find(timeout);
      refuse_other_cluster(*read_in, seen.cluster_id);
      if (!seen.exists) throw KafkaError(KafkaError::Kind::no_topic, topic_is_gone(name));
    }
    return made().prepare(timeout);
  };
  return {prepare, [made](KafkaTopic::Timeout timeout) { return made().describe(timeout); }};
}

KafkaBus::KafkaBus(KafkaOptions options, KafkaTimings timings, KafkaBusLimits limits)
    : KafkaBus(options, kafka_topic_care(options), timings, limits) {}

KafkaBus::KafkaBus(KafkaOptions options, KafkaTopicCare care, KafkaTimings timings, KafkaBusLimits limits)
    : options_(checked(std::move(options))),
      timings_(timings),
      limits_(limits),
      care_(std::move(care)),
      wake_(std::make_shared<EventFd>()),
      worker_(wake_),
      intake_({options_.instance, random_id()}, options_.foreign == ForeignRecords::accept,
              max_foreign_value(options_)),
      tail_(options_, timings_, intake_, worker_, wake_),
      writer_(options_, timings_, limits_.pending, intake_.ours(), worker_, wake_) {}

KafkaBus::~KafkaBus() = default;

awaitable<LogId> KafkaBus::start(BusStart from, Executor reader) {
  intake_.resume(from);
  if (intake_.log_id()) writer_.set_log_id(*intake_.log_id());
  int fd = ::dup(wake_->get());
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "dup");
  descriptor_.emplace(reader, fd);
  timer_.emplace(reader);
  try {
    std::optional<std::string> read_in;
    if (!from.bookmark.empty()) read_in = intake_.cluster_id();
    co_await prepare_topic(std::move(read_in));
    if (!intake_.log_id()) co_await find_log_id();
  } catch (const BusBroken&) {
    release(no_endings_);
    throw;
  }
  if (stopping_) {
    release(no_endings_);
    co_return LogId{};
  }
  tail_.restart("reading the log");
  co_return *intake_.log_id();
}

namespace {

struct TopicAnswer {
  bool done = false;
  TopicDescription topic;
  std::exception_ptr error;
};

struct Retry {
  std::string why;
  bool missing;  // the topic
};

// Why it is to be tried again; throws what is for good.
Retry reason_to_retry(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const KafkaError& failure) {
    if (failure.kind() == KafkaError::Kind::refused) throw BusBroken(failure.what());
    return {failure.what(), failure.kind() == KafkaError::Kind::no_topic};
  } catch (const BusBroken&) {
    throw;
  } catch (const std::exception& failure) {
    throw BusBroken(failure.what());
  }
}

}  // namespace

// A topic whose records this instance has read is never made anew: it would be another log under the old name.
awaitable<void> KafkaBus::prepare_topic(std::optional<std::string> read_in) {
  KafkaBackoff backoff(timings_);
  std::optional<Clock::time_point> missing_since;
  std::string said;
  while (!stopping_) {
    auto answer = std::make_shared<TopicAnswer>();
    worker_.give([prepare = care_.prepare, timeout = timings_.topic_timeout, read_in, answer] {
      try {
        answer->topic = prepare(timeout, read_in);
      } catch (...) {
        answer->error = std::current_exception();
      }
      return KafkaWorker::Finish([answer] { answer->done = true; });
    });
    due_ = Clock::time_point::max();
    while (!answer->done && !stopping_) {
      co_await wait();
      worker_.run_finished();
    }
    if (stopping_) co_return;
    if (!answer->error) {
      brokers_ = answer->topic.brokers.size();
      topic_seen(answer->topic);
      co_return;
    }
    Retry retry = reason_to_retry(answer->error);
    // A broker that has just come up may not know the topic yet.
    if (retry.missing && !missing_since) missing_since = Clock::now();
    if (!retry.missing) missing_since.reset();
    if (missing_since && Clock::now() - *missing_since >= timings_.doubt) throw BusBroken(retry.why);
    if (retry.why != said) log::warn("the topic cannot be looked at; trying again", {{"why", retry.why}});
    said = retry.why;
    say_away(std::move(retry.why));
    due_ = Clock::now() + backoff.next();
    while (Clock::now() < due_ && !stopping_) co_await wait();
  }
}

void KafkaBus::topic_seen(const TopicDescription& topic) {
  writer_.set_topic_bytes(topic.max_message_bytes());
  topic_due_ = Clock::now() + timings_.check_topic_every;
}

awaitable<void> KafkaBus::find_log_id() {
  tail_.restart("looking for the name of the log");
  for (;;) {
    worker_.run_finished();
    writer_.take_reports(no_endings_);
    scan();
    act();
    if (stopping_ || scan_.log_id()) break;
    say_away(detail());
    co_await wait();
  }
  if (stopping_) co_return;
  intake_.expect(*scan_.log_id());
  writer_.set_log_id(*scan_.log_id());
}

// Nothing is kept of what is read here, however much it is: it is all read again.
void KafkaBus::scan() {
  std::size_t seen = 0;
  while (const KafkaMessage* message = scan_.log_id() ? nullptr : tail_.next()) {
    DecodedRecord decoded = decode_record(message->record, 0);
    if (auto* open = std::get_if<OpenRecord>(&decoded)) scan_.open(*open, after(Revision(message->offset)), LogTime{});
    if (auto* newer = std::get_if<NewerFormat>(&decoded)) throw BusBroken(to_string(*newer, message->offset));
    if (++seen == skipped_at_once) {
      wake_->raise();
      return;
    }
  }
}

awaitable<Batch> KafkaBus::next() {
  for (;;) {
    Batch batch;
    bool more = step(batch);
    bool something = batch.last || !batch.commands.empty() || !batch.endings.empty();
    if (std::exchange(status_changed_, false) || something) {
      batch.bookmark = intake_.bookmark();
      co_return batch;
    }
    if (more) {
      co_await asio::post(descriptor_->get_executor(), use_awaitable);  // others of this thread first
    } else {
      co_await wait();
    }
  }
}

// What there is to do now; true: there may be more at once. What breaks the order is thrown when everything before it
// has been handed out.
bool KafkaBus::step(Batch& batch) {
  if (broken_) std::rethrow_exception(broken_);
  bool more = false;
  try {
    worker_.run_finished();
    more = writer_.take_reports(batch.endings);
    more = read(batch) || more;
    act();
  } catch (const BusBroken& error) {
    log::error("the order cannot be followed any further", {{"error", error.what()}});
    broken_ = std::current_exception();
    say_away(error.what());
    release(batch.endings);
    if (batch.commands.empty() && batch.endings.empty()) throw;
    more = false;
  }
  settle_up();
  if (stopping_) settle_stop(batch);
  return more;
}

// Also when it throws, what came before has its tickets.
bool KafkaBus::read(Batch& batch) {
  own_.clear();
  std::exception_ptr end;
  bool more = false;
  try {
    more = take_records(batch);
  } catch (const BusBroken&) {
    end = std::current_exception();
  }
  writer_.came_by(own_, batch);
  if (!batch.commands.empty()) last_batch_ = batch.commands.size();
  if (end) std::rethrow_exception(end);
  return more;
}

bool KafkaBus::take_records(Batch& batch) {
  std::size_t bytes = 0;
  for (std::size_t seen = 0; seen < skipped_at_once; ++seen) {
    if (batch.commands.size() >= limits_.batch_commands || bytes >= limits_.batch_bytes) return true;
    const KafkaMessage* message = tail_.next();
    if (message == nullptr) return false;
    std::size_t before = batch.commands.size();
    if (before == 0) batch.commands.reserve(last_batch_);  // they are large, and batches come in similar sizes
    intake_.take(*message, batch, own_);
    if (batch.commands.size() > before) bytes += batch.commands.back().command.footprint();
  }
  return true;
}

// What is due.
void KafkaBus::act() {
  if (stopping_) return;
  auto now = Clock::now();
  due_ = tail_.tick(now);
  bool log_known = intake_.log_id().has_value() || tail_.at_end();
  if (!writer_.begun() && tail_.reading() && log_known) writer_.begin();
  due_ = std::min(due_, writer_.tick(now, tail_.reachable()));
  bool was_stuck = std::exchange(was_stuck_, writer_.stuck());
  if (was_stuck && !was_stuck_) tail_.restart("the brokers take records again; comparing the log");
  // Perhaps somebody has changed the topic: largest record, replicas, settings.
  bool whole = tail_.reachable() && writer_.open();
  if (std::exchange(was_whole_, whole) && !whole) topic_due_ = now;
  if (now >= topic_due_ && !asking_topic_ && tail_.reachable()) ask_for_topic();
}

void KafkaBus::ask_for_topic() {
  asking_topic_ = true;
  worker_.give([this, describe = care_.describe, timeout = timings_.ask_timeout]() -> KafkaWorker::Finish {
    auto answer = std::make_shared<TopicAnswer>();
    try {
      answer->topic = describe(timeout);
    } catch (const std::exception&) {
      answer->error = std::current_exception();  // whether the brokers answer is the tail's business
    }
    return [this, answer] {
      asking_topic_ = false;
      if (!answer->error && answer->topic.exists) check(answer->topic);
      bool waited_for = !danger_.empty();  // by whoever repairs it, and wants to write again
      auto next = waited_for ? std::min(timings_.retry_most, timings_.check_topic_every) : timings_.check_topic_every;
      topic_due_ = Clock::now() + next;
    };
  });
}

// It was fit at the start. If somebody has changed it since, nothing more is entrusted to it until it is repaired; what
// is here can be read meanwhile, and stopping every instance would not help. How many brokers there are is taken from
// the start: one that goes away makes nothing safe, and one that is added nothing unsafe.
void KafkaBus::check(const TopicDescription& topic) {
  if (topic.settings.empty()) return;  // not to be read now: that is no sign of anything
  topic_seen(topic);
  std::string danger = topic_danger(topic, options_, brokers_);
  writer_.refuse_writes(!danger.empty());
  std::lock_guard lock(mutex_);
  if (danger == danger_) return;
  if (danger.empty()) {
    log::info("the topic is safe again: writes are taken", {{"topic", options_.topic}});
  } else {
    log::error("writes are refused", {{"why", danger}});
  }
  danger_ = std::move(danger);
  status_changed_ = true;
}

void KafkaBus::settle_up() {
  if (stopping_) return;
  bool up = !broken_ && tail_.reachable() && writer_.open() && !writer_.stuck();
  writer_.let_in(up);
  std::string why = up ? std::string() : detail();
  auto lag = tail_.lag();
  std::lock_guard lock(mutex_);
  lag_ = lag;
  if (!broken_) detail_ = std::move(why);
  if (up == up_) return;
  up_ = up;
  since_ = Clock::now();
  status_changed_ = true;
  if (up) {
    log::info("the bus is up", {{"topic", options_.topic}});
  } else {
    log::warn("the bus is away", {{"topic", options_.topic}, {"why", detail_}});
  }
}

std::string KafkaBus::detail() const {
  if (!tail_.reachable()) return tail_.detail();
  if (writer_.stuck()) return "the brokers do not confirm what is written";
  return writer_.detail();
}

void KafkaBus::say_away(std::string why) {
  std::lock_guard lock(mutex_);
  detail_ = std::move(why);
}

void KafkaBus::settle_stop(Batch& batch) {
  if (broken_) return;
  auto now = Clock::now();
  if (!stop_by_) stop_by_ = now + timings_.stop_grace;
  due_ = *stop_by_;
  if (!writer_.idle() && now < *stop_by_) return;
  release(batch.endings);
  batch.last = true;
}

// Ends what is waited for, and everything that is at work.
void KafkaBus::release(std::vector<Ending>& endings) {
  writer_.shut(endings);
  tail_.stop();
  timer_.reset();
  descriptor_.reset();
}

awaitable<void> KafkaBus::wait() {
  arm(std::min(due_, Clock::now() + timings_.look));
  boost::system::error_code ignored;  // it can only be that the bus ends
  co_await descriptor_->async_read_some(asio::buffer(&raised_, sizeof raised_),
                                        asio::redirect_error(use_awaitable, ignored));
}

// Only when it must ring earlier: most waits end long before.
void KafkaBus::arm(Clock::time_point due) {
  auto now = Clock::now();
  if (armed_ > now && armed_ <= due) return;
  armed_ = due;
  timer_->expires_at(due);
  timer_->async_wait([wake = wake_](const boost::system::error_code& error) {
    if (!error) wake->raise();
  });
}

PublishResult KafkaBus::publish(Command&& command, Ticket ticket) {
  return writer_.publish(std::move(command), ticket);
}

void KafkaBus::flush() { writer_.flush(); }

BusStatus KafkaBus::status() const {
  BusStatus status;
  status.kind = "kafka";
  status.members = intake_.members();
  status.ignored = intake_.ignored().counts();
  std::lock_guard lock(mutex_);
  status.up = up_;
  status.since = since_;
  status.lag = lag_;
  status.detail = detail_;
  status.writes_refused = danger_;
  return status;
}

bool KafkaBus::up() const {
  std::lock_guard lock(mutex_);
  return up_;
}

void KafkaBus::stop() {
  if (stopping_.exchange(true)) return;
  writer_.stop();
  wake_->raise();
}

}  // namespace kvs
