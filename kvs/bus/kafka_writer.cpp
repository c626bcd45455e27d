#include "kvs/bus/kafka_writer.hpp"

#include <algorithm>
#include <utility>

#include "kvs/log.hpp"

namespace kvs {

namespace {

constexpr std::uint64_t open_tag = 0;  // sequence numbers begin at 1

}  // namespace

KafkaWriter::KafkaWriter(const KafkaOptions& options, const KafkaTimings& timings, KafkaPendingLimits limits,
                         KafkaIdentity ours, KafkaWorker& worker, std::shared_ptr<EventFd> wake)
    : options_(options),
      timings_(timings),
      ours_(std::move(ours)),
      worker_(worker),
      wake_(std::move(wake)),
      backoff_(timings),
      pending_(limits) {}

KafkaWriter::~KafkaWriter() {
  std::vector<Ending> nobody_listens;
  shut(nobody_listens);
}

PublishResult KafkaWriter::publish(Command&& command, Ticket ticket) {
  const std::size_t bytes = command.footprint();
  std::lock_guard lock(mutex_);
  if (!taking_ || (refusing_ && command.kind != Command::Kind::barrier)) return PublishResult::away;
  if (pending_.full(bytes)) return PublishResult::full;
  Gathered one;
  one.command = std::move(command);
  one.sequence = sequence_ + 1;
  one.record = encode_command(one.command, {*log_id_, ours_.instance, epoch_, one.sequence}, one.header);
  if (!one.record || one.record->size() > largest_) return PublishResult::too_large;
  std::string request = one.command.request_id;
  gathered_.push_back(std::move(one));
  try {
    pending_.add(epoch_, sequence_ + 1, ticket, std::move(request), bytes);
  } catch (...) {
    gathered_.pop_back();
    throw;
  }
  ++sequence_;
  return PublishResult::accepted;
}

void KafkaWriter::flush() {
  std::lock_guard lock(mutex_);
  if (on_their_way_ == 0) produce_gathered();
}

// One after the other, so that they have the order of their numbers. What is left when the client library has no room
// goes with the next report.
void KafkaWriter::produce_gathered() {
  std::optional<KafkaThreads::Patience> together;
  if (producer_ && gathered_.size() > 1) together.emplace(producer_->threads());
  while (producer_ && !failed_ && !gathered_.empty()) {
    const Gathered& one = gathered_.front();
    auto result = producer_->produce(*one.record, one.sequence, why_);
    if (result == KafkaProducer::Result::full) return;
    if (result != KafkaProducer::Result::taken) {
      taking_ = false;
      failed_ = true;
      wake_->raise();
      return;
    }
    ++on_their_way_;
    gathered_.pop_front();
  }
}

void KafkaWriter::set_topic_bytes(std::size_t topic_bytes) {
  std::lock_guard lock(mutex_);
  topic_bytes_ = topic_bytes;
  largest_ = std::min(options_.max_command_bytes, largest_kafka_message(options_, topic_bytes));
}

void KafkaWriter::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  taking_ = false;
}

void KafkaWriter::set_log_id(LogId log_id) {
  std::lock_guard lock(mutex_);
  log_id_ = log_id;
}

void KafkaWriter::let_in(bool yes) {
  std::lock_guard lock(mutex_);
  taking_ = yes && state_ == State::open && !stopped_ && !failed_;
}

void KafkaWriter::refuse_writes(bool yes) {
  std::lock_guard lock(mutex_);
  refusing_ = yes;
}

bool KafkaWriter::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

bool KafkaWriter::idle() const {
  std::lock_guard lock(mutex_);
  return pending_.commands() == 0;
}

void KafkaWriter::begin() { make(); }

// The old producer ends first: nothing of it can then come after the new open record but what is on the wire already.
void KafkaWriter::make() {
  state_ = State::making;
  std::shared_ptr<KafkaProducer> old;
  {
    std::lock_guard lock(mutex_);
    old = std::move(producer_);
  }
  worker_.give([this, &options = options_, wake = wake_, serial = ++serial_, old = std::move(old),
                bytes = topic_bytes_]() mutable -> KafkaWorker::Finish {
    auto news = std::make_shared<ProducerNews>();
    if (old) old->give_up(*news);
    old.reset();
    std::shared_ptr<KafkaProducer> producer;
    std::string why;
    try {
      producer = std::make_shared<KafkaProducer>(options, bytes, wake);
    } catch (const std::exception& error) {
      why = error.what();
    }
    return [this, serial, news, producer, why]() mutable {
      if (serial == serial_) {
        made(std::move(producer), std::move(*news), std::move(why));
      } else {
        dispose(worker_, producer);
      }
    };
  });
}

void KafkaWriter::made(std::shared_ptr<KafkaProducer> producer, ProducerNews&& last_news, std::string why) {
  {
    std::lock_guard lock(mutex_);
    for (const DeliveryReport& report : last_news.reports) {
      pending_.reported(epoch_, report.tag, report.ok, late_endings_);
    }
    pending_.producer_gone(late_endings_);
    gathered_.clear();  // they fail with the next open record
    on_their_way_ = 0;
    producer_ = producer;
    failed_ = false;
  }
  if (!producer) return fail(std::move(why));
  write_open();
}

void KafkaWriter::write_open() {
  state_ = State::opening;
  open_taken_ = false;
  due_ = Clock::now() + timings_.unreported;
  std::string why;
  auto result = KafkaProducer::Result::failed;
  {
    std::lock_guard lock(mutex_);
    KafkaRecord record = encode_open({log_id_, ours_.instance, ours_.nonce, ++attempt_}, header_);
    result = producer_->produce(record, open_tag, why);
  }
  if (result != KafkaProducer::Result::taken) fail(std::move(why));
}

void KafkaWriter::fail(std::string why) {
  {
    std::lock_guard lock(mutex_);
    taking_ = false;
  }
  bool was_open = state_ == State::open;
  if (was_open && Clock::now() - opened_at_ >= 2 * timings_.retry_most) backoff_.reset();
  state_ = State::waiting;
  due_ = Clock::now() + backoff_.next();
  say("writing to the topic failed; opening anew", why, was_open);
  detail_ = std::move(why);
  produced_.clear();
  stuck_ = false;
}

// What goes on for ever is said once.
void KafkaWriter::say(const char* what, const std::string& why, bool again) {
  if (again || why != said_) log::warn(what, {{"topic", options_.topic}, {"why", why}});
  said_ = why;
}

bool KafkaWriter::take_reports(std::vector<Ending>& endings) {
  std::move(late_endings_.begin(), late_endings_.end(), std::back_inserter(endings));
  late_endings_.clear();
  std::shared_ptr<KafkaProducer> producer;
  std::string why;
  {
    std::lock_guard lock(mutex_);
    producer = producer_;
    if (failed_) why = why_;
  }
  if (!producer) return false;
  if (!why.empty() && state_ != State::waiting) fail(std::move(why));
  news_.reports.clear();
  news_.error.clear();
  news_.fatal = false;
  bool more = producer->take(news_);
  apply(news_, endings);
  return more;
}

void KafkaWriter::apply(const ProducerNews& news, std::vector<Ending>& endings) {
  bool failed = news.fatal;
  if (!news.reports.empty()) {
    std::lock_guard lock(mutex_);
    for (const DeliveryReport& report : news.reports) {
      failed = failed || !report.ok;
      if (report.tag == open_tag) {
        if (report.ok) open_taken();
        continue;
      }
      pending_.reported(epoch_, report.tag, report.ok, endings);
      --on_their_way_;
      reported_ = std::max(reported_, report.tag);
    }
    if (on_their_way_ == 0 && !failed) produce_gathered();
  }
  if (!news.error.empty() && state_ == State::opening && !open_taken_) detail_ = news.error;
  if (failed && state_ != State::waiting) fail(news.error);
}

void KafkaWriter::came_by(const std::vector<OwnRecord>& own, Batch& batch) {
  if (own.empty()) return;
  // This instance was forgotten, or something wrote in its name. What was ignored fails with the next open record.
  if (!take_own(own, batch) && state_ == State::open) fail("what this instance writes does not count any more");
}

// False: a record that is waited for came by, and everybody ignores it.
bool KafkaWriter::take_own(const std::vector<OwnRecord>& own, Batch& batch) {
  bool all_count = true;
  std::lock_guard lock(mutex_);
  for (const OwnRecord& record : own) {
    if (!record.counts) {
      all_count = all_count && !pending_.waits_for(record.epoch, record.sequence);
      continue;
    }
    if (record.sequence == 0) {
      pending_.opened(record.epoch, batch.endings);
      opened(record);
      continue;
    }
    KafkaPending::CameBy came = pending_.came_by(record.epoch, record.sequence, batch.endings);
    batch.commands[record.index].ticket = came.ticket;
    batch.commands[record.index].confirmed = came.confirmed;
  }
  return all_count;
}

// From here on it is this instance that is late: perhaps much stands in the log before that record.
void KafkaWriter::open_taken() {
  open_taken_ = true;
  if (state_ == State::opening) detail_ = "reading what stands in the log before this instance's first record";
}

// An open record that was thought lost may come by late: nobody writes in its epoch any more.
void KafkaWriter::opened(const OwnRecord& record) {
  if (state_ != State::opening || record.attempt != attempt_) return;
  state_ = State::open;
  opened_at_ = Clock::now();
  epoch_ = record.epoch;
  sequence_ = 0;
  reported_ = 0;
  produced_.clear();
  detail_.clear();
  said_.clear();
  log::info("writing to the topic", {{"instance", ours_.instance}, {"epoch", number(epoch_)}});
}

KafkaWriter::Clock::time_point KafkaWriter::tick(Clock::time_point now, bool right_log) {
  if (state_ == State::waiting && right_log) {
    if (now < due_) return due_;
    make();
  }
  if (state_ == State::open) note_progress(now);
  if (state_ == State::opening && !open_taken_ && right_log) {
    if (now < due_) return due_;
    not_taken();
  }
  return Clock::time_point::max();
}

// The client library tries again for minutes without a word, and does not tell why.
void KafkaWriter::not_taken() {
  constexpr const char* why =
      "the brokers do not take records: perhaps fewer replicas are in sync than min.insync.replicas asks for, or the "
      "partition has no leader; kvs topic check says";
  if (said_ != why) detail_ = why;
  say("nothing can be written to the topic", why, false);
}

// Coarse on purpose: one look a second costs nothing, and a record is missed a second later at most.
void KafkaWriter::note_progress(Clock::time_point now) {
  while (!produced_.empty() && produced_.front().sequence <= reported_) produced_.pop_front();
  stuck_ = !produced_.empty() && now - produced_.front().by >= timings_.unreported;
  if (now < progress_due_) return;
  progress_due_ = now + timings_.look;
  std::lock_guard lock(mutex_);
  if (sequence_ > reported_) produced_.push_back({sequence_, now});
}

void KafkaWriter::shut(std::vector<Ending>& endings) {
  std::shared_ptr<KafkaProducer> producer;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    taking_ = false;
    producer = std::move(producer_);
    pending_.stop(endings);
  }
  std::move(late_endings_.begin(), late_endings_.end(), std::back_inserter(endings));
  late_endings_.clear();
  state_ = State::shut;
  ++serial_;
  dispose(worker_, producer);
}

}  // namespace kvs
