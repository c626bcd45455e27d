// All numbers little-endian.
//
// answer := payload:u64 outcome:u8 flags:u8 revision:u64 current:u64 deleted:u64 expires:i64 [count:u32 result*]
//           flags: 1 created, 2 a transaction (then count and results), 4 it succeeded, 8 a touch of a key that was
//           not there
//           expires: ms since 1970, 0 = never          current: the key's revision where it was refused, 0 = no such
//           key
// result := done:u8 revision:u64                       of what a get found, 0 = nothing; in the order of the steps
#include "kvs/store/answers.hpp"

#include "kvs/little_endian.hpp"

namespace kvs {

namespace {

constexpr std::size_t fixed_size = 8 + 1 + 1 + 8 + 8 + 8 + 8;
constexpr std::size_t result_size = 9;
constexpr std::uint8_t created_flag = 1, transaction_flag = 2, succeeded_flag = 4, missing_flag = 8;

std::uint64_t revision_of(const RecordRef& record) { return record ? number(record->revision()) : 0; }

// A record of which only the revision is known any more.
RecordRef known_by_revision(std::string_view key, std::uint64_t revision) {
  if (revision == 0) return {};
  auto record = Record::make(key, std::string_view{});
  record->stamp(Revision{revision}, no_revision, 0, LogTime{});
  return record;
}

std::shared_ptr<const TransactionOutcome> replay_results(ByteReader& in, bool succeeded, const Transaction& asked) {
  auto outcome = std::make_shared<TransactionOutcome>();
  outcome->succeeded = succeeded;
  const auto& steps = succeeded ? asked.then : asked.otherwise;
  std::size_t count = in.get<std::uint32_t>();
  for (std::size_t i = 0; i < count && i < steps.size() && in.left() >= result_size; ++i) {
    bool done = in.get<std::uint8_t>() != 0;
    RecordRef found = known_by_revision(steps[i].record->key(), in.get<std::uint64_t>());
    outcome->results.push_back({steps[i].kind, steps[i].record, std::move(found), done});
  }
  return outcome;
}

}  // namespace

RecordRef make_answer(const Command& asked, const Verdict& verdict, Revision place, LogTime time) {
  const TransactionOutcome* transaction = verdict.transaction.get();
  std::size_t results = transaction ? 4 + transaction->results.size() * result_size : 0;
  auto record = Record::make(asked.request_key, fixed_size + results);
  ByteWriter out(record->value_buffer().data());
  std::uint8_t flags = verdict.created ? created_flag : 0;
  if (transaction) flags |= transaction_flag;
  if (transaction && transaction->succeeded) flags |= succeeded_flag;
  if (is_missing(asked.kind, verdict)) flags |= missing_flag;
  out.put(asked.payload);
  out.put(static_cast<std::uint8_t>(verdict.outcome));
  out.put(flags);
  out.put(number(verdict.revision));
  out.put(revision_of(verdict.current));
  out.put(verdict.deleted);
  out.put(std::int64_t{verdict.expires ? verdict.expires->time_since_epoch().count() : 0});
  if (transaction) {
    out.put(static_cast<std::uint32_t>(transaction->results.size()));
    for (const auto& result : transaction->results) {
      out.put(std::uint8_t{result.done});
      out.put(revision_of(result.found));
    }
  }
  record->stamp(place, no_revision, 0, time);
  return record;
}

Verdict replay_answer(const Record& answer, const Command& asked) {
  Verdict verdict;
  verdict.outcome = Verdict::Outcome::reused;
  ByteReader in(answer.value());
  if (in.left() < fixed_size || in.get<std::uint64_t>() != asked.payload) return verdict;
  verdict.replayed = true;
  verdict.outcome = static_cast<Verdict::Outcome>(in.get<std::uint8_t>());
  auto flags = in.get<std::uint8_t>();
  verdict.created = (flags & created_flag) != 0;
  verdict.revision = Revision{in.get<std::uint64_t>()};
  auto current = in.get<std::uint64_t>();
  verdict.current = known_by_revision(asked.record ? asked.record->key() : std::string_view{}, current);
  verdict.deleted = in.get<std::uint64_t>();
  LogTime expires{std::chrono::milliseconds(in.get<std::int64_t>())};
  if (expires != LogTime{}) verdict.expires = expires;
  if ((flags & transaction_flag) != 0 && asked.transaction && in.left() >= 4)
    verdict.transaction = replay_results(in, (flags & succeeded_flag) != 0, *asked.transaction);
  return verdict;
}

std::optional<RequestLog::Entry> remembered(const Record& answer) {
  ByteReader in(answer.value());
  if (in.left() < fixed_size) return std::nullopt;
  in.get<std::uint64_t>();  // the payload
  RequestLog::Entry entry;
  entry.outcome = static_cast<Verdict::Outcome>(in.get<std::uint8_t>());
  auto flags = in.get<std::uint8_t>();
  entry.revision = Revision{in.get<std::uint64_t>()};
  entry.created = (flags & created_flag) != 0;
  entry.missing = (flags & missing_flag) != 0;
  return entry;
}

}  // namespace kvs
